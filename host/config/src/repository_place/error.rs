//! What is wrong with a place.

use crate::{BucketError, HostError};

/// Not a place of a repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepositoryPlaceError {
    /// Nothing is named.
    #[error("the place is empty")]
    Empty,
    /// A URL of another kind. Releases are signed, but plain HTTP would let anybody hold them back.
    #[error("write https://HOST/PATH/, s3://BUCKET/PREFIX/ or the path of a directory")]
    Scheme,
    /// The URL of a web server.
    #[error(transparent)]
    Url(#[from] HttpsUrlError),
    /// The bucket's name.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The prefix in the bucket.
    #[error(transparent)]
    Prefix(#[from] KeyPrefixError),
}

/// Not the URL of a directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpsUrlError {
    /// Not `https`.
    #[error("the URL must begin with https://")]
    Scheme,
    /// A user or password.
    #[error("leave out the user in front of `@`; `identity = true` shows the device's certificate")]
    HasUser,
    /// A query or a fragment.
    #[error("leave out what follows the `?` or `#`; this is the URL of a directory")]
    HasQuery,
    /// A character that has to be encoded.
    #[error("the path cannot have the character {0:?}; write it percent-encoded")]
    Character(char),
    /// `%` without two hexadecimal digits.
    #[error("a `%` in the path must be followed by two hexadecimal digits")]
    Percent,
    /// `.`, `..` or nothing between two slashes.
    #[error("the path must have something other than `.` and `..` between its slashes")]
    Segment,
    /// More than [`HttpsUrl::LONGEST_PATH`](super::HttpsUrl::LONGEST_PATH) bytes.
    #[error("the path has more than 512 bytes")]
    TooLong,
    /// The host or the port is malformed.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// Not what keys can begin with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyPrefixError {
    /// `.`, `..` or nothing between two slashes.
    #[error("the prefix must have something other than `.` and `..` between its slashes")]
    Segment,
    /// More than [`KeyPrefix::LONGEST`](super::KeyPrefix::LONGEST) bytes.
    #[error("the prefix has more than 512 bytes")]
    TooLong,
}
