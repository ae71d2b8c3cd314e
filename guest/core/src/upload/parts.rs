//! The parts of a multipart upload: how the payload is cut, and which pieces are stored.
//!
//! "Amazon S3 multipart upload limits", Amazon S3 User Guide: 1 to 10,000 parts of 5 MiB to
//! 5 GiB each, the last of any size.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use crate::checksum::{Algorithm, Combined, Digest};
use crate::error::{Error, ErrorKind};
use crate::s3::{PartNumber, multipart};

const MIB: u64 = 1024 * 1024;

/// The most parts of one object.
pub const MAX_PARTS: u16 = PartNumber::MAX;
/// The smallest part but for the last, in bytes.
pub const MIN_PART: u64 = 5 * MIB;
/// The largest part, in bytes.
pub const MAX_PART: u64 = 5 * 1024 * MIB;

/// A stream's parts double in size after so many of them, for nobody knows how many it will need:
/// from 8 MiB on, 10,000 parts are then 8 TiB.
const STREAM_STEP: u16 = 1000;

/// A piece of the payload, under its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) number: PartNumber,
    pub(super) range: Range<u64>,
}

/// A part that the store has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredPart {
    pub(super) length: u64,
    /// As the store gave it, quotes included.
    pub(super) etag: String,
    pub(super) checksum: Option<Digest>,
}

/// All parts of one upload.
#[derive(Debug)]
pub(super) struct Parts {
    cut: Cut,
    stored: BTreeMap<PartNumber, StoredPart>,
    /// Every part below this number is stored or under way; nothing after the last there can be.
    next: Option<PartNumber>,
}

#[derive(Debug)]
enum Cut {
    Known { length: u64, size: u64 },
    Stream(Stream),
}

/// The pieces that were taken from a stream and not sent yet, in order.
#[derive(Debug)]
struct Stream {
    size: u64,
    waiting: VecDeque<Range<u64>>,
    taken: u16,
    ended: bool,
}

/// The part size for `length` bytes: the one that was asked for, or as much larger, in whole MiB,
/// as 10,000 parts make necessary. What no number of parts can hold is `TooLarge`.
pub(super) fn part_size(length: u64, asked: u64) -> Result<u64, Error> {
    let needed = length.div_ceil(u64::from(MAX_PARTS)).next_multiple_of(MIB);
    let size = asked.clamp(MIN_PART, MAX_PART).max(needed);
    if size > MAX_PART {
        let most = MAX_PART * u64::from(MAX_PARTS);
        let message =
            format!("{length} bytes are more than the {most} that S3 takes as one object");
        return Err(Error::new(ErrorKind::TooLarge, message).with_cure("split it"));
    }
    Ok(size)
}

impl Parts {
    /// Parts of `size` bytes of a payload of known length. Sizes from [`part_size`] make at most
    /// [`MAX_PARTS`].
    pub(super) fn of(length: u64, size: u64) -> Self {
        Self::cut(Cut::Known { length, size })
    }

    /// Parts of a stream, the first of which have `size` bytes.
    pub(super) fn of_stream(size: u64) -> Self {
        Self::cut(Cut::Stream(Stream {
            size,
            waiting: VecDeque::new(),
            taken: 0,
            ended: false,
        }))
    }

    fn cut(cut: Cut) -> Self {
        Self {
            cut,
            stored: BTreeMap::new(),
            next: Some(PartNumber::FIRST),
        }
    }

    /// The next part to send, which counts as under way from now on.
    pub(super) fn next(&mut self) -> Option<Part> {
        while let Some(number) = self.next.filter(|number| self.stored.contains_key(number)) {
            self.next = number.next();
        }
        let number = self.next?;
        let range = match &mut self.cut {
            Cut::Known { length, size } => known_range(*length, *size, number)?,
            Cut::Stream(stream) => stream.waiting.pop_front()?,
        };
        self.next = number.next();
        Some(Part { number, range })
    }

    /// How many bytes to take from the stream next; nothing where there is no stream, or no end
    /// of parts left to take.
    pub(super) fn wanted(&self) -> Option<u64> {
        let Cut::Stream(stream) = &self.cut else {
            return None;
        };
        if stream.ended || !stream.waiting.is_empty() {
            return None;
        }
        let doublings = u32::from(stream.taken / STREAM_STEP);
        let size = stream.size.checked_shl(doublings).unwrap_or(MAX_PART);
        Some(size.clamp(MIN_PART, MAX_PART))
    }

    /// Takes in the next piece of the stream, or its end. More than [`MAX_PARTS`] are `TooLarge`.
    pub(super) fn take(&mut self, piece: Option<Range<u64>>) -> Result<(), Error> {
        let Cut::Stream(stream) = &mut self.cut else {
            return Ok(());
        };
        match piece {
            None => stream.ended = true,
            Some(_) if stream.taken == MAX_PARTS => {
                let message = format!("the stream needs more than {MAX_PARTS} parts");
                return Err(Error::new(ErrorKind::TooLarge, message)
                    .with_cure("raise `part-size`, and the room for streams on this device"));
            }
            Some(range) => {
                stream.waiting.push_back(range);
                stream.taken += 1;
            }
        }
        Ok(())
    }

    /// The store has the part.
    pub(super) fn store(&mut self, number: PartNumber, part: StoredPart) {
        self.stored.insert(number, part);
    }

    /// Forgets the stored parts of which `keep` says no; they will be sent again.
    pub(super) fn retain(&mut self, keep: impl Fn(PartNumber, &StoredPart) -> bool) {
        self.stored.retain(|&number, part| keep(number, part));
        self.next = Some(PartNumber::FIRST);
    }

    /// Whether the store has all of them.
    pub(super) fn complete(&self) -> bool {
        match &self.cut {
            Cut::Known { length, .. } => self.length() == *length,
            Cut::Stream(stream) => {
                stream.ended
                    && stream.waiting.is_empty()
                    && self.stored.len() == usize::from(stream.taken)
            }
        }
    }

    /// Bytes of the stored parts.
    pub(super) fn length(&self) -> u64 {
        self.stored.values().map(|part| part.length).sum()
    }

    /// What the store is told to make the object of.
    pub(super) fn document(&self) -> Result<String, Error> {
        let part = |(&number, part): (&PartNumber, &StoredPart)| multipart::Part {
            number,
            etag: part.etag.clone(),
            checksum: part.checksum.clone(),
        };
        let parts: Vec<_> = self.stored.iter().map(part).collect();
        multipart::completion(&parts)
    }

    /// The checksum of the whole, where it can be told from those of the parts.
    pub(super) fn combined(&self, algorithm: Algorithm) -> Option<Digest> {
        let mut combined = Combined::new(algorithm)?;
        let mut parts = self.stored.values();
        let all = parts.all(|part| {
            let checksum = part.checksum.as_ref();
            checksum.is_some_and(|checksum| combined.add(checksum, part.length))
        });
        all.then(|| combined.digest())
    }
}

/// The range of a part that a recorded upload must have under this number.
pub(super) fn known_range(length: u64, size: u64, number: PartNumber) -> Option<Range<u64>> {
    let start = u64::from(number.get() - 1).checked_mul(size)?;
    (start < length).then(|| start..start.saturating_add(size).min(length))
}
