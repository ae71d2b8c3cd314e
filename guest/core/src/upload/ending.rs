//! What the end of each request means for the job.

use super::exchange::Finished;
use super::job::{Length, Outcome, Uploaded};
use super::parts::StoredPart;
use super::record::Record;
use super::request::{Found, Object, Purpose, Receipt};
use super::stage::{Stage, Why};
use super::{Action, Upload};
use crate::checksum::Digest;
use crate::clock::{self, Now};
use crate::error::{Error, ErrorKind};
use crate::s3::UploadId;
use crate::s3::multipart::{PartPage, Unfinished, UnfinishedPage};

/// After so many new beginnings something else is wrong.
const MOST_RESTARTS: u8 = 2;

/// What was begun without our learning its id was begun while we tried, give or take so many
/// seconds: for attempts that took their time, and clocks that differ.
const STRAY_MARGIN: i64 = 900;

impl Upload {
    /// A request came to its end.
    pub(super) fn finished(&mut self, finished: Finished, now: Now) {
        let Finished {
            purpose,
            attempts,
            result,
        } = finished;
        match (purpose, result) {
            (Purpose::Find, Ok(Receipt::Found(found))) => self.found(found, now),
            (Purpose::Find, Err(error)) => self.unknown(error, now),
            (Purpose::Sweep, Ok(Receipt::Unfinished(page))) => self.sweep(page, now),
            (Purpose::Sweep | Purpose::Abort { .. }, Err(error)) => self.left_behind(error, now),
            (Purpose::Abort { .. }, Ok(Receipt::Aborted)) => self.cleared(now),
            (Purpose::Put { length }, Ok(Receipt::Stored(object))) => self.stored(object, length),
            (Purpose::Create, Ok(Receipt::Created(id))) => self.created(id, attempts == 1, now),
            (Purpose::List { upload, .. }, Ok(Receipt::Parts(page))) => {
                self.reconcile(upload, page);
            }
            (Purpose::List { .. }, Err(error)) => self.not_listed(error, now),
            (Purpose::Part { number, range, .. }, Ok(Receipt::Part { etag, checksum })) => {
                let length = range.end - range.start;
                if self.job.length == Length::Stream {
                    self.queue.push_back(Action::Release(range));
                } else {
                    self.append(&Record::part(number, &etag, checksum.as_ref()));
                }
                if let Some(upload) = &mut self.multipart {
                    let part = StoredPart {
                        length,
                        etag,
                        checksum,
                    };
                    upload.parts.store(number, part);
                }
            }
            (Purpose::Complete { length, .. }, Ok(Receipt::Stored(object))) => {
                self.stored(object, length);
            }
            (purpose, Err(error)) => self.failed(&purpose, attempts, error, now),
            (purpose, Ok(receipt)) => {
                let message = format!("{receipt:?} answers {purpose:?}");
                self.give_up(Error::new(ErrorKind::Internal, message));
            }
        }
    }

    /// The store says what is there: whether it is the same, its length and a checksum tell.
    fn found(&mut self, found: Found, now: Now) {
        let Stage::Looking(why) = &self.stage else {
            return;
        };
        let why = why.clone();
        let length = match (self.job.length, &self.multipart) {
            (Length::Known(length), _) => Some(length),
            (Length::Stream, upload) => upload.as_ref().map(|upload| upload.parts.length()),
        };
        let Some(stored) = found.checksum.clone().filter(|_| found.length == length) else {
            return self.different(why, now);
        };
        let sent = self.multipart.as_ref();
        let sent = sent.and_then(|upload| upload.parts.combined(stored.algorithm()));
        match (sent, self.job.length) {
            (Some(sent), _) => self.compare(why, found, &sent, now),
            (None, Length::Known(length)) => {
                self.queue.push_back(Action::Digest {
                    algorithm: stored.algorithm(),
                    range: 0..length,
                });
                let found = Box::new(found);
                self.stage = Stage::Comparing { why, found };
            }
            (None, Length::Stream) => self.different(why, now),
        }
    }

    /// Takes in the payload's checksum that is to be compared.
    pub(super) fn compared(&mut self, digest: Result<Digest, Error>, now: Now) {
        let Stage::Comparing { why, found } = &self.stage else {
            return;
        };
        let (why, found) = (why.clone(), Found::clone(found));
        match digest {
            Ok(digest) => self.compare(why, found, &digest, now),
            Err(error) => self.give_up(error),
        }
    }

