//! What a job's journal says: how an upload continues in another process, or with another version
//! of this component.
//!
//! Each entry is one JSON object: a record beside the version of the format, `v`. What cannot be
//! read, or is of another version, is no reason to fail: the upload begins anew.

use std::iter::Peekable;

use serde::{Deserialize, Serialize};

use super::parts::{MAX_PART, MAX_PARTS, MIN_PART, Parts, StoredPart, known_range};
use crate::checksum::{Algorithm, Digest};
use crate::s3::{PartNumber, UploadId};

/// The version of the entries that are written and understood.
const VERSION: u8 = 1;

/// More entries of parts than any upload writes: each part, and some again.
const MOST_RECORDED: usize = 2 * MAX_PARTS as usize;

/// A journal of so many entries is emptied before more of what is left is written to it.
pub(super) const CROWDED: usize = 1000;

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
    /// Nothing of what was begun before goes on, and so many entries that follow tell all that is left
    /// of it.
    Over { left: usize },
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
        let records = entries.iter().map_while(|entry| Record::decode(entry));
        let mut records = records.peekable();
        while let Some(record) = records.next() {
            let added = match record {
                Record::Over { left } => journal.end(left, &mut records),
                record => journal.add(record),
            };
            if added.is_none() {
                break;
            }
        }
        journal
    }

    /// What was begun is over, and `count` entries tell what is left. Where a crash cut them off, all that
    /// was known before still holds, beside them.
    fn end<I>(&mut self, count: usize, records: &mut Peekable<I>) -> Option<()>
    where
        I: Iterator<Item = Record>,
    {
        let is_left =
            |record: &Record| matches!(record, Record::Left { .. } | Record::Strays { .. });
        let left: Vec<_> = (0..count).map_while(|_| records.next_if(is_left)).collect();
        if left.len() == count {
            *self = Self::default();
        }
        left.into_iter().try_for_each(|record| self.add(record))
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
            Record::Over { .. } => return None,
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
mod tests;
