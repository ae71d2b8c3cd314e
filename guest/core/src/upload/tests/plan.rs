//! What is uploaded in these tests, and how.

use std::num::NonZeroU8;
use std::ops::Range;
use std::sync::LazyLock;

use crc_fast::CrcAlgorithm;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::bench::Bench;
use crate::checksum::{Algorithm, Checksum, Digest, Placement};
use crate::s3::{Addressing, Destination, Store};
use crate::settings::Settings;
use crate::upload::parts::MIN_PART;
use crate::upload::{Described, Job, Options, Transfer};

/// The bytes that are uploaded, of which a payload is the beginning.
static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let byte = |at: u64| u8::try_from(at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56).unwrap();
    (0..8 * MIN_PART).map(byte).collect()
});

/// What a job is made of, to be changed before it begins.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) endpoint: &'static str,
    pub(super) length: Option<u64>,
    pub(super) fingerprint: &'static str,
    pub(super) checksum: Option<(Algorithm, Placement)>,
    pub(super) options: Options,
    pub(super) transfer: Transfer,
}

impl Plan {
    /// One `PUT` of `length` bytes over TLS, with no checksum.
    pub(super) fn put(length: u64) -> Self {
        Self {
            endpoint: "https://h",
            length: Some(length),
            fingerprint: "f",
            checksum: None,
            options: Options::default(),
            transfer: Transfer::default(),
        }
    }

    /// `count` parts, the last of 7 bytes, with the usual checksum; `PUT` is for nothing.
    pub(super) fn parts(count: u64) -> Self {
        Self {
            checksum: Some((Algorithm::Crc64Nvme, Placement::Trailer)),
            transfer: Transfer {
                threshold: 1,
                part_size: MIN_PART,
                ..Transfer::default()
            },
            ..Self::put((count - 1) * MIN_PART + 7)
        }
    }

    pub(super) fn at_once(mut self, concurrency: u8) -> Self {
        self.transfer.concurrency = NonZeroU8::new(concurrency).unwrap();
        self
    }

    pub(super) fn with(self, checksum: Option<(Algorithm, Placement)>) -> Self {
        Self { checksum, ..self }
    }

    /// With one option of the object or the request.
    pub(super) fn option(self, name: &str, value: &str) -> Self {
        let mut settings = Settings::new(vec![(name.to_owned(), value.to_owned())]).unwrap();
        Self {
            options: Options::from_settings(&mut settings).unwrap(),
            ..self
        }
    }

    pub(super) fn job(&self) -> Job {
        let region = "eu-west-1".parse().unwrap();
        let store = if self.endpoint == "aws" {
            Store::aws(region, "amazonaws.com").unwrap()
        } else {
            Store::at(self.endpoint.parse().unwrap(), Addressing::Path, region).unwrap()
        };
        let destination = Destination {
            store,
            bucket: "abc".parse().unwrap(),
            key: "a b".parse().unwrap(),
        };
        let payload = Described {
            length: self.length,
            fingerprint: self.fingerprint.to_owned(),
        };
        let checksum = self.checksum.map(|(algorithm, placement)| Checksum {
            algorithm,
            placement,
        });
        let options = self.options.clone();
        Job::new(destination, payload, checksum, options, self.transfer).unwrap()
    }

    pub(super) fn bench(&self) -> Bench {
        Bench::new(self.job())
    }
}

/// The true checksum of a range of the payload.
pub(super) fn digest(algorithm: Algorithm, range: Range<u64>) -> Digest {
    let place = |at| usize::try_from(at).unwrap();
    let bytes = &BYTES[place(range.start)..place(range.end)];
    let crc = |known, size: usize| {
        let value = crc_fast::checksum(known, bytes).to_be_bytes();
        value[8 - size..].to_vec()
    };
    let bytes = match algorithm {
        Algorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme, 8),
        Algorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc, 4),
        Algorithm::Crc32C => crc(CrcAlgorithm::Crc32Iscsi, 4),
        Algorithm::Sha256 => Sha256::digest(bytes).to_vec(),
        Algorithm::Sha1 => Sha1::digest(bytes).to_vec(),
    };
    Digest::from_bytes(algorithm, bytes).unwrap()
}
