//! Where a job stands, and where it goes from there.

use std::ops::Range;

use super::clearing::Leftovers;
use super::job::{Length, Outcome};
use super::parts::{MIN_PART, Part, Parts, part_size};
use super::record::{Journal, Past, Record};
use super::request::{Found, Purpose};
use super::{Action, Multipart, Upload};
use crate::clock::{self, Now};
use crate::error::{Error, ErrorKind};
use crate::s3::UploadId;
use crate::s3::multipart::StoredPart;

/// Where a job stands.
#[derive(Debug)]
pub(super) enum Stage {
    /// The journal is being read.
    Loading,
    /// Uploads that an earlier run left behind are looked for.
    Sweeping,
    /// Uploads that an earlier run left behind are being aborted.
    Clearing,
    /// The store is asked what it has under the object's key.
    Looking(Why),
    /// The payload's checksum is computed, to compare it with that of the object.
    Comparing { why: Why, found: Box<Found> },
    /// Of a stream: so much is taken that one `PUT` would not do, or all.
    Peeking { pieces: Vec<Range<u64>> },
    /// One `PUT` makes the object.
    Putting,
    /// A multipart upload is being created.
    Creating {
        peeked: Vec<Range<u64>>,
        /// When that began, in seconds since 1970.
        since: i64,
    },
    /// The store is asked which parts it has.
    Reconciling { listed: Vec<StoredPart> },
    /// Parts are being sent.
    Sending,
    /// The object is being made of its parts.
    Completing,
    /// The job has ended like this, and what it may have begun beside is looked for.
    Tidying(Result<Outcome, Error>),
    /// The job has ended like this, and what it began is being aborted.
    Leaving(Result<Outcome, Error>),
    /// Nothing more to do.
    Done(Result<Outcome, Error>),
}

/// Why the store is asked what it has.
#[derive(Debug, Clone)]
pub(super) enum Why {
    /// The same object need not be sent.
    Skip,
    /// The object must be new: one that is there need not be found out by sending all of it.
    New,
    /// A request may have made the object, of so many bytes, although it failed like this.
    Unsure { error: Error, length: u64 },
}

impl Upload {
    /// Begins what can begin now. False if only an answer or the time brings the job on.
    pub(super) fn proceed(&mut self) -> bool {
        match &self.stage {
            Stage::Peeking { .. } => self.peek(),
            Stage::Sending => self.send_parts(),
            _ => false,
        }
    }

    /// Takes in the journal. One that cannot be read is none: the upload then begins anew, and could
    /// not be resumed.
    pub(super) fn loaded(&mut self, entries: Result<Vec<Vec<u8>>, Error>, now: Now) {
        let entries = entries.unwrap_or_else(|error| {
            self.journaled = false;
            self.exchanges.note(error);
            Vec::new()
        });
        if entries.is_empty() {
            return self.begin(now);
        }
        self.entries = entries.len();
        let mut journal = Journal::read(&entries);
        self.leftovers = Leftovers::of(&mut journal);
        let Some(past) = journal.past else {
            self.stage = Stage::Clearing;
            return self.cleared(now);
        };
        let upload = past.upload_id.as_deref().map(str::parse::<UploadId>);
        let Some(Ok(upload)) = upload else {
            self.leftovers.strayed(past.intent.at);
            self.stage = Stage::Sweeping;
            return self.sweep();
        };
        if !past.alone {
            self.leftovers.strayed(past.intent.at);
        }
        if past.continues(&self.job.intent(now)) {
            return self.resume(upload, &past);
        }
        self.leftovers.condemn(upload);
        self.stage = Stage::Clearing;
        self.cleared(now);
    }

    fn resume(&mut self, id: UploadId, past: &Past) {
        let algorithm = self.job.checksum.map(|checksum| checksum.algorithm);
        let parts = past.parts(algorithm);
        self.exchanges.open(Purpose::List {
            upload: id.clone(),
            after: None,
        });
        self.multipart = Some(Multipart {
            id,
            parts,
            completing: past.completing,
        });
        self.stage = Stage::Reconciling { listed: Vec::new() };
    }

    /// The way from the start.
    pub(super) fn begin(&mut self, now: Now) {
        if self.job.transfer.skip_existing && self.restarts == 0 {
            return self.look(Why::Skip);
        }
        if self.job.options.must_be_new() && self.is_worth_a_look() {
            return self.look(Why::New);
        }
        self.upload(now);
    }

    /// Whether there is more to send than a part: for less, a question first would cost more than
    /// it can save.
    fn is_worth_a_look(&self) -> bool {
        match self.job.length {
            Length::Known(length) => length > MIN_PART,
            Length::Stream => true,
        }
    }

    pub(super) fn look(&mut self, why: Why) {
        self.stage = Stage::Looking(why);
        self.exchanges.open(Purpose::Find);
    }

