//! One request to any AWS service, as a state machine: signed, tried again where that may help, and followed to
//! another region where S3 points there.
//!
//! The caller asks [`Call::next`] what to do, does it, and tells [`Call::handle`] how it went, until the action is
//! [`Action::Done`]. Answers are not judged beyond that: of an answer only its beginning is looked at, so that the rest
//! can be streamed to whoever asked. What a service says in the body alone ("Throttling" of query protocols) is theirs.

mod address;
mod elsewhere;
mod request;
mod verdict;

use std::time::Duration;

use http::Request as HttpRequest;

pub use self::request::{MAX_BODY, Request};
pub use self::verdict::may_work_later;
use crate::clock::{self, Now};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::response::Response;
use crate::retry::{History, Policy, Quota, Retry};
use crate::s3::error::classify;

/// How long after a request could not leave it is made anew.
const AGAIN: Duration = Duration::from_millis(250);

/// How long a request may wait until it can leave.
const MOST_WAITED: Duration = Duration::from_mins(5);

/// What the caller is to do next.
#[derive(Debug)]
pub enum Action {
    /// Get credentials. Answer with [`Event::Credentials`].
    Credentials {
        /// The access key id that the service has rejected, so that a cache drops it.
        rejected: Option<String>,
    },
    /// Send this with [`Call::body`]. Answer with [`Event::Answer`], [`Event::Failed`] or [`Event::NotSent`].
    Send(Box<HttpRequest<()>>),
    /// Wait for so long. Answer with [`Event::Time`].
    Wait(Duration),
    /// Nothing more: the latest answer is the one to hand on, or there is none for this reason.
    Done(Result<(), Error>),
}

/// What has happened.
#[derive(Debug)]
pub enum Event {
    /// The credentials that were asked for.
    Credentials(Result<Credentials, Error>),
    /// The beginning of an answer: its body is not looked at.
    Answer(Response),
    /// The request did not come to an answer.
    Failed(Error),
    /// It has not left, since as many as may be are under way.
    NotSent,
    /// The time has come.
    Time,
}

/// The state of one call.
#[derive(Debug)]
pub struct Call {
    request: Request,
    policy: Policy,
    quota: Quota,
    started: Duration,
    attempts: u8,
    refreshed: bool,
    moved: bool,
    signed: Option<Signed>,
    state: State,
}

#[derive(Debug)]
enum State {
    Ready { rejected: Option<String> },
    Signing(Credentials),
    Sent,
    Waiting { until: Duration },
    Done(Result<(), Error>),
}

/// By whom and when the latest request was signed.
#[derive(Debug)]
struct Signed {
    access_key_id: String,
    expiration: Option<u64>,
    at: Now,
}

impl Call {
    /// Starts a call; `now` is the start that the policy's deadline counts from.
    pub fn new(request: Request, policy: Policy, now: Now) -> Self {
        Self {
            request,
            policy,
            quota: Quota::default(),
            started: now.monotonic,
            attempts: 0,
            refreshed: false,
            moved: false,
            signed: None,
            state: State::Ready { rejected: None },
        }
    }

    /// The bytes that go with each request.
    pub fn body(&self) -> &[u8] {
        self.request.body()
    }

    /// What to do now. Each action is to be carried out once.
    pub fn next(&mut self, now: Now) -> Action {
        match &self.state {
            State::Ready { rejected } => Action::Credentials {
                rejected: rejected.clone(),
            },
            State::Signing(credentials) => {
                let signed = self.request.sign(credentials, now.wall);
                self.signed = Some(Signed {
                    access_key_id: credentials.access_key_id().to_owned(),
                    expiration: credentials.expiration(),
                    at: now,
                });
                match signed {
                    Ok(request) => {
                        self.attempts = self.attempts.saturating_add(1);
                        self.state = State::Sent;
                        Action::Send(Box::new(request))
                    }
                    Err(error) => self.done(Err(error)),
                }
            }
            State::Waiting { until } => Action::Wait(until.saturating_sub(now.monotonic)),
            State::Sent => {
                let message = "a call was asked to go on before its answer";
                self.done(Err(Error::new(ErrorKind::Internal, message)))
            }
            State::Done(result) => Action::Done(result.clone()),
        }
    }

