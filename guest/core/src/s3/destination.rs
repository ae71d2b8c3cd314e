//! A place for one object: store, bucket and key.

use std::fmt;

use http::Uri;

use super::address::{Addressing, Scheme, Store};
use super::bucket::Bucket;
use super::key::Key;
use crate::error::{Error, ErrorKind};
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
    /// Takes `bucket` and `key` beside the settings of [`Store::from_settings`].
    pub fn from_settings(settings: &mut Settings) -> Result<Self, Error> {
        Ok(Self {
            store: Store::from_settings(settings)?,
            bucket: settings.require_as("bucket", str::parse)?,
            key: settings.require_as("key", str::parse)?,
        })
    }

    /// The object's URI.
    ///
    /// A bucket with dots in its name is addressed by path under TLS even if virtual
    /// addressing is set: no wildcard certificate covers more than one label.
    pub fn uri(&self) -> Result<Uri, Error> {
        let Self { store, bucket, key } = self;
        let (scheme, authority) = (store.endpoint().scheme(), store.endpoint().authority());
        let uncovered = scheme == Scheme::Https && bucket.is_dotted();
        let (authority, path) = if store.addressing() == Addressing::Virtual && !uncovered {
            (
                format!("{bucket}.{authority}"),
                format!("/{}", key.encode()),
            )
        } else {
            let path = format!("/{bucket}/{}", key.encode());
            (authority.to_string(), path)
        };
        Uri::builder()
            .scheme(scheme.as_str())
            .authority(authority)
            .path_and_query(path)
            .build()
            .map_err(|error| {
                let message = format!("`{self}` cannot be addressed: {error}");
                Error::new(ErrorKind::InvalidInput, message)
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
