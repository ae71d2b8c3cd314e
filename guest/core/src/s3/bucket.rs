//! Bucket names.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;

/// The name of a general purpose bucket, or an access point alias used as one
/// ("General purpose bucket naming rules", Amazon S3 User Guide).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bucket(String);

impl Bucket {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name has dots, which a wildcard certificate does not cover.
    pub fn is_dotted(&self) -> bool {
        self.0.contains('.')
    }
}

impl FromStr for Bucket {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.starts_with("arn:") {
            let why = "is an ARN; use the bucket's name or the access point's alias";
            return Err(refused(ErrorKind::Unsupported, text, why));
        }
        if text.ends_with("--x-s3") {
            let why = "is a directory bucket, which needs sessions of its own";
            return Err(refused(ErrorKind::Unsupported, text, why));
        }
        match fault(text) {
            None => Ok(Self(text.to_owned())),
            Some(why) => Err(refused(ErrorKind::InvalidInput, text, why)),
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fault(text: &str) -> Option<&'static str> {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    if !(3..=63).contains(&bytes.len()) {
        return Some("is not of 3 to 63 characters");
    }
    if !bytes
        .iter()
        .all(|&byte| alphanumeric(byte) || byte == b'-' || byte == b'.')
    {
        return Some("has characters other than a-z, 0-9, `-` and `.`");
    }
    let ends = [bytes.first(), bytes.last()];
    if !ends.into_iter().flatten().all(|&byte| alphanumeric(byte)) {
        return Some("does not begin and end with a letter or digit");
    }
    if text.contains("..") {
        return Some("has two dots in a row");
    }
    if text.parse::<Ipv4Addr>().is_ok() {
        return Some("has the form of an IP address");
    }
    None
}

fn refused(kind: ErrorKind, text: &str, why: &str) -> Error {
    Error::new(kind, format!("bucket name `{}` {why}", excerpt(text)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn names_within_the_rules_are_accepted() {
        for text in ["abc", "my-bucket.logs", "0a0", &"a".repeat(63), "x-s3alias"] {
            assert_eq!(text.parse::<Bucket>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn each_broken_rule_is_told() {
        for (text, why) in [
            ("ab", "3 to 63"),
            (&*"a".repeat(64), "3 to 63"),
            ("Upper", "characters other"),
            ("a_b", "characters other"),
            ("a/b", "characters other"),
            ("bücket", "characters other"),
            ("-abc", "begin and end"),
            ("abc.", "begin and end"),
            ("a..b", "two dots"),
            ("192.168.5.4", "IP address"),
        ] {
            let error = text.parse::<Bucket>().unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{text}");
            assert!(error.message.contains(why), "{error}");
        }
    }

    #[test]
    fn what_needs_another_protocol_is_unsupported() {
        for text in ["arn:aws:s3:::abc", "logs--usw2-az1--x-s3"] {
            let error = text.parse::<Bucket>().unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unsupported);
        }
    }
}
