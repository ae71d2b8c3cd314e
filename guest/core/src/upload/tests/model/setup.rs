//! What is drawn about a world before it begins.

use super::chance::Chance;
use super::payload::{self, Content};
use super::store::Manner;
use crate::checksum::{Algorithm, Checksum, Placement};
use crate::s3::{Addressing, Destination, Store};
use crate::upload::parts::MIN_PART;
use crate::upload::{Described, Job, Options, Transfer};

pub(super) const PART: u64 = MIN_PART;
const THRESHOLD: u64 = 2 * PART;
pub(super) const CONCURRENCY: u8 = 3;

/// Where a job believes the bucket to be until it is told better.
pub(super) const BELIEVED: &str = "eu-west-1";

/// A job, and the world that it is in.
#[derive(Debug, Clone)]
pub(super) struct Setup {
    pub(super) length: u64,
    /// Whether the payload tells its end only when it comes.
    pub(super) stream: bool,
    /// Bytes of a stream that the host holds at once.
    pub(super) room: u64,
    pub(super) checksum: Option<Checksum>,
    pub(super) skip_existing: bool,
    /// What is there before.
    pub(super) before: Option<Content>,
    pub(super) manner: Manner,
    /// Whether the journal cannot always be written or read.
    pub(super) bad_disk: bool,
}

impl Setup {
    pub(super) fn draw(chance: &mut Chance) -> Self {
        let length = payload::length(chance);
        let checksum = match chance.below(5) {
            0 => None,
            1 => Some((Algorithm::Crc32, Placement::Header)),
            2 => Some((Algorithm::Sha256, Placement::Trailer)),
            _ => Some((Algorithm::Crc64Nvme, Placement::Trailer)),
        };
        let checksum = checksum.map(|(algorithm, placement)| Checksum {
            algorithm,
            placement,
        });
        let before = match chance.below(4) {
            0 => Some(Content::Foreign),
            1 => Some(Content::of(0..length)),
            _ => None,
        };
        Self {
            length,
            stream: chance.in_hundred(30),
            room: [2, 3, 20][chance.below(3)] * PART,
            checksum,
            skip_existing: chance.in_hundred(30),
            before,
            manner: Manner {
                put_only: chance.in_hundred(30),
                tells: chance.in_hundred(70),
                repeats: chance.in_hundred(30),
                page: [1, 2, 3, 1000][chance.below(4)],
                algorithm: checksum.map(|checksum| checksum.algorithm),
                region: [BELIEVED, "eu-central-1"][usize::from(chance.in_hundred(20))],
            },
            bad_disk: chance.in_hundred(10),
        }
    }

    /// Whether what the store has can be compared with the payload: then no answer that was lost makes it
    /// necessary to send anything again.
    pub(super) fn can_be_compared(&self) -> bool {
        let Manner {
            put_only, tells, ..
        } = self.manner;
        tells && !put_only && !self.stream && self.checksum.is_some()
    }

    /// Whether a run finds out that the one before made the object: of one `PUT` nothing is written down.
    pub(super) fn would_recognise_it(&self) -> bool {
        self.can_be_compared() && self.length >= THRESHOLD
    }

    /// The job, as its `run`th run makes it.
    pub(super) fn job(&self, region: Option<&str>, run: u32) -> Job {
        let region = region.unwrap_or(BELIEVED).parse().unwrap();
        let destination = Destination {
            store: Store::at("https://h".parse().unwrap(), Addressing::Path, region).unwrap(),
            bucket: "abc".parse().unwrap(),
            key: "k".parse().unwrap(),
        };
        let payload = if self.stream {
            Described {
                length: None,
                fingerprint: format!("stream {run}"),
            }
        } else {
            Described {
                length: Some(self.length),
                fingerprint: "file".to_owned(),
            }
        };
        let transfer = Transfer {
            threshold: THRESHOLD,
            part_size: PART,
            concurrency: CONCURRENCY.try_into().unwrap(),
            skip_existing: self.skip_existing,
        };
        let options = Options::default();
        Job::new(destination, payload, self.checksum, options, transfer).unwrap()
    }
}
