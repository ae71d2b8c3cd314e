//! A bucket's prefix, its address, and signatures for it.

use std::time::{SystemTime, UNIX_EPOCH};

use http::uri::PathAndQuery;
use http::{Request, Uri};
use percent_encoding::utf8_percent_encode;
use sealift_config::{Bucket, KeyPrefix, Origin};
use sealift_core::s3::Destination;
use sealift_core::sign::{self, Payload, Scope};
use sealift_network::{Policy, Rule};

use crate::gateway::UNRESERVED;
use crate::sandbox::{Credentials, Setting};
use crate::updates::source::SourceError;
use crate::updates::source::error::Trouble;

/// Some file of a repository.
const SOME: &str = "metadata/1.root.json";

/// Where objects are.
#[derive(Clone, Debug)]
pub(in crate::updates::source) struct Store {
    /// Of some object; only the key differs.
    place: Destination,
    prefix: KeyPrefix,
}

impl Store {
    /// `location` says how to reach buckets, as components are told it.
    pub(in crate::updates::source) fn new(
        location: &[Setting],
        bucket: &Bucket,
        prefix: KeyPrefix,
    ) -> Result<Self, SourceError> {
        let setting = |setting: &Setting| (setting.name.clone(), setting.value.clone());
        let mut settings: Vec<_> = location.iter().map(setting).collect();
        settings.push(("bucket".to_owned(), bucket.to_string()));
        settings.push(("key".to_owned(), format!("{prefix}{SOME}")));
        let mut settings = sealift_core::Settings::new(settings)?;
        let place = Destination::from_settings(&mut settings)?;
        settings.finish()?;
        Ok(Self { place, prefix })
    }

    /// Allows the origin of the bucket. It may be at any address if it is the one that the operator wrote down.
    pub(in crate::updates::source) fn policy(
        &self,
        endpoint: Option<&Origin>,
    ) -> Result<Policy, SourceError> {
        let origin = Origin::try_from(&self.place.uri()?)?;
        let rule = if endpoint == Some(&origin) {
            Rule::Configured(origin)
        } else {
            Rule::Pattern(origin.to_string().parse()?)
        };
        Ok(Policy::new([rule]))
    }

    /// Some object of the repository, for what all have in common.
    pub(super) fn place(&self) -> &Destination {
        &self.place
    }

    /// The list of one object of the repository at most.
    pub(super) fn listing(&self) -> Result<Uri, Trouble> {
        let mut parts = self.place.uri()?.into_parts();
        let path = parts.path_and_query.as_ref().map(PathAndQuery::path);
        let key = self.place.key.encode();
        let bucket = path.and_then(|path| path.strip_suffix(&key));
        let prefix = utf8_percent_encode(self.prefix.as_str(), UNRESERVED);
        let listing = format!(
            "{}?list-type=2&max-keys=1&prefix={prefix}",
            bucket.unwrap_or("/")
        );
        parts.path_and_query = Some(listing.parse().map_err(http::Error::from)?);
        Ok(Uri::from_parts(parts).map_err(http::Error::from)?)
    }

    /// An object by its path in the repository.
    pub(super) fn object(&self, path: &str) -> Result<Destination, sealift_core::Error> {
        Ok(Destination {
            key: format!("{}{path}", self.prefix).parse()?,
            ..self.place.clone()
        })
    }
}

/// Signs a request for an object without a body.
pub(super) fn sign(
    request: &mut Request<()>,
    at: &Destination,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<(), sealift_core::Error> {
    let expiration = credentials.expiration().duration_since(UNIX_EPOCH);
    let credentials = sealift_core::credentials::Credentials::new(
        credentials.access_key_id().to_owned(),
        credentials.secret_access_key().to_owned(),
        credentials.session_token().map(str::to_owned),
        expiration.ok().map(|expiration| expiration.as_secs()),
    )?;
    let scope = Scope {
        region: at.store.region().as_str(),
        service: "s3",
    };
    sign::sign(request, Payload::Empty, &credentials, scope, now)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::Method;
    use sealift_network::Decision;

    use super::*;

    fn store(location: &[(&str, &str)], place: &str) -> Store {
        let settings = location.iter();
        let settings: Vec<_> = settings
            .map(|&(name, value)| Setting::new(name, value))
            .collect();
        let place: sealift_config::RepositoryPlace = place.parse().unwrap();
        let sealift_config::RepositoryPlace::S3 { bucket, prefix } = place else {
            panic!("{place}");
        };
        Store::new(&settings, &bucket, prefix).unwrap()
    }

    #[test]
    fn a_bucket_is_addressed_as_uploads_are_and_nothing_else_is_reached() {
        let aws = [("region", "eu-west-1"), ("addressing", "virtual")];
        let own = [
            ("region", "eu-west-1"),
            ("addressing", "path"),
            ("endpoint", "https://store.example:9000"),
        ];
        for (location, at, others) in [
            (
                &aws[..],
                "https://abc.s3.eu-west-1.amazonaws.com/",
                "https://xyz.s3.eu-west-1.amazonaws.com/",
            ),
            (
                &own[..],
                "https://store.example:9000/abc/",
                "https://other.example:9000/abc/",
            ),
        ] {
            let store = store(location, "s3://abc/up dates");
            let uri = store.object("targets/a b").unwrap().uri().unwrap();
            assert_eq!(uri.to_string(), format!("{at}up%20dates/targets/a%20b"));
            let list = store.listing().unwrap();
            let query = "list-type=2&max-keys=1&prefix=up%20dates%2F";
            assert_eq!(list.to_string(), format!("{at}?{query}"));
            let endpoint = "https://store.example:9000".parse().unwrap();
            let policy = store.policy(Some(&endpoint)).unwrap();
            let denied = |uri: &Uri| policy.decide(&Method::GET, uri) == Decision::Deny;
            assert!(!denied(&uri) && !denied(&list));
            assert!(denied(&others.parse().unwrap()));
        }
    }
}
