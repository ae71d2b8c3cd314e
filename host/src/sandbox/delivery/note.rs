//! A delivered part, as the host writes it into the job's journal.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::aim::Part;

/// A part that was delivered. In JSON; a note that cannot be read is of another version of this
/// program, and counts for nothing.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    /// Of the source that the bytes are of.
    pub(super) fingerprint: String,
    upload: String,
    part: u16,
    start: u64,
    end: u64,
}

impl Note {
    pub(super) fn new(fingerprint: &str, part: &Part, range: &Range<u64>) -> Self {
        Self {
            fingerprint: fingerprint.to_owned(),
            upload: part.upload.clone(),
            part: part.number,
            start: range.start,
            end: range.end,
        }
    }

    pub(super) fn into_part(self) -> (Part, Range<u64>) {
        let part = Part {
            upload: self.upload,
            number: self.part,
        };
        (part, self.start..self.end)
    }

    /// Less than a record may have, since ids are bounded.
    pub(super) fn write(&self) -> Vec<u8> {
        // Numbers and texts are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_note_is_read_as_it_was_written(
            fingerprint: String,
            upload: String,
            number: u16,
            range: Range<u64>,
        ) {
            let part = Part { upload, number };
            let read = Note::read(&Note::new(&fingerprint, &part, &range).write());
            prop_assert_eq!(read.map(Note::into_part), Some((part, range)));
        }

        #[test]
        fn any_bytes_can_be_read(bytes: Vec<u8>) {
            let _ = Note::read(&bytes);
        }
    }

    #[test]
    fn the_longest_note_fits_into_a_record() {
        let part = Part {
            upload: "\u{1}".repeat(500),
            number: u16::MAX,
        };
        let note = Note::new(&"f".repeat(128), &part, &(u64::MAX..u64::MAX)).write();
        assert!(note.len() < sealift_state::LONGEST_RECORD, "{}", note.len());
    }
}
