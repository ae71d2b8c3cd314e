//! Where signed releases are.

mod error;
mod key_prefix;
mod url;

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::str::FromStr;

pub use error::{HttpsUrlError, KeyPrefixError, RepositoryPlaceError};
pub use key_prefix::KeyPrefix;
pub use url::HttpsUrl;

use crate::Bucket;

/// A place that has the directories `metadata` and `targets` of a repository, written `https://HOST[:PORT]/PATH/`,
/// `s3://BUCKET/PREFIX/` or as the path of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepositoryPlace {
    /// A directory on this machine.
    Directory(PathBuf),
    /// Files of a web server.
    Https(HttpsUrl),
    /// Objects, which the device reads with its own credentials.
    S3 {
        /// The bucket, or an access point to it.
        bucket: Bucket,
        /// What all keys begin with.
        prefix: KeyPrefix,
    },
}

impl FromStr for RepositoryPlace {
    type Err = RepositoryPlaceError;

    fn from_str(text: &str) -> Result<Self, RepositoryPlaceError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return match text {
                "" => Err(RepositoryPlaceError::Empty),
                path => Ok(Self::Directory(path.into())),
            };
        };
        match scheme.to_ascii_lowercase().as_str() {
            "https" => Ok(Self::Https(text.parse()?)),
            "s3" => {
                let (bucket, prefix) = Bucket::split(rest)?;
                let prefix = prefix.parse()?;
                Ok(Self::S3 { bucket, prefix })
            }
            _ => Err(RepositoryPlaceError::Scheme),
        }
    }
}

impl Display for RepositoryPlace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::Https(url) => url.fmt(f),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<RepositoryPlace, RepositoryPlaceError> {
        text.parse()
    }

    #[test]
    fn a_place_is_a_directory_a_web_servers_or_a_buckets() {
        let place = parse("/srv/updates").unwrap();
        assert_eq!(place, RepositoryPlace::Directory("/srv/updates".into()));
        let RepositoryPlace::Https(url) = parse("HTTPS://Updates.example:8443/sealift").unwrap()
        else {
            panic!("no web server");
        };
        assert_eq!(url.to_string(), "https://updates.example:8443/sealift/");
        let RepositoryPlace::S3 { bucket, prefix } = parse("s3://bucket/a b").unwrap() else {
            panic!("no bucket");
        };
        assert_eq!((bucket.as_str(), prefix.as_str()), ("bucket", "a b/"));
    }

    #[test]
    fn what_is_neither_is_refused() {
        assert_eq!(parse(""), Err(RepositoryPlaceError::Empty));
        for text in ["http://updates.example/", "file:///srv/updates", "://x"] {
            assert_eq!(parse(text), Err(RepositoryPlaceError::Scheme), "{text}");
        }
        assert!(matches!(
            parse("s3:///updates/"),
            Err(RepositoryPlaceError::Bucket(_))
        ));
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same_place(
            text in "(https://[a-z]{1,9}(:[1-9][0-9]{0,3})?|s3://[a-z]{3,9}|)(/[a-z0-9._~-]{1,5}){0,3}/?"
        ) {
            if let Ok(place) = parse(&text) {
                prop_assert_eq!(parse(&place.to_string()), Ok(place));
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "(https://|s3://(arn:)?)?.{0,40}") {
            let _ = parse(&text);
        }
    }
}