    /// Takes in what has happened. `random` is uniform over all of `u64`.
    pub fn handle(&mut self, event: Event, now: Now, random: u64) {
        match event {
            Event::Credentials(Ok(credentials)) => self.lent(credentials),
            Event::Credentials(Err(error)) => {
                self.attempts = self.attempts.saturating_add(1);
                self.failed(error, false, now, random);
            }
            Event::Failed(error) => self.failed(error, false, now, random),
            Event::Answer(head) => self.answered(&head, now, random),
            Event::NotSent => self.not_sent(now),
            Event::Time => self.state = State::Ready { rejected: None },
        }
    }

    fn lent(&mut self, credentials: Credentials) {
        let State::Ready { rejected } = &self.state else {
            return;
        };
        if rejected.as_deref() != Some(credentials.access_key_id()) {
            self.state = State::Signing(credentials);
            return;
        }
        // No other is to be had: what the service answered tells best.
        self.state = State::Done(Ok(()));
    }

    /// It is made anew, for a signature does not keep, and has cost nothing but time.
    fn not_sent(&mut self, now: Now) {
        self.attempts = self.attempts.saturating_sub(1);
        let waited = now.monotonic.saturating_sub(self.started);
        if waited < MOST_WAITED {
            let until = now.monotonic.saturating_add(AGAIN);
            self.state = State::Waiting { until };
            return;
        }
        let message = format!(
            "{} could not leave within {MOST_WAITED:?}: as many requests as may be were under way",
            self.request
        );
        self.state = State::Done(Err(Error::new(ErrorKind::Unavailable, message)));
    }

    fn answered(&mut self, head: &Response, now: Now, random: u64) {
        if !self.moved
            && let Some(request) = elsewhere::follow(&self.request, head)
        {
            self.moved = true;
            self.attempts = self.attempts.saturating_sub(1);
            self.request = request;
            self.state = State::Ready { rejected: None };
            return;
        }
        let corrected = self.clock_corrected(head, now);
        match self.objection(head, corrected, now) {
            None => self.state = State::Done(Ok(())),
            Some(error) => {
                self.failed(error, corrected, now, random);
                // Where nothing helps, the answer itself tells best.
                if let State::Done(Err(_)) = self.state {
                    self.state = State::Done(Ok(()));
                }
            }
        }
    }

    /// What an answer has against the request that another one might not have.
    fn objection(&self, head: &Response, corrected: bool, now: Now) -> Option<Error> {
        let status = head.status();
        if !status.is_client_error() && !status.is_server_error() {
            return None;
        }
        let code = head.error_type().unwrap_or_default();
        let kind = match classify(status, &code) {
            // Each service has words of its own for these two; clock and expiration are known here.
            _ if corrected && matches!(status.as_u16(), 400 | 401 | 403) => ErrorKind::ClockSkew,
            _ if self.have_expired(now) && matches!(status.as_u16(), 400 | 401 | 403) => {
                ErrorKind::ExpiredCredentials
            }
            kind => kind,
        };
        let error = Error::new(kind, format!("{} was answered with {status}", self.request));
        Some(Error {
            retry_after: head.retry_after(),
            ..error
        })
    }

    fn have_expired(&self, now: Now) -> bool {
        let end = self.signed.as_ref().and_then(|signed| signed.expiration);
        let end = end.and_then(|end| i64::try_from(end).ok());
        end.is_some_and(|end| end <= clock::unix_seconds(now.wall))
    }

    fn clock_corrected(&self, head: &Response, now: Now) -> bool {
        let signed = self.signed.as_ref();
        signed.is_some_and(|signed| clock::corrected(signed.at, head.date(), now))
    }

    fn failed(&mut self, error: Error, clock_corrected: bool, now: Now, random: u64) {
        let history = History {
            started: self.started,
            progressed: self.started,
            attempts: self.attempts,
            refreshed: self.refreshed,
            clock_corrected,
        };
        let decided = self
            .policy
            .decide(history, &error, &mut self.quota, random, now);
        self.state = match decided {
            Retry::GiveUp => State::Done(Err(error)),
            Retry::After(delay) => State::Waiting {
                until: now.monotonic.saturating_add(delay),
            },
            Retry::Refresh => {
                self.refreshed = true;
                self.attempts = self.attempts.saturating_sub(1);
                let rejected = self.signed.take().map(|signed| signed.access_key_id);
                State::Ready { rejected }
            }
        };
    }

    fn done(&mut self, result: Result<(), Error>) -> Action {
        self.state = State::Done(result.clone());
        Action::Done(result)
    }
}

#[cfg(test)]
mod tests;
