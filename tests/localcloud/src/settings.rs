//! What a local cloud is started with.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::action::Action;
use crate::faults::{Fault, ParseFaultError};
use crate::roles_anywhere::RolesAnywhere;

/// What a local cloud is started with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where certificates, keys and objects live. It is made if it is missing;
    /// what an earlier local cloud left in it is used again.
    pub dir: PathBuf,
    /// The address that the listeners bind, each on a free port.
    pub listen: IpAddr,
    /// Buckets that exist from the start, besides [`DEFAULT_BUCKET`](crate::DEFAULT_BUCKET).
    pub buckets: Vec<Bucket>,
    /// How long handed-out credentials are good for.
    pub credential_ttl: Duration,
    /// How far the cloud's clock is ahead of this machine's.
    pub clock_offset: ClockOffset,
    /// What the handed-out role may do; `None` for everything.
    pub allow: Option<Vec<Action>>,
    /// The length of a session token in bytes. AWS states no maximum.
    pub session_token_bytes: usize,
    /// How Roles Anywhere is set up.
    pub roles_anywhere: RolesAnywhere,
    /// What goes wrong on purpose, the first that is due for a request first.
    pub faults: Vec<Fault>,
}

impl Settings {
    /// The defaults of `sealift local-cloud`: loopback, one hour, no skew,
    /// everything allowed, and session tokens as long as AWS's usually are.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
            buckets: Vec::new(),
            credential_ttl: Duration::from_hours(1),
            clock_offset: ClockOffset::default(),
            allow: None,
            session_token_bytes: 800,
            roles_anywhere: RolesAnywhere::default(),
            faults: Vec::new(),
        }
    }

    /// Adds a fault, such as `UploadPart:status=503,p=0.1`.
    pub fn fault(&mut self, text: &str) -> Result<&mut Self, ParseFaultError> {
        self.faults.push(text.parse()?);
        Ok(self)
    }
}

/// A bucket name by the rules for general purpose buckets.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(String);

impl BucketName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BucketName {
    type Err = ParseSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if s3s::path::check_bucket_name(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseSettingError::BucketName(text.to_owned()))
        }
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bucket and where it lies, as `NAME` or `NAME@REGION`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: BucketName,
    /// Its region, if that is another than [`REGION`](crate::REGION).
    pub region: Option<Region>,
}

impl FromStr for Bucket {
    type Err = ParseSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, region) = match text.split_once('@') {
            Some((name, region)) => (name, Some(region)),
            None => (text, None),
        };
        Ok(Self {
            name: name.parse()?,
            region: region.map(str::parse).transpose()?,
        })
    }
}

/// A region's name, such as `eu-central-1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region(String);

impl Region {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = ParseSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseSettingError::Region(text.to_owned()))
        }
    }
}

/// How far the cloud's clock is ahead of this machine's, in seconds; negative
/// when it is behind. At most fifty years either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClockOffset(i64);

impl ClockOffset {
    const MAX_SECONDS: i64 = 50 * 365 * 24 * 60 * 60;

    /// The offset in whole seconds.
    pub fn as_seconds(self) -> i64 {
        self.0
    }

    /// So many seconds more, or the limit on that side.
    pub(crate) fn saturating_add(self, seconds: i64) -> Self {
        let sum = self.0.saturating_add(seconds);
        Self(sum.clamp(-Self::MAX_SECONDS, Self::MAX_SECONDS))
    }
}

impl TryFrom<i64> for ClockOffset {
    type Error = ParseSettingError;

    fn try_from(seconds: i64) -> Result<Self, Self::Error> {
        if seconds.unsigned_abs() <= Self::MAX_SECONDS.unsigned_abs() {
            Ok(Self(seconds))
        } else {
            Err(ParseSettingError::ClockOffset(seconds.to_string()))
        }
    }
}

impl FromStr for ClockOffset {
    type Err = ParseSettingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<i64>()
            .map_err(|_| ParseSettingError::ClockOffset(text.to_owned()))?
            .try_into()
    }
}

/// A setting that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseSettingError {
    /// Not a bucket name.
    #[error(
        "`{0}` is not a bucket name: use 3 to 63 lower-case letters, digits, dots and hyphens, \
         with a letter or digit at both ends"
    )]
    BucketName(String),
    /// Not a region.
    #[error(
        "`{0}` is not a region: use lower-case letters, digits and hyphens, such as eu-central-1"
    )]
    Region(String),
    /// Not an offset in seconds, or more than fifty years.
    #[error("`{0}` is not a clock offset: use whole seconds, at most fifty years either way")]
    ClockOffset(String),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn bucket_names_that_would_leave_the_directory_are_refused() {
        for text in ["..", "../up", "a", "UPPER", "a/b", ".meta", "-ab", ""] {
            assert_eq!(
                text.parse::<BucketName>(),
                Err(ParseSettingError::BucketName(text.to_owned()))
            );
        }
        assert!("demo".parse::<BucketName>().is_ok());
    }

    #[test]
    fn a_bucket_may_name_its_region() {
        let bucket: Bucket = "far@eu-central-1".parse().unwrap();
        assert_eq!(bucket.name.as_str(), "far");
        assert_eq!(bucket.region, Some(Region("eu-central-1".to_owned())));
        assert_eq!("demo".parse::<Bucket>().unwrap().region, None);
        for (text, region) in [("far@", ""), ("far@EU", "EU"), ("far@a@b", "a@b")] {
            let error = ParseSettingError::Region(region.to_owned());
            assert_eq!(text.parse::<Bucket>(), Err(error));
        }
    }

    #[test]
    fn clock_offsets_are_bounded() {
        assert_eq!(
            "-86400".parse::<ClockOffset>().map(ClockOffset::as_seconds),
            Ok(-86_400)
        );
        for text in ["", "1h", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(
                text.parse::<ClockOffset>(),
                Err(ParseSettingError::ClockOffset(text.to_owned()))
            );
        }
    }
}
