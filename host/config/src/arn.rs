//! Amazon Resource Names.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::Region;

/// An Amazon Resource Name, `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` ("Identify AWS resources
/// with ARNs", AWS IAM User Guide).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Arn {
    text: String,
    partition: String,
    service: String,
    region: Option<Region>,
    resource: String,
}

/// The longest ARN that AWS's APIs take, in bytes.
const LONGEST: usize = 1011;

impl Arn {
    /// The ARN as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The partition, `aws` for instance.
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// Whether it is of this service, and its resource has this prefix and a name.
    pub fn is(&self, service: &str, prefix: &str) -> bool {
        let name = self.resource.strip_prefix(prefix);
        self.service == service && name.is_some_and(|name| !name.is_empty())
    }

    /// The service's name, `iam` for instance.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The region, if the resource is in one.
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// What follows the account.
    pub fn resource(&self) -> &str {
        &self.resource
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        if text.len() > LONGEST {
            return Err(ArnError::TooLong);
        }
        if let Some(found) = text.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(ArnError::Character { found });
        }
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().ok_or(ArnError::Form);
        let (prefix, partition, service) = (part()?, part()?, part()?);
        let (region, account, resource) = (part()?, part()?, part()?);
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let named = !service.is_empty() && !resource.is_empty();
        if prefix != "arn" || !partition.starts_with("aws") || !named || !digits {
            return Err(ArnError::Form);
        }
        let region = match region {
            "" => None,
            region => Some(region.parse().map_err(|_| ArnError::Form)?),
        };
        Ok(Self {
            text: text.to_owned(),
            partition: partition.to_owned(),
            service: service.to_owned(),
            region,
            resource: resource.to_owned(),
        })
    }
}

impl Display for Arn {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Not an ARN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// Not made of the six parts.
    #[error("this is no ARN; one has the form arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE")]
    Form,
    /// A character that no ARN has.
    #[error("an ARN cannot have the character {found:?}")]
    Character {
        /// The character.
        found: char,
    },
    /// Too many characters.
    #[error("an ARN has at most {LONGEST} characters")]
    TooLong,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::{Arn, ArnError};

    #[test]
    fn an_arn_is_taken_apart() {
        let arn: Arn = "arn:aws-cn:rolesanywhere:cn-north-1:123456789012:profile/a:b/c"
            .parse()
            .unwrap();
        assert_eq!(arn.service(), "rolesanywhere");
        assert_eq!(arn.region().unwrap().as_str(), "cn-north-1");
        assert_eq!(arn.resource(), "profile/a:b/c");
        assert!(arn.is("rolesanywhere", "profile/") && !arn.is("rolesanywhere", "profile/a:b/c"));
        assert_eq!(arn.partition(), "aws-cn");
        let global: Arn = "arn:aws:iam::123456789012:role/r".parse().unwrap();
        assert_eq!(global.region(), None);
    }

    #[test]
    fn what_is_no_arn_is_refused() {
        for text in [
            "",
            "role/r",
            "arn:aws:iam::123456789012",
            "arn:aws:iam::123456789012:",
            "arn:aws:iam::12345678901:role/r",
            "arn:aws:iam::12345678901x:role/r",
            "arn:gcp:iam::123456789012:role/r",
            "arn:aws:::123456789012:role/r",
            "urn:aws:iam::123456789012:role/r",
            "arn:aws:iam:eu.west:123456789012:role/r",
        ] {
            assert_eq!(text.parse::<Arn>().unwrap_err(), ArnError::Form, "{text}");
        }
        let split = "arn:aws:iam::123456789012:role/r\r\nx: y".parse::<Arn>();
        assert_eq!(split.unwrap_err(), ArnError::Character { found: '\r' });
        let long = format!("arn:aws:iam::123456789012:role/{}", "r".repeat(1000));
        assert_eq!(long.parse::<Arn>().unwrap_err(), ArnError::TooLong);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_parses_is_shown_as_it_was(text in "(arn:aws:[a-z]{0,4}:[a-z0-9-]{0,9}:[0-9]{11,13}:)?\\PC{0,20}") {
            if let Ok(arn) = text.parse::<Arn>() {
                prop_assert_eq!(arn.to_string(), text);
            }
        }
    }
}
