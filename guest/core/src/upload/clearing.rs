//! Clearing away what was begun and does not become an object, and the ends of a job.
//!
//! What could not be aborted stays in the journal, so that another run aborts it.

use super::job::{Length, Outcome};
use super::record::{CROWDED, Journal, MOST_LEFT, Record};
use super::request::Purpose;
use super::stage::Stage;
use super::{Action, Upload};
use crate::clock::{self, Now};
use crate::error::{Error, ErrorKind};
use crate::s3::UploadId;
use crate::s3::listing::Marker;
use crate::s3::multipart::{Unfinished, UnfinishedPage};

/// After so many new beginnings something else is wrong.
const MOST_RESTARTS: u8 = 2;

/// What was begun without our learning its id was begun while we tried, give or take so many
/// seconds: for attempts that took their time, and clocks that differ.
const STRAY_MARGIN: i64 = 900;

/// So many pages of a bucket's unfinished uploads are looked through; S3 puts 200 on each.
const MOST_PAGES: u8 = 50;

/// What to do about uploads that the role may not abort.
const PARTS_STAY: &str = "parts that were uploaded stay in the bucket, since the role lacks \
    s3:AbortMultipartUpload; `sealift unfinished abort` with a role that has it removes them, and so does a \
    lifecycle rule with AbortIncompleteMultipartUpload";

/// Uploads that are no longer wanted.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    /// Still to be aborted in this run.
    condemned: Vec<UploadId>,
    /// Could not be aborted in this run, and another one tries.
    stuck: Vec<UploadId>,
    /// Whether there are others that the role may not abort.
    kept: bool,
    /// Others may have been begun since then, in seconds since 1970, and we do not know their ids.
    strays: Option<i64>,
}

impl Leftovers {
    /// What an earlier run could not clear away.
    pub(super) fn of(journal: &mut Journal) -> Self {
        Self {
            condemned: std::mem::take(&mut journal.left),
            stuck: Vec::new(),
            kept: false,
            strays: journal.strays,
        }
    }

    /// The upload is to be aborted.
    pub(super) fn condemn(&mut self, upload: UploadId) {
        if !self.condemned.contains(&upload) {
            self.condemned.push(upload);
        }
    }

    /// Whether so many are to be aborted that others have to wait for another run.
    fn is_full(&self) -> bool {
        self.condemned.len() >= MOST_LEFT
    }

    /// Something may be left over that was begun since then.
    pub(super) fn strayed(&mut self, since: i64) {
        self.strays = Some(self.strays.map_or(since, |earlier| earlier.min(since)));
    }

    /// What could not be aborted is tried once more.
    fn reconsider(&mut self) {
        self.condemned.append(&mut self.stuck);
    }

    /// What another run has to know.
    fn records(&self) -> Vec<Record> {
        let left = self.stuck.iter().chain(&self.condemned);
        let left = left.map(|upload| Record::Left {
            upload_id: upload.as_str().to_owned(),
        });
        let strays = self.strays.map(|since| Record::Strays { since });
        strays.into_iter().chain(left).collect()
    }
}

impl Upload {
    /// Looks for what was begun without our learning its id.
    pub(super) fn sweep(&mut self) {
        let (after, page) = (None, 1);
        self.exchanges.open(Purpose::Sweep { after, page });
    }

    /// Takes in a page of unfinished uploads.
    pub(super) fn swept(&mut self, found: UnfinishedPage, page: u8, now: Now) {
        let since = self.leftovers.strays.unwrap_or(i64::MAX);
        let window = since.saturating_sub(STRAY_MARGIN)
            ..=clock::unix_seconds(now.wall).saturating_add(STRAY_MARGIN);
        let ours = |upload: &Unfinished| {
            upload.key == self.job.destination.key.as_str()
                && i64::try_from(upload.initiated).is_ok_and(|begun| window.contains(&begun))
        };
        let orphans: Vec<_> = found.uploads.into_iter().filter(ours).collect();
        for orphan in orphans {
            if !self.leftovers.is_full() {
                self.leftovers.condemn(orphan.upload);
            }
        }
        match found.next {
            _ if self.leftovers.is_full() => self.not_looked_through(now),
            Some(next) if page < MOST_PAGES => self.sweep_on(next, page + 1),
            Some(_) => self.not_looked_through(now),
            None => {
                self.leftovers.strays = None;
                self.looked_through(now);
            }
        }
    }

    fn not_looked_through(&mut self, now: Now) {
        let message = format!(
            "`{}` has more unfinished multipart uploads than are looked through",
            self.job.destination
        );
        let error = Error::new(ErrorKind::TooLarge, message);
        self.exchanges.note(error);
        self.looked_through(now);
    }

    fn sweep_on(&mut self, after: Marker, page: u8) {
        let after = Some(after);
        self.exchanges.open(Purpose::Sweep { after, page });
    }

