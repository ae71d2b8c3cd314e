//! Where the files of a watched folder go.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::{Bucket, BucketError, KeyTemplate, KeyTemplateError};

/// `s3://BUCKET/TEMPLATE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchDestination {
    /// The bucket, or an access point to it.
    pub bucket: Bucket,
    /// What makes the key of each file.
    pub key: KeyTemplate,
}

impl FromStr for WatchDestination {
    type Err = WatchDestinationError;

    fn from_str(text: &str) -> Result<Self, WatchDestinationError> {
        let rest = text
            .strip_prefix("s3://")
            .ok_or(WatchDestinationError::Scheme)?;
        let (bucket, key) = Bucket::split(rest)?;
        Ok(Self {
            bucket,
            key: key.parse()?,
        })
    }
}

impl Display for WatchDestination {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// Not a destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchDestinationError {
    /// Not an `s3://` URL.
    #[error("write s3://BUCKET/KEY, such as s3://bucket/{{date}}/{{path}}")]
    Scheme,
    /// The bucket's name.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The template of keys.
    #[error(transparent)]
    Key(#[from] KeyTemplateError),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::{WatchDestination, WatchDestinationError};

    #[test]
    fn a_destination_is_a_bucket_and_a_template() {
        let parse = |text: &str| text.parse::<WatchDestination>();
        let destination = parse("s3://bucket/a/{path}").unwrap();
        assert_eq!(destination.bucket.as_str(), "bucket");
        assert_eq!(destination.key.to_string(), "a/{path}");
        assert_eq!(parse("bucket/{path}"), Err(WatchDestinationError::Scheme));
        assert!(matches!(
            parse("s3:///{path}"),
            Err(WatchDestinationError::Bucket(_))
        ));
        assert!(matches!(
            parse("s3://bucket/../{path}"),
            Err(WatchDestinationError::Key(_))
        ));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(s3://(arn:|bucket/)?)?.{0,40}") {
            let _: Result<WatchDestination, _> = text.parse();
        }

        #[test]
        fn what_is_shown_parses_to_the_same_destination(
            text in "s3://[a-z]{3,9}/([a-z/]|\\{name\\}|\\{\\{){0,9}"
        ) {
            if let Ok(destination) = text.parse::<WatchDestination>() {
                prop_assert_eq!(destination.to_string().parse(), Ok(destination));
            }
        }
    }
}
