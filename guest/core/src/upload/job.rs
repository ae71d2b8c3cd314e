//! What is to be uploaded, and what came of it.

use std::num::NonZeroU8;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::Options;
use super::parts::{MAX_PART, MIN_PART};
use super::protection::Protection;
use super::record::Intent;
use crate::checksum::{Checksum, Digest};
use crate::clock::{self, Now};
use crate::error::{Error, ErrorKind};
use crate::s3::{Destination, Listing, Operation, Region};
use crate::settings::Settings;

/// The largest object that one `PUT` can store: 5 GiB ("Uploading objects", Amazon S3 User
/// Guide).
pub const MAX_PUT: u64 = 5 * 1024 * 1024 * 1024;

const MIB: u64 = 1024 * 1024;

/// An object to store.
#[derive(Debug, Clone)]
pub struct Job {
    pub(super) destination: Destination,
    pub(super) length: Length,
    pub(super) checksum: Option<Checksum>,
    pub(super) options: Options,
    pub(super) transfer: Transfer,
    fingerprint: String,
}

/// What is known of a payload from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Bytes; nothing for a stream, which tells its end when it comes.
    pub length: Option<u64>,
    /// A text that is equal for equal payloads only.
    pub fingerprint: String,
}

/// The payload's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Known(u64),
    Stream,
}

/// How the bytes are moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// From this many bytes on, an object is made of parts.
    pub threshold: u64,
    /// Bytes of a part; more where 10,000 of them would not do.
    pub part_size: u64,
    /// Parts under way at once.
    pub concurrency: NonZeroU8,
    /// Whether an object of the same size and checksum is left as it is.
    pub skip_existing: bool,
}

/// How an upload ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The object was made.
    Stored(Uploaded),
    /// The same object is there, and was not made by this run as far as we know.
    AlreadyThere(Uploaded),
}

/// An object in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// The entity tag, quotes included, as the store gave it.
    pub etag: String,
    /// The checksum of the whole object, where one is known and not contradicted.
    pub checksum: Option<Digest>,
    /// The version, in a bucket that keeps versions.
    pub version_id: Option<String>,
    /// The payload's length in bytes.
    pub bytes: u64,
    /// Requests made to carry the payload, repeated ones included.
    pub attempts: u32,
    /// Why attempts failed, oldest first; of many the latest.
    pub failures: Vec<Error>,
}

impl Outcome {
    /// The object that is there now.
    pub fn object(&self) -> &Uploaded {
        match self {
            Self::Stored(object) | Self::AlreadyThere(object) => object,
        }
    }
}

impl Job {
    /// A payload for `destination`.
    pub fn new(
        destination: Destination,
        payload: Described,
        checksum: Option<Checksum>,
        options: Options,
        transfer: Transfer,
    ) -> Result<Self, Error> {
        options.check(&destination.store, checksum.is_some())?;
        // Without an address there is nothing to begin, so that later steps need not fail.
        destination.uri()?;
        let length = payload.length.map_or(Length::Stream, Length::Known);
        Ok(Self {
            destination,
            length,
            checksum,
            options,
            transfer,
            fingerprint: payload.fingerprint,
        })
    }

    /// Where the object goes.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// The same job in the region that an earlier one found the bucket in.
    pub fn in_region(mut self, region: Region) -> Result<Self, Error> {
        self.destination = self.destination.in_region(region)?;
        Ok(self)
    }

    /// The keys among which this job's unfinished uploads are.
    pub(super) fn listing(&self) -> Listing {
        let Destination { store, bucket, key } = &self.destination;
        Listing {
            store: store.clone(),
            bucket: bucket.clone(),
            prefix: key.as_str().to_owned(),
        }
    }

    /// How bytes of the payload are protected on their way.
    pub(super) fn protection(&self) -> Protection {
        Protection::of(self.destination.store.endpoint().scheme(), self.checksum)
    }

    /// What a multipart upload of this job is made of.
    pub(super) fn intent(&self, now: Now) -> Intent {
        let Self {
            length, transfer, ..
        } = self;
        Intent {
            fingerprint: self.fingerprint.clone(),
            length: match length {
                Length::Known(length) => Some(*length),
                Length::Stream => None,
            },
            part_size: transfer.part_size,
            request: self.request_hash(),
            at: clock::unix_seconds(now.wall),
        }
    }

    /// A hash of what the store is told of the object when the upload begins: another upload with
    /// other metadata cannot go on with its parts.
    fn request_hash(&self) -> String {
        let mut hash = Sha256::new();
        let destination = &self.destination;
        for text in [destination.bucket.as_str(), destination.key.as_str()] {
            hash.update(text);
            hash.update([0]);
        }
        let algorithm = self.checksum.map(|checksum| checksum.algorithm.name());
        hash.update(algorithm.unwrap_or("none"));
        for (name, value) in &self.options.headers(Operation::CreateMultipartUpload) {
            hash.update([0]);
            hash.update(name.as_str());
            hash.update([0]);
            hash.update(value.as_bytes());
        }
        STANDARD.encode(hash.finalize())
    }
}

impl Default for Transfer {
    /// Parts of 8 MiB from 16 MiB on, 4 at once.
    fn default() -> Self {
        Self {
            threshold: 16 * MIB,
            part_size: 8 * MIB,
            concurrency: NonZeroU8::MIN.saturating_add(3),
            skip_existing: false,
        }
    }
}

impl Transfer {
    /// Takes `multipart-threshold`, `part-size`, `concurrency` (1 to 64) and `skip-existing`.
    pub fn from_settings(settings: &mut Settings) -> Result<Self, Error> {
        let default = Self::default();
        let concurrency = settings.take_as("concurrency", |text| {
            let number = text.parse().ok().filter(|&n: &NonZeroU8| n.get() <= 64);
            number.ok_or_else(|| invalid("is not a number from 1 to 64"))
        })?;
        let skip_existing = settings.take_as("skip-existing", |text| {
            text.parse().map_err(|_| invalid("is not true or false"))
        })?;
        Ok(Self {
            threshold: settings
                .take_as("multipart-threshold", |text| bytes(text, 0, MAX_PUT))?
                .unwrap_or(default.threshold),
            part_size: settings
                .take_as("part-size", |text| bytes(text, MIN_PART, MAX_PART))?
                .unwrap_or(default.part_size),
            concurrency: concurrency.unwrap_or(default.concurrency),
            skip_existing: skip_existing.unwrap_or(default.skip_existing),
        })
    }
}

fn bytes(text: &str, least: u64, most: u64) -> Result<u64, Error> {
    let number = text.parse().ok();
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| invalid(&format!("is not a number of bytes from {least} to {most}")))
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, why)
}
