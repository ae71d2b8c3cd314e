//! A place for one object: store, bucket and key.

use std::fmt;

use http::Uri;

use super::address::Region;
use super::bucket::Bucket;
use super::key::Key;
use super::operation::Operation;
use super::store::Store;
use crate::error::Error;
use crate::excerpt::excerpt;
use crate::settings::Settings;

/// Where an object goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The store that has the bucket.
    pub store: Store,
    /// The bucket.
    pub bucket: Bucket,
    /// The object's literal name.
    pub key: Key,
}

impl Destination {
    /// Takes `bucket` and `key` beside the settings of [`Store::from_settings`]. An access point
    /// decides the region.
    pub fn from_settings(settings: &mut Settings) -> Result<Self, Error> {
        let store = Store::from_settings(settings)?;
        let bucket: Bucket = settings.require_as("bucket", str::parse)?;
        Ok(Self {
            store: bucket.home(store)?,
            bucket,
            key: settings.require_as("key", str::parse)?,
        })
    }

    /// The object's URI.
    pub fn uri(&self) -> Result<Uri, Error> {
        self.uri_of(Operation::PutObject)
    }

    /// The URI of a request about the object.
    pub fn uri_of(&self, operation: Operation<'_>) -> Result<Uri, Error> {
        let query = operation.query();
        self.store
            .uri(&self.bucket, &self.key.encode(), query.as_deref())
    }

    /// The same place in the store of another region. An access point stays in its own.
    pub fn in_region(self, region: Region) -> Result<Self, Error> {
        Ok(Self {
            store: self.bucket.home(self.store.in_region(region)?)?,
            ..self
        })
    }
}

