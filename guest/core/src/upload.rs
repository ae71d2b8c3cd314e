//! One object, as a state machine: with one `PUT`, or as a multipart upload that goes on where an
//! earlier one ended.
//!
//! The caller asks [`Upload::next`] what to do, does it, and tells [`Upload::handle`] how it
//! went, until the action is [`Action::Done`]. Only [`Action::Send`] is answered later: several
//! requests may be under way, and are answered in any order. Every attempt asks for credentials
//! again: the host's vault answers from its cache, and what it hands out is fresh when the request
//! is signed, however long the wait before it was.

mod clearing;
mod ending;
mod job;
mod options;
mod parts;
mod protection;
mod record;
mod request;
mod stage;

use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

use http::Request;

pub use self::job::{Described, Job, MAX_PUT, Outcome, Transfer, Uploaded};
pub use self::options::Options;
pub use self::parts::{MAX_PART, MAX_PARTS, MIN_PART};
use crate::checksum::{Algorithm, Digest};
use crate::clock::Now;
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
pub use crate::exchange::RequestId;
use crate::exchange::{Ended, Exchanges, Todo};
use crate::response::Response;
use crate::retry::Policy;
use crate::s3::{Region, UploadId};
use clearing::Leftovers;
use parts::Parts;
use request::{Purpose, Receipt};
use stage::Stage;

/// What the caller is to do next.
#[derive(Debug)]
pub enum Action {
    /// Read the job's journal. Answer with [`Event::Journal`].
    Load,
    /// Add an entry to the journal, and wait until it is on disk. Answer with [`Event::Written`].
    Append(Vec<u8>),
    /// Forget all entries of the journal. Answer with [`Event::Written`].
    Reset,
    /// Get credentials. Answer with [`Event::Credentials`].
    Credentials {
        /// The access key id that the store has rejected, so that a cache drops it.
        rejected: Option<String>,
    },
    /// Compute a checksum of a range of the payload. Answer with [`Event::Digest`].
    Digest {
        /// Which one.
        algorithm: Algorithm,
        /// Of what.
        range: Range<u64>,
    },
    /// Take the next piece of the stream. Answer with [`Event::Acquired`].
    Acquire {
        /// At most so many bytes.
        length: u64,
    },
    /// These bytes of the stream are not needed again. Not answered.
    Release(Range<u64>),
    /// Tell how it goes. Answer with [`Event::GoOn`] or [`Event::Stop`].
    Report(Step),
    /// Remember, for other jobs, in which region the bucket is. Not answered.
    Remember(Region),
    /// Send a request, and go on without its answer. Where it carries bytes of the payload, the
    /// sender sets `content-length`. Answered later with [`Event::Answer`], [`Event::Failed`] or
    /// [`Event::NotSent`].
    Send {
        /// Names it in the answer.
        id: RequestId,
        /// The signed request.
        request: Request<()>,
        /// Its body.
        body: Body,
    },
    /// Cut all requests that are under way. Not answered.
    Cut,
    /// Wait for the next answer, at most until then. Answer with what came, or [`Event::Time`].
    Wait {
        /// By the monotonic clock; nothing: as long as it takes.
        until: Option<Duration>,
    },
    /// Nothing more: the object is stored, or why it is not.
    Done(Result<Outcome, Error>),
}

/// What a request carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// These bytes.
    Bytes(Vec<u8>),
    /// Bytes of the payload.
    Payload {
        /// Which.
        range: Range<u64>,
        /// How they are written.
        framing: Framing,
    },
}

/// How a payload becomes a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// As it is.
    Raw,
    /// In chunks, with the checksum computed while sending and put in the trailer.
    AwsChunked(Algorithm),
}

/// A step worth telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A request is about to be sent; 1 for its first attempt.
    Attempt(u32),
    /// An attempt failed and will be repeated.
    Retrying {
        /// Why.
        reason: String,
        /// After how long.
        delay: Duration,
    },
}

/// What has happened.
#[derive(Debug)]
pub enum Event {
    /// The journal's entries, in the order in which they were added.
    Journal(Result<Vec<Vec<u8>>, Error>),
    /// The journal was written, or could not be.
    Written(Result<(), Error>),
    /// The credentials that were asked for.
    Credentials(Result<Credentials, Error>),
    /// The checksum that was asked for.
    Digest(Result<Digest, Error>),
    /// The piece of the stream that was asked for; nothing at its end.
    Acquired(Result<Option<Range<u64>>, Error>),
    /// The store's answer to a request.
    Answer {
        /// Which request.
        id: RequestId,
        /// The whole answer.
        response: Response,
        /// The checksum that went into the trailer, in base64; for
        /// [`Framing::AwsChunked`] only, and only if the trailer was sent.
        sent_checksum: Option<String>,
    },
    /// A request did not come to an answer.
    Failed {
        /// Which request.
        id: RequestId,
        /// Why.
        error: Error,
    },
    /// A request has not left, since as many as may be are under way.
    NotSent {
        /// Which request.
        id: RequestId,
    },
    /// The time has come, and no answer.
    Time,
    /// The job goes on.
    GoOn,
    /// The job is to stop, whatever it was doing.
    Stop,
}

/// The state of one upload.
#[derive(Debug)]
pub struct Upload {
    job: Job,
    exchanges: Exchanges<Purpose>,
    stage: Stage,
    /// What is done before anything else, in order.
    queue: VecDeque<Action>,
    multipart: Option<Multipart>,
    leftovers: Leftovers,
    /// Whether the journal takes entries.
    journaled: bool,
    /// How many it has.
    entries: usize,
    /// Whether the bucket's region was learnt in this job.
    moved: bool,
    /// How often everything was begun anew.
    restarts: u8,
}