    /// They cannot be looked for. Where the role may not, the bucket's lifecycle rule will have to,
    /// and that is told; otherwise another run looks.
    pub(super) fn not_swept(&mut self, error: Error, now: Now) {
        if refused(&error) {
            self.leftovers.strays = None;
        }
        self.tell("list the multipart uploads of", error);
        self.looked_through(now);
    }

    fn looked_through(&mut self, now: Now) {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Clearing) {
            Stage::Tidying(result) => Stage::Leaving(result),
            _ => Stage::Clearing,
        };
        self.cleared(now);
    }

    /// An upload could not be aborted. Where the role may not, the bucket's lifecycle rule will, and
    /// that is told; otherwise another run will.
    pub(super) fn not_aborted(&mut self, upload: UploadId, error: Error, now: Now) {
        if error.kind != ErrorKind::NotFound {
            if refused(&error) {
                self.leftovers.kept = true;
            } else {
                self.leftovers.stuck.push(upload);
            }
            self.tell("abort the multipart upload of", error);
        }
        self.cleared(now);
    }

    /// Notes why something is left over. A refusal of the store says itself what it refused; an answer that
    /// breaks off does not.
    fn tell(&mut self, what: &str, error: Error) {
        let refused = error.code.is_some() || error.status.is_some_and(|status| status >= 300);
        let message = if refused {
            error.message
        } else {
            let place = &self.job.destination;
            format!("cannot {what} `{place}`: {}", error.message)
        };
        self.exchanges.note(Error { message, ..error });
    }

    /// One thing less to clear away.
    pub(super) fn cleared(&mut self, now: Now) {
        if self.abort_next() {
            return;
        }
        self.forget();
        match &self.stage {
            Stage::Leaving(result) | Stage::Tidying(result) => {
                let result = result.clone();
                self.end(result);
            }
            _ => self.begin(now),
        }
    }

    fn abort_next(&mut self) -> bool {
        let next = self.leftovers.condemned.pop();
        let purpose = next.map(|upload| Purpose::Abort { upload });
        purpose.map(|abort| self.exchanges.open(abort)).is_some()
    }

    /// The journal keeps what is left over, and nothing else. It is not emptied before that is written,
    /// lest a crash between the two forgets all.
    pub(super) fn forget(&mut self) {
        let left = self.leftovers.records();
        let most = if left.is_empty() { 0 } else { CROWDED };
        if self.entries > most {
            self.entries = 0;
            self.queue.push_back(Action::Reset);
        }
        if !left.is_empty() {
            self.append(&Record::Over { left: left.len() });
        }
        for record in &left {
            self.append(record);
        }
    }

    /// Begins everything anew, a few times at most. A stream cannot be begun anew.
    pub(super) fn restart(&mut self, error: Error, now: Now) {
        if self.restarts == MOST_RESTARTS || self.job.length == Length::Stream {
            return self.leave(error);
        }
        self.restarts += 1;
        let gone = is_gone(&error);
        self.exchanges.note(error);
        self.exchanges.clear();
        self.queue.push_back(Action::Cut);
        self.stage = Stage::Clearing;
        if let Some(upload) = self.multipart.take().filter(|_| !gone) {
            self.leftovers.condemn(upload.id);
        }
        self.cleared(now);
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
        let over = matches!(self.stage, Stage::Leaving(_) | Stage::Tidying(_));
        if for_good || over || self.job.length == Length::Stream {
            self.leave(error);
        } else {
            self.end(Err(error));
        }
    }

    /// Ends the job and aborts what it began. One that had ended has the end that it had.
    pub(super) fn leave(&mut self, error: Error) {
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
        self.leftovers.condemn(upload.id);
        self.abort_next();
    }

    /// The object is there. What is left over is cleared away, and what attempts to begin its upload
    /// may have left is looked for.
    pub(super) fn done(&mut self, outcome: Outcome) {
        self.leftovers.reconsider();
        if self.leftovers.strays.is_some() {
            self.stage = Stage::Tidying(Ok(outcome));
            return self.sweep();
        }
        if self.abort_next() {
            self.stage = Stage::Leaving(Ok(outcome));
            return;
        }
        self.forget();
        self.end(Ok(outcome));
    }

    pub(super) fn end(&mut self, mut result: Result<Outcome, Error>) {
        match &mut result {
            Err(error) => {
                if self.leftovers.kept && error.cure.is_none() {
                    error.cure = Some(PARTS_STAY.to_owned());
                }
                self.exchanges.note(error.clone());
            }
            // Clearing away may have failed since the object was made.
            Ok(Outcome::Stored(object) | Outcome::AlreadyThere(object)) => {
                object.failures = self.exchanges.failures().to_vec();
            }
        }
        self.stage = Stage::Done(result);
    }
}

/// Whether the store says that there is no such upload.
pub(super) fn is_gone(error: &Error) -> bool {
    error.code.as_deref() == Some("NoSuchUpload")
}

/// Whether the store itself does not allow it; the host may do so another time.
fn refused(error: &Error) -> bool {
    error.kind == ErrorKind::Denied && error.status.is_some()
}
