//! What a job's journal says: how an upload continues in another process, or with another version
//! of this component.
//!
//! Each entry is one JSON object: a record beside the version of the format, `v`. What cannot be
//! read, or is of another version, is no reason to fail: the upload begins anew.

use serde::{Deserialize, Serialize};

use super::parts::{MAX_PART, MAX_PARTS, MIN_PART, Parts, StoredPart, known_range};
use crate::checksum::{Algorithm, Digest};
use crate::s3::{PartNumber, UploadId};

/// The version of the entries that are written and understood.
const VERSION: u8 = 1;

/// More entries of parts than any upload writes: each part, and some again.
const MOST_RECORDED: usize = 2 * MAX_PARTS as usize;

/// So many uploads that could not be aborted are remembered.
pub(super) const MOST_LEFT: usize = 100;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Record {
    /// A multipart upload is about to be created.
    Intent(Intent),
    /// It has been created. Unless it is `alone`, attempts before may have created others.
    Created { upload_id: String, alone: bool },
    /// The store has a part of it.
    Part {
        number: u16,
        etag: String,
        checksum: Option<String>,
    },
    /// It is about to be completed.
    Completing,
    /// An upload that could not be aborted. Where it is the one of the last intent, nothing of that
    /// goes on.
    Left { upload_id: String },
    /// Others may be left that were begun since then, in seconds since 1970, and that we do not
    /// know the ids of.
    Strays { since: i64 },
}

/// What an upload is made of. Another upload goes on with it only if it is made of the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Intent {
    /// The source, as the host tells it from others.
    pub(super) fingerprint: String,
    /// Bytes; nothing for a stream.
    pub(super) length: Option<u64>,
    pub(super) part_size: u64,
    /// A hash of the destination and of all that the store is told of the object.
    pub(super) request: String,
    /// When, in seconds since 1970 by the corrected clock.
    pub(super) at: i64,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    v: u8,
    record: Record,
}

/// All that the entries tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Journal {
    /// The upload that was begun last.
    pub(super) past: Option<Past>,
    /// Uploads that are still to be aborted.
    pub(super) left: Vec<UploadId>,
    /// Others may be left that were begun since then, in seconds since 1970.
    pub(super) strays: Option<i64>,
}

/// An upload that an earlier run has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Past {
    pub(super) intent: Intent,
    /// Without it, the upload may have been created and we never learned how it is called.
    pub(super) upload_id: Option<String>,
    /// Whether others may have been created with it.
    pub(super) alone: bool,
    pub(super) completing: bool,
    parts: Vec<(PartNumber, String, Option<String>)>,
}

impl Record {
    /// A part that the store has.
    pub(super) fn part(number: PartNumber, etag: &str, checksum: Option<&Digest>) -> Self {
        Self::Part {
            number: number.get(),
            etag: etag.to_owned(),
            checksum: checksum.map(Digest::to_base64),
        }
    }

    /// The entry's bytes.
    pub(super) fn encode(&self) -> Vec<u8> {
        let entry = Entry {
            v: VERSION,
            record: self.clone(),
        };
        // Strings, numbers and options: nothing of it can fail to be written.
        serde_json::to_vec(&entry).unwrap_or_default()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let entry: Entry = serde_json::from_slice(bytes).ok()?;
        (entry.v == VERSION).then_some(entry.record)
    }
}

impl Journal {
    /// What the entries tell. The last intent counts, and what follows an entry that cannot be
    /// read, or that has no intent before it, does not.
    pub(super) fn read(entries: &[Vec<u8>]) -> Self {
        let mut journal = Self::default();
        for record in entries.iter().map_while(|entry| Record::decode(entry)) {
            if journal.add(record).is_none() {
                break;
            }
        }
        journal
    }

    /// Nothing where the entry makes no sense at its place.
    fn add(&mut self, record: Record) -> Option<()> {
        match record {
            Record::Intent(intent) => self.past = Some(Past::of(intent)),
            Record::Left { upload_id } => self.leave(&upload_id),
            Record::Strays { since } => {
                self.strays = Some(self.strays.map_or(since, |earlier| earlier.min(since)));
            }
            Record::Created { upload_id, alone } => {
                let past = self.past.as_mut()?;
                past.upload_id = Some(upload_id);
                past.alone = alone;
            }
            Record::Completing => self.past.as_mut()?.completing = true,
            Record::Part {
                number,
                etag,
                checksum,
            } => {
                let parts = &mut self.past.as_mut()?.parts;
                let number = PartNumber::new(number).filter(|_| parts.len() < MOST_RECORDED)?;
                parts.push((number, etag, checksum));
            }
        }
        Some(())
    }

