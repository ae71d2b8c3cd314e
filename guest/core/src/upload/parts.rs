//! The parts of a multipart upload: how the payload is cut, and which pieces are stored.
//!
//! "Amazon S3 multipart upload limits", Amazon S3 User Guide: 1 to 10,000 parts of 5 MiB to
//! 5 GiB each, the last of any size.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use crate::checksum::{Algorithm, Combined, Digest, composite};
use crate::error::{Error, ErrorKind};
use crate::s3::multipart::ObjectChecksum;
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
    /// Whether the next piece has to wait until a part is stored.
    cramped: bool,
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
            cramped: false,
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

    /// How many bytes to take from the stream next; nothing where there is no stream, no more of
    /// it, or no room for more.
    pub(super) fn wanted(&self) -> Option<u64> {
        let Cut::Stream(stream) = &self.cut else {
            return None;
        };
        if stream.ended || stream.cramped || !stream.waiting.is_empty() {
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

    /// There is no room for another piece of the stream until a part is stored.
    pub(super) fn hold(&mut self) {
        if let Cut::Stream(stream) = &mut self.cut {
            stream.cramped = true;
        }
    }

    /// The store has the part.
    pub(super) fn store(&mut self, number: PartNumber, part: StoredPart) {
        if let Cut::Stream(stream) = &mut self.cut {
            stream.cramped = false;
        }
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
            Cut::Known { length, size } => {
                // As many as there can be: no sum over all of them after each one.
                u64::try_from(self.stored.len()) == Ok(length.div_ceil(*size))
            }
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

    /// The checksum of the checksums of the parts, where S3 knows an object by that.
    pub(super) fn composite(&self, algorithm: Algorithm) -> Option<ObjectChecksum> {
        let parts: Option<Vec<_>> = self
            .stored
            .values()
            .map(|part| part.checksum.as_ref())
            .collect();
        let parts = parts?;
        let count = u16::try_from(parts.len()).ok()?;
        let digest = composite(algorithm, parts)?;
        Some(ObjectChecksum::Composite(digest, count))
    }
}

/// The range of a part that a recorded upload must have under this number.
pub(super) fn known_range(length: u64, size: u64, number: PartNumber) -> Option<Range<u64>> {
    let start = u64::from(number.get() - 1).checked_mul(size)?;
    (start < length).then(|| start..start.saturating_add(size).min(length))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    /// 48.8 TiB.
    const MOST: u64 = MAX_PART * MAX_PARTS as u64;

    fn number(number: u16) -> PartNumber {
        PartNumber::new(number).unwrap()
    }

    fn stored(length: u64) -> StoredPart {
        StoredPart {
            length,
            etag: "e".to_owned(),
            checksum: None,
        }
    }

    #[test]
    fn a_part_has_the_size_that_was_asked_for_if_10_000_of_them_suffice() {
        let enough = 8 * MIB * u64::from(MAX_PARTS);
        assert_eq!(part_size(1, 8 * MIB), Ok(8 * MIB));
        assert_eq!(part_size(enough, 8 * MIB), Ok(8 * MIB));
        assert_eq!(part_size(enough + 1, 8 * MIB), Ok(9 * MIB));
        assert_eq!(part_size(1, 1), Ok(MIN_PART));
        assert_eq!(part_size(1, u64::MAX), Ok(MAX_PART));
    }

    #[test]
    fn the_largest_object_is_10_000_parts_of_5_gib() {
        assert_eq!(part_size(MOST, MIN_PART), Ok(MAX_PART));
        for length in [MOST + 1, u64::MAX] {
            let error = part_size(length, MIN_PART).unwrap_err();
            assert_eq!(error.kind, ErrorKind::TooLarge);
        }
    }

    #[test]
    fn a_streams_parts_double_every_1000_so_that_10_000_hold_8_tib() {
        let mut parts = Parts::of_stream(8 * MIB);
        let mut taken = 0;
        let mut sizes = Vec::new();
        for _ in 0..MAX_PARTS {
            let size = parts.wanted().unwrap();
            parts.take(Some(taken..taken + size)).unwrap();
            assert_eq!(parts.wanted(), None);
            parts.next().unwrap();
            taken += size;
            sizes.push(size);
        }
        assert_eq!((sizes[999], sizes[1000]), (8 * MIB, 16 * MIB));
        assert!(taken > 7 * 1024 * 1024 * MIB, "{taken}");
        let more = Some(taken..taken + 1);
        assert_eq!(parts.take(more).unwrap_err().kind, ErrorKind::TooLarge);
        assert_eq!(parts.take(None), Ok(()));
    }

    #[test]
    fn a_stream_is_complete_when_it_has_ended_and_all_pieces_are_stored() {
        let mut parts = Parts::of_stream(MIN_PART);
        parts.take(Some(0..7)).unwrap();
        parts.next().unwrap();
        parts.store(number(1), stored(7));
        assert!(!parts.complete());
        parts.take(Some(7..9)).unwrap();
        parts.take(None).unwrap();
        assert!(!parts.complete());
        parts.next().unwrap();
        assert!(!parts.complete());
        parts.store(number(2), stored(2));
        assert!(parts.complete());
        assert_eq!((parts.length(), parts.wanted()), (9, None));
    }

    #[test]
    fn forgotten_parts_are_sent_again_and_others_are_not() {
        let mut parts = Parts::of(4 * MIN_PART, MIN_PART);
        for at in 1..=4 {
            parts.next().unwrap();
            parts.store(number(at), stored(MIN_PART));
        }
        assert!(parts.complete());
        parts.retain(|part, _| part != number(2) && part != number(3));
        assert!(!parts.complete());
        assert_eq!(parts.next().unwrap().number, number(2));
        assert_eq!(parts.next().unwrap().number, number(3));
        assert_eq!(parts.next(), None);
    }

    #[test]
    fn one_part_without_a_checksum_leaves_the_whole_without() {
        let mut parts = Parts::of(2 * MIN_PART, MIN_PART);
        let crc = Digest::from_bytes(Algorithm::Crc32, vec![0; 4]).unwrap();
        let with = StoredPart {
            checksum: Some(crc),
            ..stored(MIN_PART)
        };
        parts.store(number(1), with);
        assert!(parts.combined(Algorithm::Crc32).is_some());
        assert_eq!(parts.combined(Algorithm::Crc32C), None);
        assert_eq!(parts.combined(Algorithm::Sha256), None);
        parts.store(number(2), stored(MIN_PART));
        assert_eq!(parts.combined(Algorithm::Crc32), None);
    }

    proptest! {
        #[test]
        fn any_length_is_cut_into_parts_that_s3_takes(length in 1..=MOST, asked in 0..=2 * MAX_PART) {
            let size = part_size(length, asked).unwrap();
            prop_assert!((MIN_PART..=MAX_PART).contains(&size));
            prop_assert!(size >= asked.min(MAX_PART));
            prop_assert!(length.div_ceil(size) <= u64::from(MAX_PARTS));
        }

        #[test]
        fn parts_cover_the_payload_once(length in 1u64..2_000_000, size in 1_000u64..100_000) {
            let mut parts = Parts::of(length, size);
            let (mut end, mut count) = (0, 0);
            while let Some(Part { number, range }) = parts.next() {
                prop_assert!(!parts.complete());
                count += 1;
                prop_assert_eq!(number.get(), count);
                prop_assert_eq!(range.start, end);
                prop_assert!(range.end - range.start == size || range.end == length);
                end = range.end;
                parts.store(number, stored(range.end - range.start));
            }
            prop_assert_eq!(end, length);
            prop_assert!(parts.complete());
        }
    }
}
