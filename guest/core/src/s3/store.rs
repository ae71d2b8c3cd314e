//! A store, and the addresses of what is in it.

use http::Uri;

use super::access_point::AccessPoint;
use super::address::{Addressing, Endpoint, Region, Scheme};
use super::bucket::Bucket;
use super::hosts::{HostKind, Hosts};
use crate::authority::Authority;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;
use crate::settings::Settings;

/// The suffix of AWS's commercial partition.
const DNS_SUFFIX: &str = "amazonaws.com";

/// A store: AWS's S3 in a region, or one that is compatible with it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Store {
    endpoint: Endpoint,
    addressing: Addressing,
    region: Region,
    /// None for a store with an endpoint of its own.
    aws: Option<Aws>,
}

/// What the hosts of AWS's S3 are made of, beside the region.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Aws {
    hosts: Hosts,
    dns_suffix: String,
    /// Whether buckets in other regions can be reached there.
    follows: bool,
}

impl Store {
    /// AWS's S3 in `region`, under `amazonaws.com` or the suffix of another partition.
    pub fn aws(region: Region, dns_suffix: &str) -> Result<Self, Error> {
        Self::aws_at(region, dns_suffix, Hosts::default(), Addressing::Virtual)
    }

    /// As [`aws`](Self::aws), at chosen hosts.
    pub fn aws_at(
        region: Region,
        dns_suffix: &str,
        hosts: Hosts,
        addressing: Addressing,
    ) -> Result<Self, Error> {
        hosts.check(&region)?;
        if hosts.kind == HostKind::Accelerate && addressing == Addressing::Path {
            return Err(
                invalid("accelerated hosts are not addressed by path".to_owned())
                    .with_cure("set `addressing` to `virtual`, or leave out `accelerate`"),
            );
        }
        let authority = hosts.of_buckets(&region, dns_suffix).parse()?;
        Ok(Self {
            endpoint: Endpoint::new(Scheme::Https, authority),
            addressing,
            region,
            aws: Some(Aws {
                hosts,
                dns_suffix: dns_suffix.to_owned(),
                follows: true,
            }),
        })
    }

    /// A store at an endpoint of its own. Bucket names cannot go before an IP address.
    pub fn at(endpoint: Endpoint, addressing: Addressing, region: Region) -> Result<Self, Error> {
        if addressing == Addressing::Virtual && endpoint.authority().is_address() {
            let message =
                format!("virtual addressing needs a host name, and `{endpoint}` has none");
            return Err(invalid(message).with_cure("set `addressing` to `path`"));
        }
        Ok(Self {
            endpoint,
            addressing,
            region,
            aws: None,
        })
    }

    /// Takes `region` and either `endpoint` with `addressing` (`path` unless set), or, all
    /// optional, `dns-suffix` of an AWS partition, `addressing` (`virtual` unless set),
    /// `follow-region` (`true` unless set) and the settings of [`Hosts`]. Settings of others are
    /// left in the list.
    pub fn from_settings(settings: &mut Settings) -> Result<Self, Error> {
        let region = settings.require_as("region", str::parse)?;
        let endpoint = settings.take_as("endpoint", str::parse)?;
        let addressing = settings.take_as("addressing", str::parse)?;
        let dns_suffix = settings.take_as("dns-suffix", dns_suffix)?;
        let hosts = Hosts::from_settings(settings)?;
        let follows = settings.take_switch("follow-region")?;
        let Some(endpoint) = endpoint else {
            let dns_suffix = dns_suffix.as_deref().unwrap_or(DNS_SUFFIX);
            let addressing = addressing.unwrap_or(Addressing::Virtual);
            let mut store = Self::aws_at(region, dns_suffix, hosts, addressing)?;
            if let Some(aws) = &mut store.aws {
                aws.follows = follows.unwrap_or(true);
            }
            return Ok(store);
        };
        if dns_suffix.is_some() || hosts != Hosts::default() || follows.is_some() {
            let message = "`endpoint` excludes `dns-suffix`, `dual-stack`, `fips`, `accelerate` and \
                           `follow-region`";
            return Err(invalid(message.to_owned())
                .with_cure("leave out `endpoint`: those are choices among AWS's own hosts"));
        }
        Self::at(endpoint, addressing.unwrap_or(Addressing::Path), region)
    }

