//! What is known of an object besides its bytes.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::keys::Place;
use crate::s3::checksum::Checksum;
use crate::s3::headers::Headers;

/// An object to be stored, but for its place.
#[derive(Debug)]
pub(in crate::s3) struct Draft {
    pub(in crate::s3) key: String,
    pub(in crate::s3) size: u64,
    /// Without quotes.
    pub(in crate::s3) etag: String,
    pub(in crate::s3) modified: OffsetDateTime,
    pub(in crate::s3) checksum: Checksum,
    pub(in crate::s3) headers: Headers,
    /// The parts' sizes in bytes, if it was a multipart upload.
    pub(in crate::s3) parts: Vec<u64>,
}

/// What is known of a stored object.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::s3) struct Object {
    pub(in crate::s3) key: String,
    pub(in crate::s3) size: u64,
    /// Without quotes.
    pub(in crate::s3) etag: String,
    #[serde(with = "time::serde::timestamp")]
    pub(in crate::s3) modified: OffsetDateTime,
    pub(in crate::s3) checksum: Checksum,
    pub(in crate::s3) headers: Headers,
    /// The parts' sizes in bytes, if it was a multipart upload.
    pub(in crate::s3) parts: Vec<u64>,
    pub(super) place: Place,
    /// Tells, after a crash, whether these words and the bytes belong together.
    stamp: Stamp,
}

impl Object {
    pub(super) fn new(draft: Draft, place: Place, stamp: Stamp) -> Self {
        let Draft {
            key,
            size,
            etag,
            modified,
            checksum,
            headers,
            parts,
        } = draft;
        Self {
            key,
            size,
            etag,
            modified,
            checksum,
            headers,
            parts,
            place,
            stamp,
        }
    }

    /// Whether these are the bytes that this object was stored with.
    pub(super) fn describes(&self, path: &Path) -> bool {
        Stamp::of(path).is_ok_and(|stamp| stamp == self.stamp)
    }
}

/// A file's size and time of change. Renaming keeps both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self {
            size: metadata.len(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        })
    }
}