/// A multipart upload that the store knows.
#[derive(Debug)]
struct Multipart {
    id: UploadId,
    parts: Parts,
    /// Whether an earlier run may have completed it unheard.
    completing: bool,
}

impl Upload {
    /// Starts a job; `now` is the start that the policy's deadline counts from.
    pub fn new(job: Job, policy: Policy, now: Now) -> Self {
        Self {
            job,
            exchanges: Exchanges::new(policy, now),
            stage: Stage::Loading,
            queue: VecDeque::from([Action::Load]),
            multipart: None,
            leftovers: Leftovers::default(),
            journaled: true,
            entries: 0,
            moved: false,
            restarts: 0,
        }
    }

    /// What to do now. Each action is to be carried out once.
    pub fn next(&mut self, now: Now) -> Action {
        loop {
            if let Some(action) = self.queue.pop_front() {
                return action;
            }
            if let Stage::Done(result) = &self.stage {
                return Action::Done(result.clone());
            }
            if let Some(error) = self.overdue(now) {
                self.give_up(error);
                continue;
            }
            match self.exchanges.next(&self.job, now) {
                Ok(Some(todo)) => return todo.into(),
                Err(error) => {
                    self.give_up(error);
                    continue;
                }
                Ok(None) => {}
            }
            if !self.proceed() {
                let deadline = self.deadline().map(|(deadline, _)| deadline);
                let until = self.exchanges.due().into_iter().chain(deadline).min();
                return Action::Wait { until };
            }
        }
    }

    /// When the job is to end, and after how long. What is left to clear away after its end has the
    /// time that it takes, for one attempt.
    fn deadline(&self) -> Option<(Duration, Duration)> {
        let over = matches!(self.stage, Stage::Leaving(_) | Stage::Tidying(_));
        self.exchanges.deadline().filter(|_| !over)
    }

    /// Why the job ends now although it could go on.
    fn overdue(&self, now: Now) -> Option<Error> {
        let (deadline, allowed) = self.deadline()?;
        if now.monotonic < deadline {
            return None;
        }
        let message = format!(
            "`{}` was not uploaded within the {} s that it may take",
            self.job.destination,
            allowed.as_secs()
        );
        Some(Error::new(ErrorKind::Timeout, message).with_cure("allow more time with `deadline`"))
    }

    /// Takes in what has happened. `random` is uniform over all of `u64`.
    ///
    /// What nobody waits for, such as the answer to a request that was cut, is ignored.
    pub fn handle(&mut self, event: Event, now: Now, random: u64) {
        if matches!(self.stage, Stage::Done(_)) {
            return;
        }
        let ended = match event {
            Event::Journal(entries) => return self.loaded(entries, now),
            Event::Written(result) => return self.written(result),
            Event::Acquired(piece) => return self.acquired(piece, now),
            Event::Time | Event::GoOn => return,
            Event::Stop => return self.stop(),
            Event::Digest(digest) if matches!(self.stage, Stage::Comparing { .. }) => {
                return self.compared(digest, now);
            }
            Event::Digest(digest) => self.exchanges.digest(digest),
            Event::Credentials(credentials) => self.exchanges.credentials(credentials, now, random),
            Event::NotSent { id } => self.exchanges.not_sent(id, now),
            Event::Failed { id, error } => self.exchanges.failed(id, error, None, now, random),
            Event::Answer {
                id,
                response,
                sent_checksum,
            } => {
                let sent = sent_checksum.as_deref();
                self.exchanges
                    .answered(&self.job, id, &response, sent, now, random)
            }
        };
        self.ended(ended, now);
    }

    /// Why attempts failed, oldest first.
    pub fn failures(&self) -> &[Error] {
        self.exchanges.failures()
    }

    fn ended(&mut self, ended: Ended<Purpose, Receipt>, now: Now) {
        match ended {
            Ended::Nothing => {}
            Ended::Retrying { reason, delay } => {
                let step = Step::Retrying { reason, delay };
                self.queue.push_back(Action::Report(step));
            }
            Ended::Elsewhere { id, region, error } => self.follow(id, region, error),
            Ended::Finished(finished) => self.finished(finished, now),
        }
    }

    /// Goes to the region that the store named, once.
    fn follow(&mut self, id: RequestId, region: Region, error: Error) {
        if std::mem::replace(&mut self.moved, true) {
            return self.give_up(error);
        }
        match self.job.clone().in_region(region.clone()) {
            Ok(job) => {
                self.job = job;
                self.exchanges.again(id);
                self.queue.push_back(Action::Remember(region));
            }
            Err(_) => self.give_up(error),
        }
    }

    /// The journal cannot be written: the upload goes on, and could not be resumed.
    fn written(&mut self, result: Result<(), Error>) {
        if let Err(error) = result {
            self.journaled = false;
            self.exchanges.note(error);
        }
    }

    fn append(&mut self, record: &record::Record) {
        if self.journaled {
            self.entries += 1;
            self.queue.push_back(Action::Append(record.encode()));
        }
    }

    fn stop(&mut self) {
        let message = format!("the upload to `{}` was cancelled", self.job.destination);
        self.give_up(Error::new(ErrorKind::Cancelled, message));
    }
}

impl From<Todo<Body>> for Action {
    fn from(todo: Todo<Body>) -> Self {
        match todo {
            Todo::Announce(attempt) => Self::Report(Step::Attempt(attempt)),
            Todo::Digest { algorithm, range } => Self::Digest { algorithm, range },
            Todo::Credentials { rejected } => Self::Credentials { rejected },
            Todo::Send { id, request, body } => Self::Send {
                id,
                request: *request,
                body,
            },
        }
    }
}

#[cfg(test)]
mod tests;