    /// The same store in another region: what a bucket elsewhere is reached by. That must be of
    /// the same partition, since credentials are of one, and other regions must be within reach. A
    /// store with an endpoint of its own stays where it is, and its signatures name the other
    /// region.
    pub fn in_region(self, region: Region) -> Result<Self, Error> {
        if region == self.region {
            return Ok(self);
        }
        let Some(aws) = self.aws else {
            return Ok(Self { region, ..self });
        };
        if !aws.follows {
            let ours = &self.region;
            let message = format!("region {region} is out of reach: only hosts of {ours} are not");
            return Err(invalid(message).with_cure(format!(
                "set the region of S3 (`s3.region` in the configuration) to \"{region}\", or \
                 let other regions be reached (`s3.follow_region`)"
            )));
        }
        if region.partition() != self.region.partition() {
            let ours = &self.region;
            let message = format!("region {region} is in another partition of AWS than {ours}");
            return Err(invalid(message));
        }
        Self::aws_at(region, &aws.dns_suffix, aws.hosts, self.addressing)
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

    /// The URI of a bucket, or of what is in it by its encoded path.
    ///
    /// A bucket with dots in its name is addressed by path under TLS even if virtual
    /// addressing is set: no wildcard certificate covers more than one label.
    pub(super) fn uri(
        &self,
        bucket: &Bucket,
        path: &str,
        query: Option<&str>,
    ) -> Result<Uri, Error> {
        let Endpoint { scheme, authority } = &self.endpoint;
        let uncovered = *scheme == Scheme::Https && bucket.is_dotted();
        let (authority, path) = if let Some(point) = bucket.access_point() {
            (self.access_point_host(point)?, format!("/{path}"))
        } else if self.addressing == Addressing::Virtual && !uncovered {
            (format!("{bucket}.{authority}"), format!("/{path}"))
        } else if self.is_accelerated() {
            let message = format!("bucket `{bucket}` has dots in its name and no accelerated host");
            return Err(invalid(message).with_cure("leave out `accelerate`"));
        } else {
            (authority.to_string(), format!("/{bucket}/{path}"))
        };
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        Uri::builder()
            .scheme(scheme.as_str())
            .authority(authority)
            .path_and_query(path + &query)
            .build()
            .map_err(|error| invalid(format!("bucket `{bucket}` cannot be addressed: {error}")))
    }

    fn access_point_host(&self, point: &AccessPoint) -> Result<String, Error> {
        let Some(aws) = &self.aws else {
            let message = format!("`{point}` is AWS's, and {} is another store", self.endpoint);
            return Err(invalid(message).with_cure("leave out `endpoint`, or name a bucket"));
        };
        if self.addressing == Addressing::Path {
            let message = format!("`{point}` cannot be addressed by path");
            return Err(invalid(message).with_cure("set `addressing` to `virtual`"));
        }
        let host = aws.hosts.of_access_points(&self.region, &aws.dns_suffix);
        let Some(host) = host else {
            let message = format!("`{point}` has no accelerated host");
            return Err(invalid(message).with_cure("leave out `accelerate`, or name the bucket"));
        };
        Ok(format!("{}.{host}", point.label()))
    }

    fn is_accelerated(&self) -> bool {
        let hosts = self.aws.as_ref().map(|aws| aws.hosts);
        hosts.is_some_and(|hosts| hosts.kind == HostKind::Accelerate)
    }
}

fn dns_suffix(text: &str) -> Result<String, Error> {
    let authority: Authority = text.parse()?;
    if authority.is_address() || text.contains(':') {
        return Err(invalid(format!("`{}` is not a DNS suffix", excerpt(text))));
    }
    Ok(authority.to_string())
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidInput, message)
}

#[cfg(test)]
mod tests;
