//! Hosts as AWS's own clients choose them, and combinations that they refuse.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::s3::Destination;

const POINT: &str = "arn:aws:s3:us-west-2:123456789012:accesspoint/my-point";
const POINT_IN_CHINA: &str = "arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/my-point";

/// Bucket, region, what is asked for, and the URL of the bucket with the region of the
/// signature; nothing where it is refused. From the endpoint rules of S3 that botocore 1.43
/// evaluates, with `use_arn_region`.
type Row = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("abc", "eu-west-1", "", "https://abc.s3.eu-west-1.amazonaws.com eu-west-1"),
    ("abc", "eu-west-1", "accelerate", "https://abc.s3-accelerate.amazonaws.com eu-west-1"),
    ("abc", "eu-west-1", "fips", "https://abc.s3-fips.eu-west-1.amazonaws.com eu-west-1"),
    ("abc", "eu-west-1", "fips accelerate", ""),
    ("abc", "eu-west-1", "dual-stack", "https://abc.s3.dualstack.eu-west-1.amazonaws.com eu-west-1"),
    ("abc", "eu-west-1", "dual-stack accelerate", "https://abc.s3-accelerate.dualstack.amazonaws.com eu-west-1"),
    ("abc", "eu-west-1", "dual-stack fips", "https://abc.s3-fips.dualstack.eu-west-1.amazonaws.com eu-west-1"),
    ("abc", "eu-west-1", "dual-stack fips accelerate", ""),
    ("abc", "eu-west-1", "path", "https://s3.eu-west-1.amazonaws.com/abc eu-west-1"),
    ("abc", "eu-west-1", "path accelerate", ""),
    ("abc", "eu-west-1", "path fips", "https://s3-fips.eu-west-1.amazonaws.com/abc eu-west-1"),
    ("abc", "eu-west-1", "path fips accelerate", ""),
    ("abc", "eu-west-1", "path dual-stack", "https://s3.dualstack.eu-west-1.amazonaws.com/abc eu-west-1"),
    ("abc", "eu-west-1", "path dual-stack accelerate", ""),
    ("abc", "eu-west-1", "path dual-stack fips", "https://s3-fips.dualstack.eu-west-1.amazonaws.com/abc eu-west-1"),
    ("abc", "eu-west-1", "path dual-stack fips accelerate", ""),
    ("abc", "cn-north-1", "", "https://abc.s3.cn-north-1.amazonaws.com.cn cn-north-1"),
    ("abc", "cn-north-1", "accelerate", ""),
    ("abc", "cn-north-1", "fips", ""),
    ("abc", "cn-north-1", "fips accelerate", ""),
    ("abc", "cn-north-1", "dual-stack", "https://abc.s3.dualstack.cn-north-1.amazonaws.com.cn cn-north-1"),
    ("abc", "cn-north-1", "dual-stack accelerate", ""),
    ("abc", "cn-north-1", "dual-stack fips", ""),
    ("abc", "cn-north-1", "dual-stack fips accelerate", ""),
    ("abc", "us-gov-west-1", "", "https://abc.s3.us-gov-west-1.amazonaws.com us-gov-west-1"),
    ("abc", "us-gov-west-1", "accelerate", "https://abc.s3-accelerate.amazonaws.com us-gov-west-1"),
    ("abc", "us-gov-west-1", "fips", "https://abc.s3-fips.us-gov-west-1.amazonaws.com us-gov-west-1"),
    ("abc", "us-gov-west-1", "fips accelerate", ""),
    ("abc", "us-gov-west-1", "dual-stack", "https://abc.s3.dualstack.us-gov-west-1.amazonaws.com us-gov-west-1"),
    ("abc", "us-gov-west-1", "dual-stack accelerate", "https://abc.s3-accelerate.dualstack.amazonaws.com us-gov-west-1"),
    ("abc", "us-gov-west-1", "dual-stack fips", "https://abc.s3-fips.dualstack.us-gov-west-1.amazonaws.com us-gov-west-1"),
    ("abc", "us-gov-west-1", "dual-stack fips accelerate", ""),
    ("a.bc", "eu-west-1", "", "https://s3.eu-west-1.amazonaws.com/a.bc eu-west-1"),
    ("a.bc", "eu-west-1", "accelerate", ""),
    ("a.bc", "eu-west-1", "fips", "https://s3-fips.eu-west-1.amazonaws.com/a.bc eu-west-1"),
    ("a.bc", "eu-west-1", "fips accelerate", ""),
    ("a.bc", "eu-west-1", "dual-stack", "https://s3.dualstack.eu-west-1.amazonaws.com/a.bc eu-west-1"),
    ("a.bc", "eu-west-1", "dual-stack accelerate", ""),
    ("a.bc", "eu-west-1", "dual-stack fips", "https://s3-fips.dualstack.eu-west-1.amazonaws.com/a.bc eu-west-1"),
    ("a.bc", "eu-west-1", "dual-stack fips accelerate", ""),
    ("a.bc", "eu-west-1", "path", "https://s3.eu-west-1.amazonaws.com/a.bc eu-west-1"),
    ("a.bc", "eu-west-1", "path accelerate", ""),
    ("a.bc", "eu-west-1", "path fips", "https://s3-fips.eu-west-1.amazonaws.com/a.bc eu-west-1"),
    ("a.bc", "eu-west-1", "path fips accelerate", ""),
    ("a.bc", "eu-west-1", "path dual-stack", "https://s3.dualstack.eu-west-1.amazonaws.com/a.bc eu-west-1"),
    ("a.bc", "eu-west-1", "path dual-stack accelerate", ""),
    ("a.bc", "eu-west-1", "path dual-stack fips", "https://s3-fips.dualstack.eu-west-1.amazonaws.com/a.bc eu-west-1"),
    ("a.bc", "eu-west-1", "path dual-stack fips accelerate", ""),
    (POINT, "eu-west-1", "", "https://my-point-123456789012.s3-accesspoint.us-west-2.amazonaws.com us-west-2"),
    (POINT, "eu-west-1", "accelerate", ""),
    (POINT, "eu-west-1", "fips", "https://my-point-123456789012.s3-accesspoint-fips.us-west-2.amazonaws.com us-west-2"),
    (POINT, "eu-west-1", "fips accelerate", ""),
    (POINT, "eu-west-1", "dual-stack", "https://my-point-123456789012.s3-accesspoint.dualstack.us-west-2.amazonaws.com us-west-2"),
    (POINT, "eu-west-1", "dual-stack accelerate", ""),
    (POINT, "eu-west-1", "dual-stack fips", "https://my-point-123456789012.s3-accesspoint-fips.dualstack.us-west-2.amazonaws.com us-west-2"),
    (POINT, "eu-west-1", "dual-stack fips accelerate", ""),
    (POINT, "eu-west-1", "path", ""),
    (POINT, "eu-west-1", "path accelerate", ""),
    (POINT, "eu-west-1", "path fips", ""),
    (POINT, "eu-west-1", "path fips accelerate", ""),
    (POINT, "eu-west-1", "path dual-stack", ""),
    (POINT, "eu-west-1", "path dual-stack accelerate", ""),
    (POINT, "eu-west-1", "path dual-stack fips", ""),
    (POINT, "eu-west-1", "path dual-stack fips accelerate", ""),
    (POINT, "cn-north-1", "", ""),
    (POINT, "cn-north-1", "accelerate", ""),
    (POINT, "cn-north-1", "fips", ""),
    (POINT, "cn-north-1", "fips accelerate", ""),
    (POINT, "cn-north-1", "dual-stack", ""),
    (POINT, "cn-north-1", "dual-stack accelerate", ""),
    (POINT, "cn-north-1", "dual-stack fips", ""),
    (POINT, "cn-north-1", "dual-stack fips accelerate", ""),
    (POINT_IN_CHINA, "cn-northwest-1", "", "https://my-point-123456789012.s3-accesspoint.cn-north-1.amazonaws.com.cn cn-north-1"),
    (POINT_IN_CHINA, "cn-northwest-1", "accelerate", ""),
    (POINT_IN_CHINA, "cn-northwest-1", "fips", ""),
    (POINT_IN_CHINA, "cn-northwest-1", "fips accelerate", ""),
    (POINT_IN_CHINA, "cn-northwest-1", "dual-stack", "https://my-point-123456789012.s3-accesspoint.dualstack.cn-north-1.amazonaws.com.cn cn-north-1"),
    (POINT_IN_CHINA, "cn-northwest-1", "dual-stack accelerate", ""),
    (POINT_IN_CHINA, "cn-northwest-1", "dual-stack fips", ""),
    (POINT_IN_CHINA, "cn-northwest-1", "dual-stack fips accelerate", ""),
];

