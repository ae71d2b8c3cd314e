//! Where a job's object is, by the host's own reckoning.

use http::Uri;
use percent_encoding::percent_decode_str;
use sealift_config::{Origin, S3Hosts, S3Name};

/// The places that are a job's object: what the component addresses must be one of these.
#[derive(Clone, Debug)]
pub struct Target(Place);

#[derive(Clone, Debug)]
enum Place {
    /// At these origins, under these decoded paths.
    Store(Vec<(Origin, String)>),
    /// At any of AWS's hosts that answer for the bucket.
    Aws {
        hosts: S3Hosts,
        bucket: String,
        key: String,
    },
}

impl Target {
    /// An object in a store of its own, at each of these origins under a decoded path.
    pub fn in_store(places: Vec<(Origin, String)>) -> Self {
        Self(Place::Store(places))
    }

    /// An object in AWS's S3; the bucket by its name or by an access point's ARN.
    pub fn in_aws(hosts: S3Hosts, bucket: &str, key: &str) -> Self {
        Self(Place::Aws {
            hosts,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Whether a URI is the object's, whatever its query.
    pub(super) fn is(&self, uri: &Uri) -> bool {
        let path: Vec<u8> = percent_decode_str(uri.path()).collect();
        Origin::try_from(uri).is_ok_and(|origin| self.0.holds(&origin, &path))
    }
}

impl Place {
    fn holds(&self, origin: &Origin, path: &[u8]) -> bool {
        match self {
            Self::Store(places) => places
                .iter()
                .any(|(place, key)| place == origin && key.as_bytes() == path),
            Self::Aws { hosts, bucket, key } => match hosts.recognise(origin) {
                Some(S3Name::Service) => path == format!("/{bucket}/{key}").as_bytes(),
                Some(S3Name::Bucket(name)) => name == *bucket && is_key(path, key),
                Some(point @ S3Name::AccessPoint(..)) => {
                    S3Name::of_access_point(bucket) == Some(point) && is_key(path, key)
                }
                None => false,
            },
        }
    }
}

fn is_key(path: &[u8], key: &str) -> bool {
    path.strip_prefix(b"/") == Some(key.as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use sealift_config::S3HostKind;

    use super::*;

    const POINT: &str = "arn:aws:s3:us-west-2:123456789012:accesspoint/my-point";

    fn hosts(any_region: bool) -> S3Hosts {
        S3Hosts {
            region: "eu-west-1".parse().unwrap(),
            any_region,
            dual_stack: false,
            kind: S3HostKind::Regional,
        }
    }

    fn is(target: &Target, uri: &str) -> bool {
        target.is(&uri.parse().unwrap())
    }

    #[test]
    fn both_forms_of_a_buckets_host_hold_its_object_and_no_other() {
        let target = Target::in_aws(hosts(false), "abc", "a key");
        for uri in [
            "https://abc.s3.eu-west-1.amazonaws.com/a%20key",
            "https://s3.eu-west-1.amazonaws.com/abc/a%20key",
            "https://s3.eu-west-1.amazonaws.com/abc/a%20key?partNumber=1&uploadId=x",
        ] {
            assert!(is(&target, uri), "{uri}");
        }
        for uri in [
            "https://abc.s3.eu-west-1.amazonaws.com/abc/a%20key",
            "https://abd.s3.eu-west-1.amazonaws.com/a%20key",
            "https://s3.eu-west-1.amazonaws.com/a%20key",
            "https://abc.s3.eu-west-1.amazonaws.com/another",
            "https://abc.s3.us-east-2.amazonaws.com/a%20key",
            "https://abc.s3.eu-west-1.amazonaws.com.example/a%20key",
        ] {
            assert!(!is(&target, uri), "{uri}");
        }
    }

    #[test]
    fn another_region_holds_it_if_regions_are_followed() {
        let target = Target::in_aws(hosts(true), "abc", "k");
        assert!(is(&target, "https://abc.s3.us-east-2.amazonaws.com/k"));
        assert!(!is(&target, "https://abd.s3.us-east-2.amazonaws.com/k"));
    }

    #[test]
    fn an_access_point_holds_it_in_its_own_region() {
        let target = Target::in_aws(hosts(true), POINT, "k");
        let host = "my-point-123456789012.s3-accesspoint";
        assert!(is(
            &target,
            &format!("https://{host}.us-west-2.amazonaws.com/k")
        ));
        for uri in [
            format!("https://{host}.eu-west-1.amazonaws.com/k"),
            "https://my-point-999999999999.s3-accesspoint.us-west-2.amazonaws.com/k".to_owned(),
            "https://my-point-123456789012.s3.us-west-2.amazonaws.com/k".to_owned(),
        ] {
            assert!(!is(&target, &uri), "{uri}");
        }
    }
}