impl fmt::Display for Destination {
    /// `s3://BUCKET/KEY`, shortened and cleaned for messages: a key may hold anything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, key, .. } = self;
        f.write_str(&excerpt(&format!("s3://{bucket}/{key}")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::error::ErrorKind;
    use crate::s3::{PartNumber, UploadId};

    fn read(list: &[(&str, &str)]) -> Result<Destination, Error> {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let mut settings = Settings::new(list.iter().map(owned).collect())?;
        let destination = Destination::from_settings(&mut settings)?;
        settings.finish()?;
        Ok(destination)
    }

    fn uri(bucket: &str, key: &str, more: &[(&str, &str)]) -> String {
        let mut list = vec![("region", "eu-west-1"), ("bucket", bucket), ("key", key)];
        list.extend_from_slice(more);
        read(&list).unwrap().uri().unwrap().to_string()
    }

    #[test]
    fn aws_hosts_follow_from_region_and_suffix() {
        assert_eq!(
            uri("abc", "k", &[]),
            "https://abc.s3.eu-west-1.amazonaws.com/k"
        );
        assert_eq!(
            uri("abc", "k", &[("dns-suffix", "amazonaws.com.cn")]),
            "https://abc.s3.eu-west-1.amazonaws.com.cn/k"
        );
        assert_eq!(
            uri("abc", "k", &[("addressing", "path")]),
            "https://s3.eu-west-1.amazonaws.com/abc/k"
        );
    }

    #[test]
    fn dotted_names_use_the_path_under_tls_only() {
        assert_eq!(
            uri("a.bc", "k", &[]),
            "https://s3.eu-west-1.amazonaws.com/a.bc/k"
        );
        let plain = [("endpoint", "http://store.test"), ("addressing", "virtual")];
        assert_eq!(uri("a.bc", "k", &plain), "http://a.bc.store.test/k");
        let tls = [
            ("endpoint", "https://store.test"),
            ("addressing", "virtual"),
        ];
        assert_eq!(uri("a.bc", "k", &tls), "https://store.test/a.bc/k");
    }

    #[test]
    fn an_endpoint_of_its_own_is_addressed_by_path_unless_set() {
        let at = |endpoint| uri("abc", "k", &[("endpoint", endpoint)]);
        assert_eq!(
            at("https://127.0.0.1:9000/"),
            "https://127.0.0.1:9000/abc/k"
        );
        assert_eq!(at("https://[::1]:443"), "https://[::1]/abc/k");
        assert_eq!(at("http://h:80"), "http://h/abc/k");
        assert_eq!(at("http://h:443"), "http://h:443/abc/k");
    }

    #[test]
    fn keys_reach_the_path_as_they_are() {
        assert_eq!(
            uri("abc", "/a/../b//", &[("addressing", "path")]),
            "https://s3.eu-west-1.amazonaws.com/abc//a/../b//"
        );
        assert_eq!(
            uri("abc", "//a b", &[]),
            "https://abc.s3.eu-west-1.amazonaws.com///a%20b"
        );
    }

    #[test]
    fn a_request_about_the_object_says_so_in_its_query() {
        let list = [("region", "eu-west-1"), ("bucket", "abc"), ("key", "a b")];
        let destination = read(&list).unwrap();
        let upload: UploadId = "a/b=".parse().unwrap();
        let (upload, number) = (&upload, PartNumber::new(7).unwrap());
        for (operation, method, query) in [
            (Operation::PutObject, "PUT", ""),
            (Operation::HeadObject, "HEAD", ""),
            (Operation::GetObject, "GET", ""),
            (Operation::CreateMultipartUpload, "POST", "?uploads"),
            (
                Operation::UploadPart { upload, number },
                "PUT",
                "?partNumber=7&uploadId=a%2Fb%3D",
            ),
            (
                Operation::CompleteMultipartUpload { upload },
                "POST",
                "?uploadId=a%2Fb%3D",
            ),
            (
                Operation::AbortMultipartUpload { upload },
                "DELETE",
                "?uploadId=a%2Fb%3D",
            ),
            (
                Operation::ListParts {
                    upload,
                    after: None,
                },
                "GET",
                "?uploadId=a%2Fb%3D",
            ),
            (
                Operation::ListParts {
                    upload,
                    after: Some(number),
                },
                "GET",
                "?part-number-marker=7&uploadId=a%2Fb%3D",
            ),
        ] {
            assert_eq!(operation.method(), method, "{operation:?}");
            let uri = destination.uri_of(operation).unwrap().to_string();
            let object = "https://abc.s3.eu-west-1.amazonaws.com/a%20b";
            assert_eq!(uri, format!("{object}{query}"));
        }
    }

    #[test]
    fn another_region_changes_the_host_and_the_signature_of_aws_only() {
        let list = [("region", "eu-west-1"), ("bucket", "abc"), ("key", "k")];
        let moved = read(&list)
            .unwrap()
            .in_region("us-east-2".parse().unwrap())
            .unwrap();
        assert_eq!(moved.store.region().as_str(), "us-east-2");
        assert_eq!(
            moved.uri().unwrap(),
            "https://abc.s3.us-east-2.amazonaws.com/k"
        );
        let store = [list.as_slice(), &[("endpoint", "https://h")]].concat();
        let moved = read(&store)
            .unwrap()
            .in_region("us-east-2".parse().unwrap())
            .unwrap();
        assert_eq!(moved.store.region().as_str(), "us-east-2");
        assert_eq!(moved.uri().unwrap(), "https://h/abc/k");
    }

    #[test]
    fn a_region_out_of_reach_is_not_gone_to_and_named() {
        let list = [
            ("region", "eu-west-1"),
            ("bucket", "abc"),
            ("key", "k"),
            ("follow-region", "false"),
        ];
        let stays = read(&list).unwrap();
        let same = stays.clone().in_region("eu-west-1".parse().unwrap());
        assert_eq!(same.unwrap(), stays);
        let point = "arn:aws:s3:us-east-2:123456789012:accesspoint/point";
        let mut elsewhere = list;
        elsewhere[1].1 = point;
        for error in [
            stays.in_region("us-east-2".parse().unwrap()).unwrap_err(),
            read(&elsewhere).unwrap_err(),
        ] {
            assert_eq!(error.kind, ErrorKind::InvalidInput);
            assert!(error.message.contains("region us-east-2 is out of reach"));
            assert!(error.cure.unwrap().contains("`s3.follow_region`"));
        }
    }

    #[test]
    fn contradictions_are_invalid() {
        let base = [("region", "eu-west-1"), ("bucket", "abc"), ("key", "k")];
        for more in [
            [("endpoint", "https://127.0.0.1"), ("addressing", "virtual")].as_slice(),
            &[("endpoint", "https://h"), ("dns-suffix", "amazonaws.com")],
            &[("endpoint", "h:1")],
            &[("endpoint", "ftp://h")],
            &[("endpoint", "https://h/path")],
            &[("endpoint", "https://user:pass@h")],
            &[("endpoint", "https://")],
            &[("dns-suffix", "a.b:1")],
            &[("dns-suffix", "[::1]")],
            &[("addressing", "both")],
        ] {
            let error = read(&[&base, more].concat()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{more:?}");
        }
        for region in ["", "EU", "a.b", "-a", "a/b", "a@b"] {
            let error = read(&[("region", region), ("bucket", "abc"), ("key", "k")]).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{region:?}");
        }
    }

    proptest! {
        #[test]
        fn every_key_has_an_address_and_no_two_share_one(
            one in "\\PC{1,40}", two in "\\PC{1,40}", addressing in "path|virtual"
        ) {
            let at = |key| uri("abc", key, &[("addressing", &addressing)]);
            prop_assert_eq!(at(&one) == at(&two), one == two);
        }
    }
}
