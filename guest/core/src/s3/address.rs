//! Where a store is and how its buckets are addressed.

use std::fmt;
use std::str::FromStr;

use http::Uri;

use super::bucket::Bucket;
use crate::authority::Authority;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;
use crate::settings::Settings;

/// The suffix of AWS's commercial partition.
const DNS_SUFFIX: &str = "amazonaws.com";

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
    scheme: Scheme,
    authority: Authority,
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

/// A store: AWS's S3 in a region, or one that is compatible with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Store {
    endpoint: Endpoint,
    addressing: Addressing,
    region: Region,
    /// Of AWS's partition; none for a store with an endpoint of its own.
    dns_suffix: Option<String>,
}

impl Store {
    /// AWS's S3 in `region`, under `amazonaws.com` or the suffix of another partition.
    pub fn aws(region: Region, dns_suffix: &str) -> Result<Self, Error> {
        let authority = format!("s3.{region}.{dns_suffix}").parse()?;
        Ok(Self {
            endpoint: Endpoint::new(Scheme::Https, authority),
            addressing: Addressing::Virtual,
            region,
            dns_suffix: Some(dns_suffix.to_owned()),
        })
    }

    /// A store at an endpoint of its own. Bucket names cannot go before an IP address.
    pub fn at(endpoint: Endpoint, addressing: Addressing, region: Region) -> Result<Self, Error> {
        if addressing == Addressing::Virtual && endpoint.authority.is_address() {
            let message =
                format!("virtual addressing needs a host name, and `{endpoint}` has none");
            return Err(Error::new(ErrorKind::InvalidInput, message)
                .with_cure("set `addressing` to `path`"));
        }
        Ok(Self {
            endpoint,
            addressing,
            region,
            dns_suffix: None,
        })
    }

    /// Takes `region` and, optionally, `endpoint` with `addressing` (`path` unless set), or
    /// `dns-suffix` of an AWS partition. Settings of others are left in the list.
    pub fn from_settings(settings: &mut Settings) -> Result<Self, Error> {
        let region = settings.require_as("region", str::parse)?;
        let endpoint = settings.take_as("endpoint", str::parse)?;
        let addressing = settings.take_as("addressing", str::parse)?;
        let dns_suffix = settings.take_as("dns-suffix", dns_suffix)?;
        match (endpoint, dns_suffix) {
            (Some(_), Some(_)) => Err(Error::new(
                ErrorKind::InvalidInput,
                "settings `endpoint` and `dns-suffix` exclude each other",
            )),
            (Some(endpoint), None) => {
                Self::at(endpoint, addressing.unwrap_or(Addressing::Path), region)
            }
            (None, dns_suffix) => {
                let store = Self::aws(region, dns_suffix.as_deref().unwrap_or(DNS_SUFFIX))?;
                let addressing = addressing.unwrap_or(store.addressing);
                Ok(Self {
                    addressing,
                    ..store
                })
            }
        }
    }

    /// The same store in another region: what a bucket elsewhere is reached by. A store with an
    /// endpoint of its own stays where it is, and its signatures name the other region.
    pub fn in_region(self, region: Region) -> Result<Self, Error> {
        let Some(suffix) = self.dns_suffix else {
            return Ok(Self { region, ..self });
        };
        let store = Self::aws(region, &suffix)?;
        Ok(Self {
            addressing: self.addressing,
            ..store
        })
    }

    /// The URI of a bucket, or of what is in it by its encoded path.
    pub(super) fn uri(
        &self,
        bucket: &Bucket,
        path: &str,
        query: Option<&str>,
    ) -> Result<Uri, Error> {
        let Endpoint { scheme, authority } = &self.endpoint;
        let uncovered = *scheme == Scheme::Https && bucket.is_dotted();
        let (authority, path) = if self.addressing == Addressing::Virtual && !uncovered {
            (format!("{bucket}.{authority}"), format!("/{path}"))
        } else {
            (authority.to_string(), format!("/{bucket}/{path}"))
        };
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Uri::builder()
            .scheme(scheme.as_str())
            .authority(authority)
            .path_and_query(path + &query)
            .build()
            .map_err(|error| {
                let message = format!("bucket `{bucket}` cannot be addressed: {error}");
                Error::new(ErrorKind::InvalidInput, message)
            })
    }

    /// Scheme, host and port.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How buckets are named in requests.
    pub fn addressing(&self) -> Addressing {
        self.addressing
    }

    /// The region that signatures name.
    pub fn region(&self) -> &Region {
        &self.region
    }
}

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

fn dns_suffix(text: &str) -> Result<String, Error> {
    let authority: Authority = text.parse()?;
    if authority.is_address() || text.contains(':') {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            format!("`{}` is not a DNS suffix", excerpt(text)),
        ));
    }
    Ok(authority.to_string())
}
