//! AWS regions and the partitions they are in.

use crate::{Authority, Host};

name! {
    /// A region's name, such as `ap-northeast-1`.
    ///
    /// S3-compatible stores have names of their own (`auto`, `garage`,
    /// `RegionOne`), so anything is taken that can stand in a signature's scope.
    Region, "a region", 63 of "a-z A-Z 0-9 - _",
    |c| c.is_ascii_alphanumeric() || "-_".contains(c)
}

impl Region {
    /// The suffix of AWS's host names in the region's partition, as in the
    /// partitions file of AWS's SDKs.
    pub fn dns_suffix(&self) -> &'static str {
        self.partition().1
    }

    /// Whether both are regions of one partition, so that credentials for one
    /// are good for the other.
    pub fn same_partition(&self, other: &Self) -> bool {
        self.partition().0 == other.partition().0
    }

    /// Whether the name has the form of AWS's: words and a number, joined by
    /// hyphens.
    pub(crate) fn is_awss(&self) -> bool {
        let mut labels = self.0.rsplit('-');
        let number = labels.next().unwrap_or_default();
        let words: Vec<_> = labels.collect();
        let all = |text: &str, test: fn(&u8) -> bool| {
            !text.is_empty() && text.bytes().all(|byte| test(&byte))
        };
        all(number, u8::is_ascii_digit)
            && words.len() >= 2
            && words
                .into_iter()
                .all(|word| all(word, u8::is_ascii_lowercase))
    }

    /// The prefix that tells the partition, and the suffix of its host names.
    fn partition(&self) -> (&'static str, &'static str) {
        PARTITIONS
            .into_iter()
            .find(|(prefix, _)| self.0.starts_with(prefix))
            .unwrap_or(("", "amazonaws.com"))
    }

    /// The region of a credentials endpoint, if it has one of AWS's names:
    /// `<prefix>.credentials.iot.<region>.<dns suffix>`.
    pub fn of_credentials_endpoint(endpoint: &Authority) -> Option<Self> {
        let Host::Name(name) = endpoint.host() else {
            return None;
        };
        let (_, rest) = name
            .split_once(".credentials.iot.")
            .or_else(|| name.split_once(".credentials.iot-fips."))?;
        let (region, suffix) = rest.split_once('.')?;
        let region: Self = region.parse().ok()?;
        (region.dns_suffix() == suffix).then_some(region)
    }
}

/// Region prefixes that are not in the partition `aws`, with their suffixes.
const PARTITIONS: [(&str, &str); 7] = [
    ("cn-", "amazonaws.com.cn"),
    ("us-gov-", "amazonaws.com"),
    ("eusc-", "amazonaws.eu"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::Region;

    fn of(endpoint: &str) -> Option<String> {
        let region = Region::of_credentials_endpoint(&endpoint.parse().unwrap())?;
        Some(region.to_string())
    }

    #[test]
    fn a_credentials_endpoint_tells_its_region_in_every_partition() {
        for (endpoint, region) in [
            (
                "c0ffee.credentials.iot.ap-northeast-1.amazonaws.com",
                "ap-northeast-1",
            ),
            (
                "C0FFEE.Credentials.IoT.EU-Central-1.AmazonAWS.com:443",
                "eu-central-1",
            ),
            (
                "c0ffee.credentials.iot.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
            ),
            (
                "c0ffee.credentials.iot.eusc-de-east-1.amazonaws.eu",
                "eusc-de-east-1",
            ),
            (
                "data.credentials.iot-fips.us-gov-west-1.amazonaws.com",
                "us-gov-west-1",
            ),
        ] {
            assert_eq!(of(endpoint).as_deref(), Some(region), "{endpoint}");
        }
    }

    #[test]
    fn other_names_tell_no_region() {
        for endpoint in [
            "localhost:8443",
            "127.0.0.1",
            "c0ffee.credentials.iot.cn-north-1.amazonaws.com",
            "c0ffee.credentials.iot.eu-west-1.example.com",
            "c0ffee.iot.eu-west-1.amazonaws.com",
            "credentials.iot.eu-west-1.amazonaws.com",
        ] {
            assert_eq!(of(endpoint), None, "{endpoint}");
        }
    }

    #[test]
    fn regions_of_other_partitions_are_told_even_under_one_suffix() {
        let region = |name: &str| name.parse::<Region>().unwrap();
        assert!(region("us-east-1").same_partition(&region("eu-west-1")));
        assert!(!region("us-east-1").same_partition(&region("us-gov-east-1")));
        assert!(!region("us-east-1").same_partition(&region("cn-north-1")));
    }

    #[test]
    fn names_of_another_form_are_no_regions_of_aws() {
        for name in [
            "us-east-1",
            "us-gov-west-1",
            "eusc-de-east-1",
            "ap-southeast-12",
        ] {
            assert!(name.parse::<Region>().unwrap().is_awss(), "{name}");
        }
        for name in [
            "auto",
            "dualstack",
            "us-east",
            "east-1",
            "US-EAST-1",
            "us--1",
            "a_b-c-1",
        ] {
            assert!(!name.parse::<Region>().unwrap().is_awss(), "{name}");
        }
    }

    #[test]
    fn the_suffix_follows_the_partition() {
        for (region, suffix) in [
            ("us-east-1", "amazonaws.com"),
            ("cn-northwest-1", "amazonaws.com.cn"),
            ("eusc-de-east-1", "amazonaws.eu"),
            ("us-iso-east-1", "c2s.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov"),
            ("us-gov-east-1", "amazonaws.com"),
        ] {
            assert_eq!(
                region.parse::<Region>().unwrap().dns_suffix(),
                suffix,
                "{region}"
            );
        }
    }
}
