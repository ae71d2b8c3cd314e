//! AWS's own hosts of S3.

use crate::{Host, Origin, Region, Scheme};

keyword! {
    /// Kinds of hosts of S3; a host is of one of them only.
    S3HostKind {
        /// Those of a region.
        Regional = "regional",
        /// Those of a region that use cryptography as FIPS 140 has it.
        Fips = "fips",
        /// Those of the edge nearest by, whatever the region.
        Accelerate = "accelerate",
    }
}

/// The hosts of S3 that a configuration means ("Amazon Simple Storage Service endpoints and
/// quotas", AWS General Reference).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct S3Hosts {
    /// The region that requests begin with.
    pub region: Region,
    /// Whether the hosts of the partition's other regions count too.
    pub any_region: bool,
    /// Whether they are those that have IPv6 addresses too.
    pub dual_stack: bool,
    /// Of which kind they are.
    pub kind: S3HostKind,
}

/// What a host of S3 answers for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum S3Name {
    /// All buckets, which are named in the path.
    Service,
    /// The bucket of this name.
    Bucket(String),
    /// The access point with this label, `NAME-ACCOUNT`, in a region.
    AccessPoint(String, Region),
}

impl S3Hosts {
    /// What the origin answers for, if it is one of these hosts. Only names of the exact forms
    /// that S3 has are, over TLS and at its port.
    pub fn recognise(&self, origin: &Origin) -> Option<S3Name> {
        let (Scheme::Https, 443, Host::Name(name)) =
            (origin.scheme(), origin.port(), origin.host())
        else {
            return None;
        };
        let name = name
            .strip_suffix(self.region.dns_suffix())?
            .strip_suffix('.')?;
        let (service, points) = match self.kind {
            S3HostKind::Regional => ("s3", "s3-accesspoint"),
            S3HostKind::Fips => ("s3-fips", "s3-accesspoint-fips"),
            S3HostKind::Accelerate => {
                return Some(S3Name::Bucket(self.before(name, "s3-accelerate")?));
            }
        };
        let (name, region) = name.rsplit_once('.')?;
        let region: Region = region.parse().ok()?;
        if !self.counts(&region) {
            return None;
        }
        if name == self.stacked(service) {
            return Some(S3Name::Service);
        }
        if let Some(point) = self.before(name, points) {
            let one_label = !point.contains('.');
            return one_label.then_some(S3Name::AccessPoint(point, region));
        }
        self.before(name, service).map(S3Name::Bucket)
    }

    fn counts(&self, region: &Region) -> bool {
        *region == self.region
            || (self.any_region && region.is_awss() && region.same_partition(&self.region))
    }

    /// What stands before a service in a name.
    fn before(&self, name: &str, service: &str) -> Option<String> {
        let before = name.strip_suffix(&*self.stacked(service))?;
        let before = before.strip_suffix('.')?;
        (!before.is_empty()).then(|| before.to_owned())
    }

    fn stacked(&self, service: &str) -> String {
        let stack = if self.dual_stack { ".dualstack" } else { "" };
        format!("{service}{stack}")
    }
}

