//! `s3://BUCKET/KEY`, where the bucket may be the ARN of an access point.

use std::fmt;
use std::str::FromStr;

/// Where objects go. The key is literal: nothing in it is decoded, and `?` and `#` are part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    bucket: String,
    key: String,
}

/// Why a text is no destination.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// Not an `s3://` URL.
    #[error("`{0}` is not a destination: write s3://BUCKET/KEY")]
    Scheme(String),
    /// Nothing between `s3://` and the next slash.
    #[error("`{0}` names no bucket: write s3://BUCKET/KEY")]
    NoBucket(String),
    /// Between `s3://` and the next slash is no bucket's name.
    #[error(
        "`{0}` is not a bucket's name: those have 3 to 63 lower-case letters, digits, `-` and `.`"
    )]
    Bucket(String),
    /// An ARN that names nothing that objects can be put into.
    #[error(
        "`{0}` is not the ARN of an access point: write s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/KEY"
    )]
    Arn(String),
    /// Keys are limited by S3.
    #[error("the key has {length} bytes; S3 takes at most {LONGEST_KEY}")]
    KeyTooLong {
        /// In bytes of UTF-8.
        length: usize,
    },
}

/// S3's limit on a key, in bytes of UTF-8.
pub(super) const LONGEST_KEY: usize = 1024;

impl Destination {
    /// The bucket's name, or the ARN of an access point to it.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key as it was written; empty for the whole bucket.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether objects go under the key rather than to it.
    pub fn is_prefix(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, DestinationError> {
        let rest = text
            .strip_prefix("s3://")
            .ok_or_else(|| DestinationError::Scheme(text.into()))?;
        let (bucket, key) = if rest.starts_with(ARN) {
            split_arn(rest).ok_or_else(|| DestinationError::Arn(rest.into()))?
        } else {
            split_bucket(rest)?
        };
        if key.len() > LONGEST_KEY {
            return Err(DestinationError::KeyTooLong { length: key.len() });
        }
        Ok(Self {
            bucket: bucket.into(),
            key: key.into(),
        })
    }
}

/// What every ARN begins with.
const ARN: &str = "arn:";

/// `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME` or `…:accesspoint:NAME`, and a key:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html>
fn split_arn(text: &str) -> Option<(&str, &str)> {
    let resource = text.splitn(6, ':').nth(5)?;
    let named = resource.strip_prefix("accesspoint")?;
    let name = named.strip_prefix(['/', ':'])?;
    let (name, key) = name.split_once('/').unwrap_or((name, ""));
    let arn = text
        .strip_suffix(key)
        .map(|arn| arn.strip_suffix('/').unwrap_or(arn))?;
    let usual =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:/".contains(&byte);
    (!name.is_empty() && arn.bytes().all(usual)).then_some((arn, key))
}

fn split_bucket(text: &str) -> Result<(&str, &str), DestinationError> {
    let (bucket, key) = text.split_once('/').unwrap_or((text, ""));
    if bucket.is_empty() {
        return Err(DestinationError::NoBucket(format!("s3://{text}")));
    }
    if !is_bucket(bucket) {
        return Err(DestinationError::Bucket(bucket.into()));
    }
    Ok((bucket, key))
}

/// The characters and the length only; S3 has more rules, and answers for them.
fn is_bucket(name: &str) -> bool {
    let usual =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    (3..=63).contains(&name.len()) && name.bytes().all(usual)
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Destination, DestinationError> {
        text.parse()
    }

    #[test]
    fn a_key_is_taken_literally() {
        for key in ["a b", "a%20b", "a?b#c", "a//b", "../a", "ä/+", "/leading"] {
            let destination = parse(&format!("s3://bucket/{key}")).unwrap();
            assert_eq!((destination.bucket(), destination.key()), ("bucket", key));
        }
    }

    #[test]
    fn a_key_that_ends_in_a_slash_or_is_missing_is_a_prefix() {
        for text in ["s3://bucket", "s3://bucket/", "s3://bucket/a/"] {
            assert!(parse(text).unwrap().is_prefix(), "{text}");
        }
        assert!(!parse("s3://bucket/a").unwrap().is_prefix());
    }

    #[test]
    fn what_is_no_destination_is_refused() {
        assert_eq!(
            parse("bucket/key"),
            Err(DestinationError::Scheme("bucket/key".into()))
        );
        assert_eq!(
            parse("https://bucket/key"),
            Err(DestinationError::Scheme("https://bucket/key".into()))
        );
        assert_eq!(
            parse("s3:///key"),
            Err(DestinationError::NoBucket("s3:///key".into()))
        );
    }

    #[test]
    fn what_cannot_be_a_bucket_is_refused() {
        for name in ["DEMO", "demo?x", "ab", "a_b_c", "bücket", &"b".repeat(64)] {
            let refused = DestinationError::Bucket(name.into());
            assert_eq!(parse(&format!("s3://{name}/k")), Err(refused));
        }
    }

    #[test]
    fn an_access_point_may_stand_for_the_bucket() {
        for point in ["accesspoint/gateway", "accesspoint:gateway"] {
            let arn = format!("arn:aws:s3:eu-west-1:123456789012:{point}");
            for key in ["", "k", "a/b:c/", "arn:x"] {
                let destination = parse(&format!("s3://{arn}/{key}")).unwrap();
                assert_eq!((destination.bucket(), destination.key()), (&*arn, key));
            }
            assert_eq!(parse(&format!("s3://{arn}")).unwrap().bucket(), arn);
        }
    }

    #[test]
    fn an_arn_of_something_else_is_refused() {
        for arn in [
            "arn:",
            "arn:aws:s3:::bucket/key",
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/",
            "arn:aws:s3:eu-west-1:123456789012:accesspoints/x/k",
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/A?b/k",
        ] {
            let refused = DestinationError::Arn(arn.into());
            assert_eq!(parse(&format!("s3://{arn}")), Err(refused));
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(s3://(arn:)?)?.{0,40}") {
            let _: Result<Destination, _> = text.parse();
        }
    }

    #[test]
    fn a_key_has_at_most_1024_bytes() {
        assert!(parse(&format!("s3://bucket/{}", "k".repeat(1024))).is_ok());
        let long = format!("s3://bucket/{}ä", "k".repeat(1023));
        assert_eq!(
            parse(&long),
            Err(DestinationError::KeyTooLong { length: 1025 })
        );
    }
}
