//! Where a store is, and where requests to it name their bucket.

use std::fmt;
use std::str::FromStr;

use crate::authority::Authority;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;

/// Region prefixes that are not of the partition `aws`, with theirs.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("eusc-", "aws-eusc"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("us-isof-", "aws-iso-f"),
    ("eu-isoe-", "aws-iso-e"),
];

/// How requests travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Over TLS.
    Https,
    /// In the clear: for stores on the same machine or network.
    Http,
}

/// Scheme, host and port of a store, without a port that the scheme implies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

/// Where a request names its bucket ("Virtual hosting of buckets", Amazon S3 User Guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Addressing {
    /// First in the path.
    Path,
    /// First in the host name.
    Virtual,
}

/// The name of a region, as signatures carry it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Region(String);

impl Endpoint {
    /// An endpoint as it is sent: a port that the scheme implies is left out.
    pub fn new(scheme: Scheme, authority: Authority) -> Self {
        let authority = authority.without_port(scheme.port());
        Self { scheme, authority }
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Host and port.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl Scheme {
    /// The name in a URI.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

impl Region {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the region is in, as ARNs name it (the partitions file of AWS's
    /// SDKs).
    pub(super) fn partition(&self) -> &'static str {
        let prefixed = |(prefix, _): &&(&str, &str)| self.0.starts_with(prefix);
        let found = PARTITIONS.iter().find(prefixed);
        found.map_or("aws", |(_, partition)| partition)
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    /// `https://HOST[:PORT]` or `http://…`, with nothing but a `/` after it.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (scheme, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (Scheme::Https, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (Scheme::Http, rest)
        } else {
            let message = format!(
                "`{}` does not begin with https:// or http://",
                excerpt(text)
            );
            return Err(Error::new(ErrorKind::InvalidInput, message));
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('/') {
            let message = format!(
                "`{}` has a path, which an endpoint cannot have",
                excerpt(text)
            );
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        Ok(Self::new(scheme, authority.parse()?))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority)
    }
}

impl FromStr for Addressing {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "path" => Ok(Self::Path),
            "virtual" => Ok(Self::Virtual),
            _ => Err(Error::new(
                ErrorKind::InvalidInput,
                format!("`{}` is not path or virtual", excerpt(text)),
            )),
        }
    }
}

impl FromStr for Region {
    type Err = Error;

    /// One label of a host name, since it becomes one.
    fn from_str(text: &str) -> Result<Self, Error> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=63).contains(&text.len()) && text.bytes().all(allowed);
        if fits && !text.starts_with('-') && !text.ends_with('-') {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::new(
            ErrorKind::InvalidInput,
            format!("`{}` is not the name of a region", excerpt(text)),
        ))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
