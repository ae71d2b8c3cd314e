//! `s3://BUCKET/KEY`.

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
    /// The bucket's name.
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
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(DestinationError::NoBucket(text.into()));
        }
        if !is_bucket(bucket) {
            return Err(DestinationError::Bucket(bucket.into()));
        }
        if key.len() > LONGEST_KEY {
            return Err(DestinationError::KeyTooLong { length: key.len() });
        }
        Ok(Self {
            bucket: bucket.into(),
            key: key.into(),
        })
    }
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
    fn a_key_has_at_most_1024_bytes() {
        assert!(parse(&format!("s3://bucket/{}", "k".repeat(1024))).is_ok());
        let long = format!("s3://bucket/{}ä", "k".repeat(1023));
        assert_eq!(
            parse(&long),
            Err(DestinationError::KeyTooLong { length: 1025 })
        );
    }
}
