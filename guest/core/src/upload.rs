//! One object with one `PUT`, as a state machine.
//!
//! The caller asks [`Upload::next`] what to do, does it, and tells [`Upload::handle`] how it
//! went, until the action is [`Action::Done`]. Every attempt asks for credentials again: the
//! host's vault answers from its cache, and what it hands out is fresh when the request is
//! signed, however long the wait before it was.

mod job;
mod options;
mod put;

use std::time::Duration;

use http::Request;

pub use self::job::{Job, MAX_PUT, Uploaded};
pub use self::options::Options;
use crate::checksum::{Algorithm, Digest};
use crate::clock::{self, Now};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::response::Response;
use crate::retry::{History, Policy, Retry};
use put::Plan;

/// What the caller is to do next.
#[derive(Debug)]
pub enum Action {
    /// Get credentials. Answer with [`Event::Credentials`].
    Credentials {
        /// The access key id that the store has rejected, so that a cache drops it.
        rejected: Option<String>,
    },
    /// Compute a checksum of the whole payload. Answer with [`Event::Digest`].
    Digest {
        /// Which one.
        algorithm: Algorithm,
    },
    /// Send the request with the payload as its body; the sender sets `content-length`.
    /// Answer with [`Event::Answer`] or [`Event::Failed`].
    Put {
        /// The signed request.
        request: Request<()>,
        /// How the payload becomes the body.
        framing: Framing,
    },
    /// Wait. Answer with [`Event::WaitOver`].
    Wait(Duration),
    /// Nothing more: the object is stored, or why it is not.
    Done(Result<Uploaded, Error>),
}

/// How a payload becomes a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// As it is.
    Raw,
    /// In chunks, with the checksum computed while sending and put in the trailer.
    AwsChunked(Algorithm),
}

/// What has happened.
#[derive(Debug)]
pub enum Event {
    /// The credentials that were asked for.
    Credentials(Result<Credentials, Error>),
    /// The checksum that was asked for, in base64 of its big-endian bytes.
    Digest(Result<String, Error>),
    /// The store's answer to the request.
    Answer {
        /// The whole answer.
        response: Response,
        /// The checksum that went into the trailer, in base64; for
        /// [`Framing::AwsChunked`] only, and only if the trailer was sent.
        sent_checksum: Option<String>,
    },
    /// The request did not come to an answer.
    Failed(Error),
    /// The wait is over.
    WaitOver,
    /// The job is to stop, whatever it was doing.
    Cancelled,
}

/// The state of one upload.
#[derive(Debug)]
pub struct Upload {
    job: Job,
    plan: Plan,
    policy: Policy,
    started: Duration,
    state: State,
    digests: Vec<Digest>,
    attempts: u8,
    refreshed: bool,
    failures: Vec<Error>,
    last_signature: Option<Signature>,
}

#[derive(Debug)]
enum State {
    Digest(Algorithm),
    Credentials { rejected: Option<String> },
    Put(Credentials),
    Wait(Duration),
    Done(Result<Uploaded, Error>),
}

/// Who signed a request, and when.
#[derive(Debug)]
struct Signature {
    access_key_id: String,
    at: Now,
}

/// Clocks that differ by less are taken as equal: the limit that AWS's clients use, below the
/// 15 minutes that servers tolerate.
const SKEW_LIMIT: Duration = Duration::from_mins(4);

impl Upload {
    /// Starts a job; `now` is the start that the policy's deadline counts from.
    pub fn new(job: Job, policy: Policy, now: Now) -> Self {
        let plan = Plan::of(&job);
        let mut upload = Self {
            job,
            plan,
            policy,
            started: now.monotonic,
            state: State::Wait(Duration::ZERO),
            digests: Vec::new(),
            attempts: 0,
            refreshed: false,
            failures: Vec::new(),
            last_signature: None,
        };
        upload.digest_or_begin();
        upload
    }

    /// What to do now. Asking again before [`handle`](Self::handle) gives the same action.
    pub fn next(&mut self, now: Now) -> Action {
        match &self.state {
            State::Digest(algorithm) => Action::Digest {
                algorithm: *algorithm,
            },
            State::Credentials { rejected } => Action::Credentials {
                rejected: rejected.clone(),
            },
            State::Put(credentials) => {
                match self
                    .plan
                    .request(&self.job, &self.digests, credentials, now.wall)
                {
                    Ok(request) => {
                        self.last_signature = Some(Signature {
                            access_key_id: credentials.access_key_id().to_owned(),
                            at: now,
                        });
                        let framing = self.plan.framing();
                        Action::Put { request, framing }
                    }
                    Err(error) => {
                        self.state = State::Done(Err(error.clone()));
                        Action::Done(Err(error))
                    }
                }
            }
            State::Wait(wait) => Action::Wait(*wait),
            State::Done(result) => Action::Done(result.clone()),
        }
    }

