//! Bucket names.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use super::access_point::AccessPoint;
use super::store::Store;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;

/// Ends of names that mean another protocol.
const RESERVED: [(&str, &str); 5] = [
    (
        "--x-s3",
        "is a directory bucket, which needs sessions of its own",
    ),
    (
        "--xa-s3",
        "is an access point of a directory bucket, which needs sessions of its own",
    ),
    (
        ".mrap",
        "is a multi-region access point, which needs signatures of its own",
    ),
    ("--op-s3", "is on an Outpost, which has hosts of its own"),
    (
        "--ol-s3",
        "is of S3 Object Lambda, which has hosts of its own",
    ),
];

/// A general purpose bucket, by its name or by an access point of it ("General purpose bucket
/// naming rules", Amazon S3 User Guide). An access point's alias is a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bucket(Form);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Form {
    Name(String),
    AccessPoint(AccessPoint),
}

impl Bucket {
    /// The name, or the access point's ARN.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Name(name) => name,
            Form::AccessPoint(point) => point.arn(),
        }
    }

    /// The access point, unless the bucket goes by its name.
    pub fn access_point(&self) -> Option<&AccessPoint> {
        match &self.0 {
            Form::Name(_) => None,
            Form::AccessPoint(point) => Some(point),
        }
    }

    /// Whether it is a name with dots, which a wildcard certificate does not cover.
    pub fn is_dotted(&self) -> bool {
        matches!(&self.0, Form::Name(name) if name.contains('.'))
    }

    /// The store that has it: for an access point, the one of its region.
    pub(super) fn home(&self, store: Store) -> Result<Store, Error> {
        match self.access_point() {
            Some(point) => store.in_region(point.region().clone()),
            None => Ok(store),
        }
    }

    /// The ARN that policies name it by.
    pub(super) fn arn(&self) -> String {
        match &self.0 {
            Form::Name(name) => format!("arn:aws:s3:::{name}"),
            Form::AccessPoint(point) => point.arn().to_owned(),
        }
    }

    /// The ARN that policies name what is in it by.
    pub(super) fn arn_of(&self, key: &str) -> String {
        match &self.0 {
            Form::Name(name) => format!("arn:aws:s3:::{name}/{key}"),
            Form::AccessPoint(point) => format!("{point}/object/{key}"),
        }
    }
}

impl FromStr for Bucket {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.starts_with("arn:") {
            return Ok(Self(Form::AccessPoint(text.parse()?)));
        }
        if let Some((_, why)) = RESERVED.iter().find(|(suffix, _)| text.ends_with(suffix)) {
            return Err(refused(ErrorKind::Unsupported, text, why));
        }
        match fault(text) {
            None => Ok(Self(Form::Name(text.to_owned()))),
            Some(why) => Err(refused(ErrorKind::InvalidInput, text, why)),
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
    Error::new(kind, format!("bucket `{}` {why}", excerpt(text)))
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
        for text in [
            "logs--usw2-az1--x-s3",
            "logs--usw2-az1--xa-s3",
            "mfzwi23gnjvgw.mrap",
            "abc--op-s3",
            "abc--ol-s3",
            "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
        ] {
            let error = text.parse::<Bucket>().unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unsupported);
        }
    }
}
