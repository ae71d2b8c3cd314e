//! What the end of each request means for the job.

use super::clearing::is_gone;
use super::job::{Length, Outcome, Uploaded};
use super::parts::StoredPart;
use super::record::Record;
use super::request::{Found, Object, Purpose, Receipt};
use super::stage::{Stage, Why};
use super::{Action, Upload};
use crate::checksum::{Algorithm, Digest};
use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::exchange::Finished;
use crate::s3::UploadId;
use crate::s3::multipart::{ObjectChecksum, PartPage};

/// What is said where a condition may have failed for an object of our own.
const CANNOT_BE_TOLD: &str = "; whether an attempt before made the object cannot be told";

impl Upload {
    /// A request came to its end.
    pub(super) fn finished(&mut self, finished: Finished<Purpose, Receipt>, now: Now) {
        let Finished {
            purpose,
            attempts,
            result,
        } = finished;
        match (purpose, result) {
            (Purpose::Find, Ok(Receipt::Found(found))) => self.found(found, now),
            (Purpose::Find, Err(error)) => self.unknown(error, now),
            (Purpose::Sweep { page, .. }, Ok(Receipt::Unfinished(found))) => {
                self.swept(found, page, now);
            }
            (Purpose::Sweep { .. }, Err(error)) => self.not_swept(error, now),
            (Purpose::Abort { upload }, Err(error)) => self.not_aborted(upload, error, now),
            (Purpose::Abort { .. }, Ok(Receipt::Aborted)) => self.cleared(now),
            (Purpose::Put { length }, Ok(Receipt::Stored(object))) => self.stored(object, length),
            (Purpose::Create, Ok(Receipt::Created(id))) => self.created(id, attempts == 1),
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
        let length = match (&why, self.job.length) {
            (&Why::Unsure { length, .. }, _) | (Why::Skip, Length::Known(length)) => length,
            (Why::New, _) | (Why::Skip, Length::Stream) => return self.different(why, now),
        };
        let same_length = found.length == Some(length);
        let sent = self.multipart.as_ref().filter(|it| it.parts.complete());
        match found.checksum.clone().filter(|_| same_length) {
            Some(ObjectChecksum::FullObject(stored)) => {
                let algorithm = stored.algorithm();
                let sent = sent.and_then(|upload| upload.parts.combined(algorithm));
                self.compare_whole(why, found, algorithm, sent, length, now);
            }
            Some(stored @ ObjectChecksum::Composite(..)) => {
                let algorithm = stored.algorithm();
                let sent = sent.and_then(|upload| upload.parts.composite(algorithm));
                self.compare(why, found, sent.as_ref(), now);
            }
            None => self.different(why, now),
        }
    }

    /// Compares the checksum of all bytes with that of what was `sent`, or of the payload.
    fn compare_whole(
        &mut self,
        why: Why,
        found: Found,
        algorithm: Algorithm,
        sent: Option<Digest>,
        length: u64,
        now: Now,
    ) {
        // The parts of a stream cannot be read again; what one `PUT` carried still can.
        let released = self.job.length == Length::Stream && self.multipart.is_some();
        if sent.is_some() || released {
            let sent = sent.map(ObjectChecksum::FullObject);
            return self.compare(why, found, sent.as_ref(), now);
        }
        self.queue.push_back(Action::Digest {
            algorithm,
            range: 0..length,
        });
        let found = Box::new(found);
        self.stage = Stage::Comparing { why, found };
    }

    /// Takes in the payload's checksum that is to be compared.
    pub(super) fn compared(&mut self, digest: Result<Digest, Error>, now: Now) {
        let Stage::Comparing { why, found } = &self.stage else {
            return;
        };
        let (why, found) = (why.clone(), Found::clone(found));
        match digest {
            Ok(digest) => {
                let ours = ObjectChecksum::FullObject(digest);
                self.compare(why, found, Some(&ours), now);
            }
            Err(error) => self.give_up(error),
        }
    }

    fn compare(&mut self, why: Why, found: Found, ours: Option<&ObjectChecksum>, now: Now) {
        if ours.is_none() || found.checksum.as_ref() != ours {
            return self.different(why, now);
        }
        // Whoever made the object: the upload that should have is over, or is not needed.
        let over = matches!(&why, Why::Unsure { error, .. } if is_gone(error));
        if let Some(upload) = self.multipart.take().filter(|_| !over) {
            self.leftovers.condemn(upload.id);
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
        if matches!(why, Why::Unsure { .. }) && tells_nothing(error.kind) {
            return self.give_up(error);
        }
        // A look that only saves bytes needs no leave to be worth a word: the condition decides in the
        // end. Without s3:ListBucket AWS answers 403 also where there is nothing.
        let optional = matches!(why, Why::New) && !tells_nothing(error.kind);
        if error.kind != ErrorKind::NotFound && !optional {
            self.exchanges.note(error);
        }
        self.not_shown(why, now);
    }

    /// What is there is not, or cannot be shown to be, what we have.
    fn different(&mut self, why: Why, now: Now) {
        let refused = |why: &Why| matches!(why, Why::Unsure { error, .. } if error.kind == ErrorKind::PreconditionFailed);
        if !self.job.options.must_be_new() || refused(&why) {
            return self.not_shown(why, now);
        }
        let doubt = match why {
            Why::Unsure { .. } => CANNOT_BE_TOLD,
            Why::Skip | Why::New => "",
        };
        let message = format!(
            "`{}` is there already, and was to be new{doubt}",
            self.job.destination
        );
        self.leave(Error::new(ErrorKind::PreconditionFailed, message));
    }

    /// Nothing shows that the object is there.
    fn not_shown(&mut self, why: Why, now: Now) {
        match why {
            Why::Skip | Why::New => self.upload(now),
            Why::Unsure { error, .. } if error.kind == ErrorKind::PreconditionFailed => {
                let message = format!("{}{CANNOT_BE_TOLD}", error.message);
                self.leave(Error { message, ..error });
            }
            Why::Unsure { error, .. } => self.restart(error, now),
        }
    }

    /// Compares what the journal knows with what the store has.
    fn reconcile(&mut self, upload: UploadId, page: PartPage) {
        let Stage::Reconciling { listed } = &mut self.stage else {
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

    /// The store does not say which parts it has, because the role may not ask or the store cannot
    /// tell: the journal is trusted. Should it be wrong, the completion is refused.
    fn not_listed(&mut self, error: Error, now: Now) {
        if tells_nothing(error.kind) || is_nowhere(&error) {
            return self.give_up(error);
        }
        if error.kind != ErrorKind::NotFound {
            self.exchanges.note(error);
            self.stage = Stage::Sending;
            return;
        }
        match self.job.length {
            Length::Known(length) if self.may_be_completed() => {
                self.look(Why::Unsure { error, length });
            }
            _ => self.restart(error, now),
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

    /// Whether an earlier run may have completed the upload.
    fn may_be_completed(&self) -> bool {
        let upload = self.multipart.as_ref();
        upload.is_some_and(|upload| upload.completing)
    }

    /// Whether a completion failed since its condition wants an object that is not there, which S3
    /// says with this code and a missing upload with another.
    fn wants_missing(&self, error: &Error) -> bool {
        self.job.options.must_match() && has_code(error, "NoSuchKey")
    }

    /// A request failed for good.
    fn failed(&mut self, purpose: &Purpose, attempts: u8, error: Error, now: Now) {
        let gone = error.kind == ErrorKind::NotFound && !is_nowhere(&error);
        let repeated = attempts > 1;
        let refused = matches!(error.status, Some(400..=499));
        let unheard = repeated || self.may_be_completed();
        match (purpose, error.kind) {
            (Purpose::Part { .. }, _) if gone => self.restart(error, now),
            (Purpose::Complete { .. }, _) if gone && self.wants_missing(&error) => {
                self.leave(error);
            }
            (&Purpose::Complete { length, .. }, _) if gone => {
                self.look(Why::Unsure { error, length });
            }
            (Purpose::Complete { .. }, _) if is_of_parts(&error) => self.restart(error, now),
            // Nothing goes on with them, not even with another part size.
            (Purpose::Complete { .. }, _) if has_code(&error, "EntityTooSmall") => {
                self.leave(error);
            }
            (
                &(Purpose::Put { length } | Purpose::Complete { length, .. }),
                ErrorKind::PreconditionFailed,
            ) if unheard => self.look(Why::Unsure { error, length }),
            (Purpose::Create, _) if !repeated && refused => {
                // Nothing was begun that would have to be looked for.
                self.forget();
                self.give_up(error);
            }
            _ => self.give_up(error),
        }
    }
}

/// Whether a refused completion says of the parts that no object can be made of them. Any other
/// refusal leaves them as they were, for another time or by another hand. A checksum that does not
/// match is theirs too: each arrived as it was sent, and together they are not the payload.
fn is_of_parts(error: &Error) -> bool {
    const CODES: [&str; 3] = [
        "ConditionalRequestConflict",
        "InvalidPart",
        "InvalidPartOrder",
    ];
    error.kind == ErrorKind::Integrity || CODES.iter().any(|code| has_code(error, code))
}

fn has_code(error: &Error, code: &str) -> bool {
    error.code.as_deref() == Some(code)
}

/// Whether a failure says nothing about what the store has or can do: another time it may say more.
fn tells_nothing(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Network
            | ErrorKind::Timeout
            | ErrorKind::Unavailable
            | ErrorKind::Throttled
            | ErrorKind::ExpiredCredentials
            | ErrorKind::ClockSkew
            | ErrorKind::Cancelled
            | ErrorKind::SourceChanged
            | ErrorKind::Internal
    )
}

/// Whether there is not even a bucket.
fn is_nowhere(error: &Error) -> bool {
    has_code(error, "NoSuchBucket")
}
