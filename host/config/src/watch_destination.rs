//! Where the files of a watched folder go.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::{Bucket, BucketError, KeyTemplate, KeyTemplateError};

/// `s3://BUCKET/TEMPLATE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchDestination {
    /// The bucket, or an access point to it.
    pub bucket: Bucket,
    /// What makes the key of each file.
    pub key: KeyTemplate,
}

impl FromStr for WatchDestination {
    type Err = WatchDestinationError;

    fn from_str(text: &str) -> Result<Self, WatchDestinationError> {
        let rest = text
            .strip_prefix("s3://")
            .ok_or(WatchDestinationError::Scheme)?;
        let (bucket, key) = Bucket::split(rest)?;
        Ok(Self {
            bucket,
            key: key.parse()?,
        })
    }
}

impl Display for WatchDestination {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// Not a destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchDestinationError {
    /// Not an `s3://` URL.
    #[error("write s3://BUCKET/KEY, such as s3://bucket/{{date}}/{{path}}")]
    Scheme,
    /// The bucket's name.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The template of keys.
    #[error(transparent)]
    Key(#[from] KeyTemplateError),
}