    fn compare(&mut self, why: Why, found: Found, ours: &Digest, now: Now) {
        if found.checksum.as_ref() != Some(ours) {
            return self.different(why, now);
        }
        let bytes = found.length.unwrap_or(0);
        let uploaded = self.uploaded(found.object, bytes);
        self.done(Outcome::AlreadyThere(uploaded));
    }

    /// The store has no such object, or does not say.
    fn unknown(&mut self, error: Error, now: Now) {
        let Stage::Looking(why) = &self.stage else {
            return;
        };
        let why = why.clone();
        if error.kind != ErrorKind::NotFound {
            self.exchanges.note(error);
        }
        self.different(why, now);
    }

    /// What is there is not, or cannot be shown to be, what we have.
    fn different(&mut self, why: Why, now: Now) {
        match why {
            Why::Skip => self.upload(now),
            Why::Unsure(error) if error.kind == ErrorKind::PreconditionFailed => {
                let message = format!(
                    "{}; whether an attempt before made the object cannot be told",
                    error.message
                );
                self.leave(Error { message, ..error });
            }
            Why::Unsure(error) => self.restart(error, now),
        }
    }

    /// Aborts what an earlier run began without learning its id.
    fn sweep(&mut self, page: UnfinishedPage, now: Now) {
        let (since, next) = match &self.stage {
            Stage::Sweeping { since } => (Some(*since), Stage::Clearing),
            Stage::Tidying(result) => (self.strays, Stage::Leaving(result.clone())),
            _ => return,
        };
        let since = since.unwrap_or(0);
        let window = since.saturating_sub(STRAY_MARGIN)
            ..=clock::unix_seconds(now.wall).saturating_add(STRAY_MARGIN);
        let ours = |upload: &Unfinished| {
            upload.key == self.job.destination.key.as_str()
                && i64::try_from(upload.initiated).is_ok_and(|begun| window.contains(&begun))
        };
        self.stage = next;
        let orphans = page.uploads.into_iter().filter(ours);
        self.condemned = orphans.map(|orphan| orphan.upload).collect();
        self.cleared(now);
    }

    /// An upload could not be aborted: the bucket's lifecycle rule will, and that is told.
    fn left_behind(&mut self, error: Error, now: Now) {
        match error.kind {
            ErrorKind::NotFound => {}
            ErrorKind::Denied => self.exchanges.note(error),
            _ => {
                self.may_have_strays(now);
                self.exchanges.note(error);
            }
        }
        self.cleared(now);
    }

    /// One thing less to clear away.
    fn cleared(&mut self, now: Now) {
        if let Some(upload) = self.condemned.pop() {
            return self.exchanges.open(Purpose::Abort { upload });
        }
        match &self.stage {
            Stage::Leaving(result) | Stage::Tidying(result) => {
                let result = result.clone();
                // A job that failed is tried again, and then finds what is left over.
                if result.is_ok() || self.strays.is_none() {
                    self.queue.push_back(Action::Reset);
                }
                self.end(result);
            }
            _ => {
                self.queue.push_back(Action::Reset);
                self.begin(now);
            }
        }
    }

    /// Compares what the journal knows with what the store has.
    fn reconcile(&mut self, upload: UploadId, page: PartPage) {
        let Stage::Reconciling { listed, .. } = &mut self.stage else {
            return;
        };
        listed.extend(page.parts);
        if page.next.is_some() {
            let after = page.next;
            return self.exchanges.open(Purpose::List { upload, after });
        }
        let listed = std::mem::take(listed);
        if let Some(multipart) = &mut self.multipart {
            multipart.parts.retain(|number, part| {
                // Pages are in ascending order; what is not found here is only sent again.
                let found = listed.binary_search_by_key(&number, |listed| listed.number);
                found.is_ok_and(|index| {
                    listed[index].size == part.length
                        && listed[index].etag.trim_matches('"') == part.etag.trim_matches('"')
                })
            });
        }
        self.stage = Stage::Sending;
    }

    /// The store does not say which parts it has. A role that may only put objects trusts its
    /// journal.
    fn not_listed(&mut self, error: Error, now: Now) {
        let Stage::Reconciling { completing, .. } = self.stage else {
            return;
        };
        match error.kind {
            ErrorKind::Denied | ErrorKind::Unsupported => {
                self.exchanges.note(error);
                self.stage = Stage::Sending;
            }
            ErrorKind::NotFound if completing => self.look(Why::Unsure(error)),
            ErrorKind::NotFound => self.restart(error, now),
            _ => self.give_up(error),
        }
    }