impl S3Name {
    /// The name of the access point of an ARN,
    /// `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME`; nothing if it is not one.
    pub fn of_access_point(arn: &str) -> Option<Self> {
        let fields: Vec<_> = arn.splitn(6, ':').collect();
        let &["arn", _, "s3", region, account, resource] = fields.as_slice() else {
            return None;
        };
        let name = resource.strip_prefix("accesspoint")?;
        let name = name.strip_prefix(['/', ':'])?;
        let region = region.parse().ok()?;
        Some(Self::AccessPoint(format!("{name}-{account}"), region))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn hosts(kind: S3HostKind, dual_stack: bool, any_region: bool) -> S3Hosts {
        S3Hosts {
            region: "eu-west-1".parse().unwrap(),
            any_region,
            dual_stack,
            kind,
        }
    }

    fn recognised(hosts: &S3Hosts, host: &str) -> Option<S3Name> {
        hosts.recognise(&format!("https://{host}").parse().unwrap())
    }

    fn bucket(name: &str) -> S3Name {
        S3Name::Bucket(name.to_owned())
    }

    fn point(region: &str) -> S3Name {
        let region = region.parse().unwrap();
        S3Name::AccessPoint("my-point-123456789012".into(), region)
    }

    /// Dual-stack or not, before the region.
    const FORMS: [(S3HostKind, &str, &str); 2] = [
        (S3HostKind::Regional, "s3", "s3-accesspoint"),
        (S3HostKind::Fips, "s3-fips", "s3-accesspoint-fips"),
    ];

    #[test]
    fn service_buckets_and_access_points_are_told_apart() {
        for (kind, service, points) in FORMS {
            for (dual_stack, stack) in [(false, ""), (true, ".dualstack")] {
                let hosts = hosts(kind, dual_stack, false);
                let tail = format!("{stack}.eu-west-1.amazonaws.com");
                let of = |host: &str| recognised(&hosts, &format!("{host}{tail}"));
                assert_eq!(of(service), Some(S3Name::Service));
                assert_eq!(of(&format!("abc.{service}")), Some(bucket("abc")));
                let name = format!("my-point-123456789012.{points}");
                assert_eq!(of(&name), Some(point("eu-west-1")));
            }
        }
    }

    #[test]
    fn accelerated_hosts_are_of_buckets_alone() {
        let regional = "abc.s3.eu-west-1.amazonaws.com";
        for (dual_stack, host) in [
            (false, "s3-accelerate.amazonaws.com"),
            (true, "s3-accelerate.dualstack.amazonaws.com"),
        ] {
            let hosts = hosts(S3HostKind::Accelerate, dual_stack, true);
            assert_eq!(
                recognised(&hosts, &format!("abc.{host}")),
                Some(bucket("abc"))
            );
            assert_eq!(recognised(&hosts, host), None);
            assert_eq!(recognised(&hosts, regional), None);
        }
    }

    #[test]
    fn other_regions_count_only_if_they_are_followed_and_of_the_partition() {
        let own = hosts(S3HostKind::Regional, false, false);
        let any = hosts(S3HostKind::Regional, false, true);
        let elsewhere = "abc.s3.us-east-2.amazonaws.com";
        assert_eq!(recognised(&own, elsewhere), None);
        assert_eq!(recognised(&any, elsewhere), Some(bucket("abc")));
        let name = "my-point-123456789012.s3-accesspoint.us-west-2.amazonaws.com";
        assert_eq!(recognised(&own, name), None);
        assert_eq!(recognised(&any, name), Some(point("us-west-2")));
        for host in [
            "abc.s3.us-gov-west-1.amazonaws.com",
            "abc.s3.cn-north-1.amazonaws.com.cn",
            "abc.s3.cn-north-1.amazonaws.com",
        ] {
            assert_eq!(recognised(&any, host), None, "{host}");
        }
    }

    #[test]
    fn no_other_host_of_aws_is_taken_for_one_of_s3() {
        let any = hosts(S3HostKind::Regional, false, true);
        for host in [
            "amazonaws.com",
            "eu-west-1.amazonaws.com",
            "s3.amazonaws.com",
            "abc.s3.amazonaws.com",
            "sqs.eu-west-1.amazonaws.com",
            "abc.s3-website.eu-west-1.amazonaws.com",
            "s3-website-eu-west-1.amazonaws.com",
            "s3.dualstack.eu-west-1.amazonaws.com.evil.example",
            "abc.s3.eu-west-1.amazonaws.com.evil.example",
            "abc.s3.eu-west-1.evilamazonaws.com",
            "s3.elasticbeanstalk.amazonaws.com",
            "s3.dualstack.amazonaws.com",
            "abc.s3-accelerate.amazonaws.com",
            "abc.s3-fips.eu-west-1.amazonaws.com",
            "xs3.eu-west-1.amazonaws.com",
            "a.b.s3-accesspoint.eu-west-1.amazonaws.com",
            "s3-accesspoint.eu-west-1.amazonaws.com",
            "abc.s3express-euw1-az1.eu-west-1.amazonaws.com",
        ] {
            assert_eq!(recognised(&any, host), None, "{host}");
        }
        for origin in [
            "http://abc.s3.eu-west-1.amazonaws.com",
            "https://abc.s3.eu-west-1.amazonaws.com:8443",
            "https://10.0.0.1",
        ] {
            assert_eq!(any.recognise(&origin.parse().unwrap()), None, "{origin}");
        }
    }

    #[test]
    fn an_arn_tells_the_name_of_its_access_point() {
        for separator in ["/", ":"] {
            let arn = format!("arn:aws:s3:us-west-2:123456789012:accesspoint{separator}my-point");
            assert_eq!(S3Name::of_access_point(&arn), Some(point("us-west-2")));
        }
        for text in [
            "abc",
            "arn:aws:s3:::abc",
            "arn:aws:s3::123456789012:accesspoint/x.mrap",
            "arn:aws:s3-outposts:us-west-2:123456789012:accesspoint/abc",
        ] {
            assert_eq!(S3Name::of_access_point(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_recognised_is_below_the_partitions_suffix(
            host in "([a-z0-9]{1,4}[.-]){0,4}(s3|s3-fips)?(\\.dualstack)?(\\.[a-z]{2}-[a-z]{2,5}-[0-9])?\\.(amazonaws\\.com|example)"
        ) {
            let Ok(origin) = format!("https://{host}").parse::<Origin>() else { return Ok(()) };
            let any = hosts(S3HostKind::Regional, false, true);
            if any.recognise(&origin).is_some() {
                prop_assert!(host.ends_with(".amazonaws.com"));
            }
        }
    }
}
