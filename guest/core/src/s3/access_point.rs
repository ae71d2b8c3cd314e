//! ARNs of access points.

use std::fmt;
use std::str::FromStr;

use super::address::Region;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;

/// A name under which a bucket can be reached, with permissions of its own ("Managing access
/// to shared datasets with access points", Amazon S3 User Guide).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AccessPoint {
    arn: String,
    region: Region,
    account: String,
    name: String,
}

impl AccessPoint {
    /// The ARN as it was written.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The region that it and its bucket are in.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The label that stands for it in host names.
    pub(super) fn label(&self) -> String {
        format!("{}-{}", self.name, self.account)
    }
}

impl FromStr for AccessPoint {
    type Err = Error;

    /// `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME`, or with `:` before the name.
    fn from_str(text: &str) -> Result<Self, Error> {
        let fields: Vec<_> = text.splitn(6, ':').collect();
        let &["arn", partition, service, region, account, resource] = fields.as_slice() else {
            return Err(invalid(text, "is not an ARN"));
        };
        known_service(text, service)?;
        let name = resource
            .strip_prefix("accesspoint")
            .and_then(|rest| rest.strip_prefix(['/', ':']));
        let Some(name) = name else {
            return Err(invalid(text, "is not the ARN of an access point")
                .with_cure("name a bucket by its name alone"));
        };
        if region.is_empty() {
            return Err(unsupported(text, "is a multi-region access point"));
        }
        let region: Region = region.parse()?;
        if region.partition() != partition {
            let why = format!("names partition {partition}, where region {region} is not");
            return Err(invalid(text, &why));
        }
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid(text, "has no account id of 12 digits"));
        }
        if !is_name(name) {
            return Err(invalid(text, "has no access point's name at its end"));
        }
        Ok(Self {
            arn: text.to_owned(),
            region,
            account: account.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for AccessPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

fn known_service(text: &str, service: &str) -> Result<(), Error> {
    match service {
        "s3" => Ok(()),
        "s3-outposts" => Err(unsupported(text, "is of S3 on Outposts")),
        "s3-object-lambda" => Err(unsupported(text, "is of S3 Object Lambda")),
        "s3express" => Err(unsupported(text, "is of a directory bucket")),
        _ => Err(invalid(text, "is not an ARN of S3")),
    }
}

/// "Naming rules for access points", Amazon S3 User Guide; with the account's id behind it,
/// a name is one label of a host name.
fn is_name(name: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=50).contains(&bytes.len())
        && bytes.iter().all(|&byte| alphanumeric(byte) || byte == b'-')
        && [bytes.first(), bytes.last()]
            .into_iter()
            .flatten()
            .all(|&byte| alphanumeric(byte))
}

fn invalid(text: &str, why: &str) -> Error {
    let message = format!("`{}` {why}", excerpt(text));
    Error::new(ErrorKind::InvalidInput, message)
}

fn unsupported(text: &str, why: &str) -> Error {
    let message = format!(
        "`{}` {why}, which this component does not know",
        excerpt(text)
    );
    Error::new(ErrorKind::Unsupported, message)
        .with_cure("use a bucket, or an access point of one region")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_ways_to_write_an_arn_are_read() {
        for text in [
            "arn:aws:s3:us-west-2:123456789012:accesspoint/my-point",
            "arn:aws:s3:us-west-2:123456789012:accesspoint:my-point",
        ] {
            let point: AccessPoint = text.parse().unwrap();
            assert_eq!(point.label(), "my-point-123456789012");
            assert_eq!(point.region().as_str(), "us-west-2");
            assert_eq!(point.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_access_point_of_a_region_is_refused() {
        for text in [
            "arn:aws:s3",
            "arn:aws:s3:::bucket",
            "arn:aws:sqs:us-west-2:123456789012:queue",
            "arn:aws:s3:us-west-2:123456789012:accesspoint",
            "arn:aws:s3:us-west-2:123456789012:accesspoint/",
            "arn:aws:s3:us-west-2:123456789012:accesspoint/a",
            "arn:aws:s3:us-west-2:123456789012:accesspoint/-ab",
            "arn:aws:s3:us-west-2:123456789012:accesspoint/My",
            "arn:aws:s3:us-west-2:123456789012:accesspoint/a.b",
            "arn:aws:s3:us-west-2:123456789012:accesspoint/abc/object/k",
            "arn:aws:s3:us-west-2:12345678901:accesspoint/abc",
            "arn:aws:s3:us-west-2::accesspoint/abc",
            "arn:aws:s3:us west:123456789012:accesspoint/abc",
            "arn:aws-cn:s3:us-west-2:123456789012:accesspoint/abc",
            "arn:aws:s3:us-gov-west-1:123456789012:accesspoint/abc",
        ] {
            let error = text.parse::<AccessPoint>().unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{text}");
        }
    }

    #[test]
    fn kinds_that_need_another_protocol_are_unsupported() {
        for text in [
            "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
            "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/abc",
            "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/abc",
            "arn:aws:s3express:us-west-2:123456789012:accesspoint/abc--usw2-az1--xa-s3",
        ] {
            let error = text.parse::<AccessPoint>().unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unsupported, "{text}");
            assert!(error.cure.is_some());
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "arn:aws:s3:(us-west-2)?:[0-9]{0,12}:(accesspoint)?[:/]?\\PC{0,8}") {
            if let Ok(point) = text.parse::<AccessPoint>() {
                prop_assert!(point.label().len() <= 63);
            }
        }
    }
}