    pub(super) fn upload(&mut self, now: Now) {
        match self.job.length {
            Length::Known(length) if length == 0 || length < self.job.transfer.threshold => {
                self.put(length);
            }
            Length::Known(_) => self.create(Vec::new(), now),
            Length::Stream => self.stage = Stage::Peeking { pieces: Vec::new() },
        }
    }

    fn put(&mut self, length: u64) {
        self.stage = Stage::Putting;
        self.exchanges.open(Purpose::Put { length });
    }

    /// Takes pieces of the stream until there are too many for one `PUT`.
    fn peek(&mut self) -> bool {
        self.queue.push_back(Action::Acquire {
            length: self.job.transfer.part_size,
        });
        true
    }

    /// Takes in a piece of the stream.
    pub(super) fn acquired(&mut self, piece: Result<Option<Range<u64>>, Error>, now: Now) {
        let piece = match piece {
            Ok(piece) => piece,
            Err(error) => return self.not_acquired(error),
        };
        match (&mut self.stage, piece) {
            (Stage::Peeking { pieces }, Some(range)) => {
                pieces.push(range);
                let held = pieces.iter().map(|range| range.end - range.start);
                if held.sum::<u64>() >= self.job.transfer.threshold {
                    let pieces = std::mem::take(pieces);
                    self.create(pieces, now);
                }
            }
            (Stage::Peeking { pieces }, None) => {
                let end = pieces.last().map_or(0, |range| range.end);
                self.put(end);
            }
            (Stage::Sending, piece) => {
                let taken = self
                    .multipart
                    .as_mut()
                    .map(|upload| upload.parts.take(piece));
                if let Some(Err(error)) = taken {
                    self.give_up(error);
                }
            }
            _ => {}
        }
    }

    /// The host has no room for more, perhaps only until a part under way is stored.
    fn not_acquired(&mut self, error: Error) {
        let under_way = matches!(self.stage, Stage::Sending) && self.exchanges.len() > 0;
        match &mut self.multipart {
            Some(upload) if under_way && error.kind == ErrorKind::TooLarge => upload.parts.hold(),
            _ => self.give_up(error),
        }
    }

    fn create(&mut self, peeked: Vec<Range<u64>>, now: Now) {
        if let Length::Known(length) = self.job.length {
            match part_size(length, self.job.transfer.part_size) {
                Ok(size) => self.job.transfer.part_size = size,
                Err(error) => return self.give_up(error),
            }
        }
        self.append(&Record::Intent(self.job.intent(now)));
        let since = clock::unix_seconds(now.wall);
        self.stage = Stage::Creating { peeked, since };
        self.exchanges.open(Purpose::Create);
    }

    /// The store knows the upload.
    pub(super) fn created(&mut self, id: UploadId, alone: bool) {
        let Stage::Creating { peeked, since } = &mut self.stage else {
            return;
        };
        let (peeked, since) = (std::mem::take(peeked), *since);
        if !alone {
            self.leftovers.strayed(since);
        }
        self.append(&Record::Created {
            upload_id: id.as_str().to_owned(),
            alone,
        });
        let size = self.job.transfer.part_size;
        let mut parts = match self.job.length {
            Length::Known(length) => Parts::of(length, size),
            Length::Stream => Parts::of_stream(size),
        };
        let taken: Result<(), Error> = peeked
            .into_iter()
            .try_for_each(|piece| parts.take(Some(piece)));
        self.multipart = Some(Multipart {
            id,
            parts,
            completing: false,
        });
        self.stage = Stage::Sending;
        if let Err(error) = taken {
            self.give_up(error);
        }
    }

    /// Fills the free places with parts, takes more of the stream, or completes.
    fn send_parts(&mut self) -> bool {
        let Some(Multipart { id, parts, .. }) = &mut self.multipart else {
            return false;
        };
        if parts.complete() {
            let id = id.clone();
            self.append(&Record::Completing);
            self.stage = Stage::Completing;
            self.complete(id);
            return true;
        }
        if self.exchanges.len() >= self.job.transfer.concurrency.get().into() {
            return false;
        }
        if let Some(Part { number, range }) = parts.next() {
            self.exchanges.open(Purpose::Part {
                upload: id.clone(),
                number,
                range,
            });
            return true;
        }
        match parts.wanted() {
            Some(length) => {
                self.queue.push_back(Action::Acquire { length });
                true
            }
            None => false,
        }
    }

    fn complete(&mut self, upload: UploadId) {
        let Some(Multipart { parts, .. }) = &self.multipart else {
            return;
        };
        let algorithm = self.job.checksum.map(|checksum| checksum.algorithm);
        let whole = algorithm.and_then(|algorithm| parts.combined(algorithm));
        let length = parts.length();
        match parts.document() {
            Ok(document) => self.exchanges.open(Purpose::Complete {
                upload,
                document,
                length,
                whole,
            }),
            Err(error) => self.give_up(error),
        }
    }
}