fn destination(bucket: &str, region: &str, asked: &str) -> Result<Destination, Error> {
    let fixed = [("region", region), ("bucket", bucket), ("key", "a b")];
    let mut list: Vec<_> = fixed
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for name in asked.split_whitespace() {
        list.push(match name {
            "path" => ("addressing".to_owned(), "path".to_owned()),
            "own" => ("endpoint".to_owned(), "https://store.test".to_owned()),
            switch => (switch.to_owned(), "true".to_owned()),
        });
    }
    if region.starts_with("cn-") {
        list.push(("dns-suffix".to_owned(), "amazonaws.com.cn".to_owned()));
    }
    let mut settings = Settings::new(list)?;
    let destination = Destination::from_settings(&mut settings)?;
    settings.finish()?;
    destination.uri()?;
    Ok(destination)
}

#[test]
fn every_choice_of_hosts_leads_where_awss_clients_go() {
    for (bucket, region, asked, expected) in ROWS {
        match destination(bucket, region, asked) {
            Ok(destination) => {
                let uri = destination.uri().unwrap().to_string();
                let place = uri.strip_suffix("/a%20b").unwrap();
                let found = format!("{place} {}", destination.store.region());
                assert_eq!(found, *expected, "{bucket} {region} {asked}");
            }
            Err(error) => {
                assert_eq!(*expected, "", "{bucket} {region} {asked}: {error}");
                assert_eq!(error.kind, ErrorKind::InvalidInput);
            }
        }
    }
}