    /// Takes in the outcome of the last action. `random` is uniform over all of `u64`.
    ///
    /// An event that does not answer the last action is a defect of the caller and ends the
    /// job with an `Internal` error. After the end, events are ignored.
    pub fn handle(&mut self, event: Event, now: Now, random: u64) {
        match (&self.state, event) {
            (State::Done(_), _) => {}
            (_, Event::Cancelled) => self.stop(Error::new(
                ErrorKind::Cancelled,
                format!("the upload to `{}` was cancelled", self.job.destination),
            )),
            (State::Digest(algorithm), Event::Digest(digest)) => {
                let digest = digest.and_then(|text| Digest::from_base64(*algorithm, &text));
                self.keep_digest(digest);
            }
            (State::Credentials { rejected }, Event::Credentials(Ok(credentials))) => {
                if rejected.as_deref() == Some(credentials.access_key_id()) {
                    self.stop(still_rejected(&credentials));
                } else {
                    self.state = State::Put(credentials);
                }
            }
            (State::Credentials { .. }, Event::Credentials(Err(error))) => {
                self.fail(error, None, now, random);
            }
            (State::Put(_), Event::Failed(error)) => self.fail(error, None, now, random),
            (
                State::Put(_),
                Event::Answer {
                    response,
                    sent_checksum,
                },
            ) => self.judge(&response, sent_checksum.as_deref(), now, random),
            (State::Wait(_), Event::WaitOver) => self.begin(None),
            (state, event) => {
                let message = format!("{} came while {}", event.name(), state.name());
                self.stop(Error::new(ErrorKind::Internal, message));
            }
        }
    }

    /// Why earlier attempts failed, oldest first; the last is the final error of a failed job.
    pub fn failures(&self) -> &[Error] {
        &self.failures
    }

    fn digest_or_begin(&mut self) {
        match self.plan.missing_digest(&self.digests) {
            Some(algorithm) => self.state = State::Digest(algorithm),
            None => self.begin(None),
        }
    }

    fn keep_digest(&mut self, digest: Result<Digest, Error>) {
        match digest {
            Ok(digest) => {
                self.digests.push(digest);
                self.digest_or_begin();
            }
            Err(error) => self.stop(error),
        }
    }

    fn begin(&mut self, rejected: Option<String>) {
        self.attempts = self.attempts.saturating_add(1);
        self.state = State::Credentials { rejected };
    }

    fn judge(&mut self, response: &Response, sent: Option<&str>, now: Now, random: u64) {
        match self.plan.judge(&self.job, &self.digests, response, sent) {
            Ok(receipt) => {
                self.state = State::Done(Ok(Uploaded {
                    etag: receipt.etag,
                    checksum: receipt.checksum,
                    version_id: receipt.version_id,
                    bytes: self.job.length(),
                    attempts: self.attempts,
                    failures: std::mem::take(&mut self.failures),
                }));
            }
            Err(error) => self.fail(error, response.date(), now, random),
        }
    }

    fn fail(&mut self, error: Error, server_date: Option<i64>, now: Now, random: u64) {
        let history = History {
            started: self.started,
            attempts: self.attempts,
            refreshed: self.refreshed,
            clock_corrected: self.clock_corrected(server_date, now),
        };
        match self.policy.decide(history, &error, random, now) {
            Retry::After(wait) => {
                self.failures.push(error);
                self.state = State::Wait(wait);
            }
            Retry::Refresh => {
                self.failures.push(error);
                self.refreshed = true;
                let signature = self.last_signature.take();
                self.begin(signature.map(|signature| signature.access_key_id));
            }
            Retry::GiveUp => self.stop(error),
        }
    }

    fn stop(&mut self, error: Error) {
        self.failures.push(error.clone());
        self.state = State::Done(Err(error));
    }

    /// Whether the wall clock was set right since the request was signed: it has jumped
    /// against the monotonic clock, and agrees now with the server's.
    fn clock_corrected(&self, server_date: Option<i64>, now: Now) -> bool {
        let (Some(server), Some(signature)) = (server_date, &self.last_signature) else {
            return false;
        };
        let limit = i64::try_from(SKEW_LIMIT.as_secs()).unwrap_or(i64::MAX);
        let signed = clock::unix_seconds(signature.at.wall);
        let passed = now.monotonic.saturating_sub(signature.at.monotonic);
        let expected = signed.saturating_add(i64::try_from(passed.as_secs()).unwrap_or(i64::MAX));
        let wall = clock::unix_seconds(now.wall);
        let apart = |one: i64, other: i64| one.saturating_sub(other).saturating_abs() > limit;
        apart(wall, expected) && !apart(wall, server)
    }
}

impl Event {
    fn name(&self) -> &'static str {
        match self {
            Self::Credentials(_) => "credentials",
            Self::Digest(_) => "a digest",
            Self::Answer { .. } => "an answer",
            Self::Failed(_) => "a failed request",
            Self::WaitOver => "the end of a wait",
            Self::Cancelled => "a cancellation",
        }
    }
}

impl State {
    fn name(&self) -> &'static str {
        match self {
            Self::Digest(_) => "a digest was being computed",
            Self::Credentials { .. } => "credentials were being fetched",
            Self::Put(_) => "the object was being sent",
            Self::Wait(_) => "waiting",
            Self::Done(_) => "nothing was to be done",
        }
    }
}

fn still_rejected(credentials: &Credentials) -> Error {
    let id = credentials.access_key_id();
    Error::new(
        ErrorKind::ExpiredCredentials,
        format!("the store rejects the access key `{id}`, and no other was to be had"),
    )
    .with_cure("check that the credentials are meant for this store, and this device's clock")
}

#[cfg(test)]
mod tests;
