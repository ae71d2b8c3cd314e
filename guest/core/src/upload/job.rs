//! What is to be uploaded, and what came of it.

use super::options::Options;
use crate::checksum::{Checksum, Digest};
use crate::error::{Error, ErrorKind};
use crate::s3::Destination;

/// The largest object that one `PUT` can store: 5 GiB ("Uploading objects", Amazon S3 User
/// Guide).
pub const MAX_PUT: u64 = 5 * 1024 * 1024 * 1024;

/// An object to store with one `PUT`.
#[derive(Debug, Clone)]
pub struct Job {
    pub(super) destination: Destination,
    length: u64,
    pub(super) checksum: Option<Checksum>,
    pub(super) options: Options,
}

/// A stored object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// The entity tag, quotes included, as the store gave it.
    pub etag: String,
    /// The checksum that was sent along.
    pub checksum: Option<Digest>,
    /// The version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// The payload's length in bytes.
    pub bytes: u64,
    /// Attempts made, this one included.
    pub attempts: u8,
    /// Why the earlier attempts failed, oldest first.
    pub failures: Vec<Error>,
}

impl Job {
    /// A payload of `length` bytes for `destination`. Over [`MAX_PUT`] is `TooLarge`.
    pub fn new(
        destination: Destination,
        length: u64,
        checksum: Option<Checksum>,
        options: Options,
    ) -> Result<Self, Error> {
        if length > MAX_PUT {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!(
                    "{length} bytes for `{destination}` are more than the {MAX_PUT} that one PUT \
                     can store"
                ),
            )
            .with_cure("split it: this version makes each object with one request"));
        }
        options.check(&destination.store, checksum.is_some())?;
        // Without an address there is nothing to begin, so that later steps need not fail.
        destination.uri()?;
        Ok(Self {
            destination,
            length,
            checksum,
            options,
        })
    }

    /// The payload's length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }
}