    fn leave(&mut self, upload_id: &str) {
        let is_last = |past: &mut Past| past.upload_id.as_deref() == Some(upload_id);
        drop(self.past.take_if(is_last));
        if let Ok(upload) = upload_id.parse()
            && self.left.len() < MOST_LEFT
        {
            self.left.push(upload);
        }
    }
}

impl Past {
    fn of(intent: Intent) -> Self {
        Self {
            intent,
            upload_id: None,
            alone: true,
            completing: false,
            parts: Vec::new(),
        }
    }

    /// Whether an upload made of `intent` can go on with this one.
    pub(super) fn continues(&self, intent: &Intent) -> bool {
        let Intent {
            fingerprint,
            length,
            request,
            ..
        } = &self.intent;
        (fingerprint, length, request) == (&intent.fingerprint, &intent.length, &intent.request)
            && (MIN_PART..=MAX_PART).contains(&self.intent.part_size)
            && length.is_some_and(|length| {
                let parts = length.div_ceil(self.intent.part_size);
                (1..=u64::from(MAX_PARTS)).contains(&parts)
            })
    }

    /// The parts, of which those that are stored need not be sent again. A part whose checksum is
    /// not of `algorithm` does not count as stored.
    pub(super) fn parts(&self, algorithm: Option<Algorithm>) -> Parts {
        let (length, size) = (self.intent.length.unwrap_or(0), self.intent.part_size);
        let mut parts = Parts::of(length, size);
        for (number, etag, checksum) in &self.parts {
            let Some(range) = known_range(length, size, *number) else {
                continue;
            };
            let checksum = match (algorithm, checksum) {
                (None, _) => None,
                (Some(algorithm), Some(text)) => match Digest::from_base64(algorithm, text) {
                    Ok(digest) => Some(digest),
                    Err(_) => continue,
                },
                (Some(_), None) => continue,
            };
            let stored = StoredPart {
                length: range.end - range.start,
                etag: etag.clone(),
                checksum,
            };
            parts.store(*number, stored);
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn intent() -> Intent {
        Intent {
            fingerprint: "f".to_owned(),
            length: Some(2 * MIN_PART + 7),
            part_size: MIN_PART,
            request: "r".to_owned(),
            at: 5,
        }
    }

    fn created(id: &str) -> Record {
        let upload_id = id.to_owned();
        Record::Created {
            upload_id,
            alone: true,
        }
    }

    fn part(number: u16, checksum: Option<&str>) -> Record {
        Record::Part {
            number,
            etag: "e".to_owned(),
            checksum: checksum.map(str::to_owned),
        }
    }

    fn journal(records: &[Record]) -> Journal {
        Journal::read(&records.iter().map(Record::encode).collect::<Vec<_>>())
    }

    fn read(records: &[Record]) -> Option<Past> {
        journal(records).past
    }

    fn left(id: &str) -> Record {
        let upload_id = id.to_owned();
        Record::Left { upload_id }
    }

    #[test]
    fn the_entries_of_version_1_stay_as_they_are() {
        let entries = [
            r#"{"v":1,"record":{"intent":{"fingerprint":"f","length":10485767,"part_size":5242880,"request":"r","at":5}}}"#,
            r#"{"v":1,"record":{"created":{"upload_id":"U","alone":true}}}"#,
            r#"{"v":1,"record":{"part":{"number":2,"etag":"e","checksum":null}}}"#,
            r#"{"v":1,"record":"completing"}"#,
            r#"{"v":1,"record":{"left":{"upload_id":"V"}}}"#,
            r#"{"v":1,"record":{"strays":{"since":3}}}"#,
        ];
        let records = [
            Record::Intent(intent()),
            created("U"),
            part(2, None),
            Record::Completing,
            left("V"),
            Record::Strays { since: 3 },
        ];
        for (entry, record) in entries.iter().zip(&records) {
            assert_eq!(String::from_utf8(record.encode()).unwrap(), *entry);
        }
        let past = read(&records).unwrap();
        assert_eq!(past.upload_id.as_deref(), Some("U"));
        assert!(past.completing);
        assert_eq!(past.parts.len(), 1);
    }

    #[test]
    fn entries_that_do_not_begin_with_an_intent_tell_nothing() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[created("U"), Record::Intent(intent())]), None);
        let damaged = [b"x".to_vec(), Record::Intent(intent()).encode()];
        assert_eq!(Journal::read(&damaged), Journal::default());
    }

    #[test]
    fn the_last_intent_counts() {
        let other = Intent { at: 6, ..intent() };
        let records = [
            Record::Intent(intent()),
            created("U"),
            part(1, None),
            Record::Intent(other.clone()),
        ];
        let past = read(&records).unwrap();
        assert_eq!((past.intent, past.upload_id), (other, None));
        assert!(past.parts.is_empty());
    }

    #[test]
    fn what_is_left_is_remembered_and_does_not_go_on() {
        let began = [Record::Intent(intent()), created("U"), part(1, None)];
        let other = [&began[..], &[left("V")]].concat();
        assert_eq!(read(&other), read(&began));
        let same = journal(&[&began[..], &[left("V"), left("U")]].concat());
        assert_eq!(same.past, None);
        let ids: Vec<_> = same.left.iter().map(UploadId::as_str).collect();
        assert_eq!(ids, ["V", "U"]);
        let many = vec![left("V"); 2 * MOST_LEFT];
        assert_eq!(journal(&many).left.len(), MOST_LEFT);
        let strays = [8, 3, 5].map(|since| Record::Strays { since });
        assert_eq!(journal(&strays).strays, Some(3));
    }

    #[test]
    fn what_follows_an_entry_that_cannot_be_read_does_not_count() {
        let first = [Record::Intent(intent()), created("U"), part(1, None)];
        for damage in [
            &b"{\"v\":1,\"par"[..],
            b"",
            b"{\"v\":2,\"completing\":null}",
        ] {
            let mut entries: Vec<_> = first.iter().map(Record::encode).collect();
            entries.push(damage.to_vec());
            entries.push(part(2, None).encode());
            assert_eq!(Journal::read(&entries), journal(&first));
        }
        let impossible = [part(0, None), part(2, None)];
        let all: Vec<_> = first.iter().chain(&impossible).cloned().collect();
        assert_eq!(read(&all), read(&first));
    }

    #[test]
    fn parts_are_stored_only_with_the_checksum_that_is_wanted() {
        let crc = "AAECAw==";
        let records = [
            Record::Intent(intent()),
            created("U"),
            part(1, Some(crc)),
            part(2, None),
            part(3, Some("AAECAwQFBgc=")),
            part(4, Some(crc)),
        ];
        let past = read(&records).unwrap();
        let left = |algorithm| {
            let mut parts = past.parts(algorithm);
            std::iter::from_fn(|| parts.next().map(|part| part.number.get())).collect::<Vec<_>>()
        };
        assert_eq!(left(Some(Algorithm::Crc32)), [2, 3]);
        assert_eq!(left(Some(Algorithm::Crc64Nvme)), [1, 2]);
        assert_eq!(left(None), [0; 0]);
        // The fourth is behind the end, whatever its checksum.
        assert_eq!(past.parts(None).length(), 2 * MIN_PART + 7);
    }

    #[test]
    fn an_upload_goes_on_only_with_one_made_of_the_same() {
        let past = |intent| read(&[Record::Intent(intent)]).unwrap();
        let later = Intent {
            at: 9,
            part_size: MAX_PART,
            ..intent()
        };
        assert!(past(later).continues(&intent()));
        let other = "x".to_owned();
        for other in [
            Intent {
                fingerprint: other.clone(),
                ..intent()
            },
            Intent {
                request: other,
                ..intent()
            },
            Intent {
                length: Some(7),
                ..intent()
            },
        ] {
            assert!(!past(other).continues(&intent()));
        }
    }

    #[test]
    fn an_upload_that_s3_would_not_take_does_not_go_on() {
        let of = |length, part_size| Intent {
            length,
            part_size,
            ..intent()
        };
        for intent in [
            of(Some(7), MIN_PART - 1),
            of(Some(7), MAX_PART + 1),
            of(Some(u64::from(MAX_PARTS) * MIN_PART + 1), MIN_PART),
            of(Some(0), MIN_PART),
            of(None, MIN_PART),
        ] {
            let past = read(&[Record::Intent(intent.clone())]).unwrap();
            assert!(!past.continues(&intent), "{intent:?}");
        }
    }

    #[test]
    fn an_entry_fits_into_a_journals_4_kib() {
        let long = |length| "\"".repeat(length);
        let etag = long(256);
        let checksum = Some("A".repeat(44));
        let number = MAX_PARTS;
        for record in [
            created(&long(1024)),
            left(&long(1024)),
            Record::Part {
                number,
                etag,
                checksum,
            },
        ] {
            let length = record.encode().len();
            assert!(length <= 4096, "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(entries in prop::collection::vec(any::<Vec<u8>>(), 0..8)) {
            let _ = Journal::read(&entries);
        }

        #[test]
        fn any_parts_make_no_more_than_the_payload(numbers in prop::collection::vec(0u16.., 0..50)) {
            let parts = numbers.iter().map(|&number| part(number, None));
            let records: Vec<_> = [Record::Intent(intent())].into_iter().chain(parts).collect();
            let parts = read(&records).unwrap().parts(None);
            prop_assert!(parts.length() <= 2 * MIN_PART + 7);
        }
    }
}