    fn stored(&mut self, object: Object, length: u64) {
        let uploaded = self.uploaded(object, length);
        self.done(Outcome::Stored(uploaded));
    }

    fn uploaded(&self, object: Object, bytes: u64) -> Uploaded {
        Uploaded {
            etag: object.etag,
            checksum: object.checksum,
            version_id: object.version_id,
            bytes,
            attempts: self.exchanges.carried(),
            failures: self.exchanges.failures().to_vec(),
        }
    }

    /// A request failed for good.
    fn failed(&mut self, purpose: &Purpose, attempts: u8, error: Error, now: Now) {
        let gone = error.code.as_deref() == Some("NoSuchUpload");
        let repeated = attempts > 1;
        let refused = matches!(error.status, Some(400..=499));
        match (purpose, error.kind) {
            (Purpose::Part { .. }, ErrorKind::NotFound) if gone => self.restart(error, now),
            (Purpose::Complete { .. }, ErrorKind::NotFound) if gone => {
                self.look(Why::Unsure(error));
            }
            (
                Purpose::Complete { .. },
                ErrorKind::Conflict | ErrorKind::Integrity | ErrorKind::InvalidInput,
            ) => self.restart(error, now),
            (Purpose::Put { .. } | Purpose::Complete { .. }, ErrorKind::PreconditionFailed)
                if repeated =>
            {
                self.look(Why::Unsure(error));
            }
            (Purpose::Create, _) if !repeated && refused && self.strays.is_none() => {
                // Nothing was begun that would have to be looked for.
                self.queue.push_back(Action::Reset);
                self.give_up(error);
            }
            _ => self.give_up(error),
        }
    }

    /// Begins everything anew, a few times at most. A stream cannot be begun anew.
    fn restart(&mut self, error: Error, now: Now) {
        if self.restarts == MOST_RESTARTS || self.job.length == Length::Stream {
            return self.leave(error);
        }
        self.restarts += 1;
        let gone = error.kind == ErrorKind::NotFound;
        self.exchanges.note(error);
        self.exchanges.clear();
        self.queue.push_back(Action::Cut);
        self.stage = Stage::Clearing;
        match self.multipart.take() {
            Some(upload) if !gone => self.exchanges.open(Purpose::Abort { upload: upload.id }),
            _ => self.cleared(now),
        }
    }

    /// Ends the job. What can go on later stays; what cannot is aborted.
    pub(super) fn give_up(&mut self, error: Error) {
        let for_good = matches!(
            error.kind,
            ErrorKind::Cancelled
                | ErrorKind::SourceChanged
                | ErrorKind::TooLarge
                | ErrorKind::PreconditionFailed
        );
        if for_good || self.job.length == Length::Stream {
            self.leave(error);
        } else {
            self.end(Err(error));
        }
    }

    /// Ends the job and aborts what it began.
    fn leave(&mut self, error: Error) {
        if let Stage::Leaving(first) | Stage::Tidying(first) = &self.stage {
            let first = first.clone();
            return self.end(first);
        }
        self.exchanges.clear();
        self.queue.push_back(Action::Cut);
        let Some(upload) = self.multipart.take() else {
            return self.end(Err(error));
        };
        self.stage = Stage::Leaving(Err(error));
        self.exchanges.open(Purpose::Abort { upload: upload.id });
    }

    /// The object is there. What attempts to begin its upload may have left is looked for.
    fn done(&mut self, outcome: Outcome) {
        if self.strays.is_some() {
            self.stage = Stage::Tidying(Ok(outcome));
            return self.exchanges.open(Purpose::Sweep);
        }
        if self.written {
            self.queue.push_back(Action::Reset);
        }
        self.end(Ok(outcome));
    }

    fn end(&mut self, mut result: Result<Outcome, Error>) {
        match &mut result {
            Err(error) => self.exchanges.note(error.clone()),
            // Clearing away may have failed since the object was made.
            Ok(Outcome::Stored(object) | Outcome::AlreadyThere(object)) => {
                object.failures = self.exchanges.failures().to_vec();
            }
        }
        self.stage = Stage::Done(result);
    }
}
