//! The bytes of a journal.
//!
//! A journal is a sequence of frames. A frame is what one append wrote: a mark, the length and the
//! CRC-32 of its contents, and the contents, which are records, each with its author and length.
//! All numbers are little-endian.
//!
//! A frame is on disk before the next is written. So whatever a crash leaves, only the last frame
//! can be incomplete: it was never promised to anybody, and is cut off. A frame that cannot be read
//! with another one behind it was damaged later.

use crc_fast::CrcAlgorithm;

use super::{LONGEST_RECORD, MOST_NOTED};

/// Begins a frame; the digit is the version of the format.
const MARK: [u8; 4] = *b"SJ1\n";

/// Mark, length, checksum.
const HEAD: usize = 12;

/// Author and length of a record.
const ENTRY_HEAD: usize = 3;

/// The most that one append writes: the longest record, and what was noted before it.
const LARGEST_FRAME: usize = HEAD + ENTRY_HEAD + LONGEST_RECORD + MOST_NOTED;

/// A record and who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    author: Author,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Author {
    Component = 0,
    Host = 1,
}

/// The records of a journal in the order in which they were written, by author.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// The component's own.
    pub component: Vec<Vec<u8>>,
    /// The host's, which no component sees.
    pub host: Vec<Vec<u8>>,
}

/// What a journal's bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) records: Records,
    /// Where the last whole frame ends, in bytes.
    pub(super) end: u64,
}

/// Bytes that no crash leaves.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) offset: u64,
}

impl Entry {
    pub(super) fn component(bytes: Vec<u8>) -> Self {
        let author = Author::Component;
        Self { author, bytes }
    }

    pub(super) fn host(bytes: Vec<u8>) -> Self {
        let author = Author::Host;
        Self { author, bytes }
    }

    /// What it takes in a frame, in bytes.
    pub(super) fn size(&self) -> usize {
        ENTRY_HEAD + self.bytes.len()
    }
}

/// One frame of these records, each of which is shorter than 64 KiB.
pub(super) fn encode<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<u8> {
    let mut contents = Vec::new();
    for Entry { author, bytes } in entries {
        contents.push(*author as u8);
        contents.extend(u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes());
        contents.extend(bytes);
    }
    let length = u32::try_from(contents.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(HEAD + contents.len());
    frame.extend(MARK);
    frame.extend(length.to_le_bytes());
    frame.extend(crc32(&contents).to_le_bytes());
    frame.extend(contents);
    frame
}

/// Reads a journal.
pub(super) fn read(bytes: &[u8]) -> Result<Found, Damage> {
    let mut records = Records::default();
    let mut end = 0;
    while let Some((frame, entries)) = frame(&bytes[end..]) {
        for Entry { author, bytes } in entries {
            match author {
                Author::Component => records.component.push(bytes),
                Author::Host => records.host.push(bytes),
            }
        }
        end += frame;
    }
    let rest = &bytes[end..];
    let offset = end as u64;
    if rest.len() > LARGEST_FRAME || a_frame_follows(rest) {
        return Err(Damage { offset });
    }
    Ok(Found {
        records,
        end: offset,
    })
}

/// The frame at the beginning of `bytes`: its length and its records.
fn frame(bytes: &[u8]) -> Option<(usize, Vec<Entry>)> {
    let rest = bytes.strip_prefix(&MARK)?;
    let (length, rest) = rest.split_first_chunk()?;
    let (checksum, rest) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let contents = rest.get(..length)?;
    if u32::from_le_bytes(*checksum) != crc32(contents) {
        return None;
    }
    Some((HEAD + length, entries(contents)?))
}

/// At least one record.
fn entries(mut contents: &[u8]) -> Option<Vec<Entry>> {
    let mut entries = Vec::new();
    loop {
        let (author, rest) = contents.split_first()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (bytes, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        let author = match author {
            0 => Author::Component,
            1 => Author::Host,
            _ => return None,
        };
        entries.push(Entry {
            author,
            bytes: bytes.to_vec(),
        });
        if rest.is_empty() {
            return Some(entries);
        }
        contents = rest;
    }
}

fn a_frame_follows(rest: &[u8]) -> bool {
    (1..rest.len()).any(|offset| frame(&rest[offset..]).is_some())
}

/// CRC-32/ISO-HDLC, as in gzip.
fn crc32(bytes: &[u8]) -> u32 {
    // The value has 32 bits.
    u32::try_from(crc_fast::checksum(CrcAlgorithm::Crc32IsoHdlc, bytes)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn frames() -> impl Strategy<Value = Vec<Vec<Entry>>> {
        let entry = (any::<bool>(), vec(any::<u8>(), 0..60)).prop_map(|(host, bytes)| {
            if host {
                Entry::host(bytes)
            } else {
                Entry::component(bytes)
            }
        });
        vec(vec(entry, 1..4), 0..6)
    }

    fn written(frames: &[Vec<Entry>]) -> Vec<u8> {
        frames
            .iter()
            .flat_map(|frame| encode(frame.iter()))
            .collect()
    }

    fn records(frames: &[Vec<Entry>]) -> Records {
        let of = |author| {
            let entries = frames.iter().flatten();
            let own = entries.filter(move |entry| entry.author == author);
            own.map(|entry| entry.bytes.clone()).collect()
        };
        Records {
            component: of(Author::Component),
            host: of(Author::Host),
        }
    }

    proptest! {
        #[test]
        fn a_journal_cut_at_any_byte_has_exactly_the_whole_frames(frames in frames()) {
            let bytes = written(&frames);
            for cut in 0..=bytes.len() {
                let whole = (0..=frames.len()).rev().find(|&count| written(&frames[..count]).len() <= cut);
                let whole = &frames[..whole.unwrap()];
                let found = read(&bytes[..cut]).unwrap();
                prop_assert_eq!(found.end, written(whole).len() as u64);
                prop_assert_eq!(found.records, records(whole));
            }
        }

        #[test]
        fn a_last_frame_of_nothing_but_zeros_is_cut(frames in frames(), zeros in 0_usize..5000) {
            let bytes = written(&frames);
            let torn = [bytes.clone(), vec![0; zeros]].concat();
            let found = read(&torn).unwrap();
            prop_assert_eq!(found.end, bytes.len() as u64);
            prop_assert_eq!(found.records, records(&frames));
        }

        #[test]
        fn a_flipped_bit_is_damage_or_costs_the_last_frame_only(
            frames in frames().prop_filter("some", |frames| !frames.is_empty()),
            place in any::<prop::sample::Index>(),
            bit in 0_u8..8,
        ) {
            let mut bytes = written(&frames);
            let last = written(&frames[..frames.len() - 1]).len();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            match read(&bytes) {
                Err(damage) => prop_assert!(damage.offset <= place as u64 && place < last),
                Ok(found) => {
                    prop_assert!(place >= last);
                    prop_assert_eq!(found.records, records(&frames[..frames.len() - 1]));
                }
            }
        }

        #[test]
        fn any_bytes_can_be_read(bytes in vec(any::<u8>(), 0..2000)) {
            let _ = read(&bytes);
        }
    }

    #[test]
    fn more_than_one_frame_of_rubbish_is_damage() {
        let rubbish = vec![b'x'; LARGEST_FRAME + 1];
        assert_eq!(read(&rubbish), Err(Damage { offset: 0 }));
    }
}