#[test]
fn a_store_with_an_endpoint_of_its_own_has_none_of_awss_hosts() {
    for (bucket, asked) in [
        ("abc", "own dual-stack"),
        ("abc", "own fips"),
        ("abc", "own accelerate"),
        (POINT, "own"),
    ] {
        let error = destination(bucket, "us-west-2", asked).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput, "{asked}");
        assert!(error.cure.unwrap().contains("`endpoint`"));
    }
}

#[test]
fn the_choice_of_hosts_outlives_a_change_of_region() {
    let moved = destination("abc", "eu-west-1", "dual-stack fips").unwrap();
    let moved = moved.in_region("us-east-2".parse().unwrap()).unwrap();
    assert_eq!(
        moved.uri().unwrap(),
        "https://abc.s3-fips.dualstack.us-east-2.amazonaws.com/a%20b"
    );
}

#[test]
fn another_region_of_another_partition_is_not_followed() {
    let store = Store::aws("eu-west-1".parse().unwrap(), DNS_SUFFIX).unwrap();
    for region in ["cn-north-1", "us-gov-west-1"] {
        let error = store
            .clone()
            .in_region(region.parse().unwrap())
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidInput, "{region}");
    }
}

#[test]
fn an_access_point_stays_in_its_region() {
    let point = destination(POINT, "eu-west-1", "").unwrap();
    let uri = point.uri().unwrap();
    let moved = point.in_region("us-east-2".parse().unwrap()).unwrap();
    assert_eq!(moved.uri().unwrap(), uri);
    assert_eq!(moved.store.region().as_str(), "us-west-2");
}
