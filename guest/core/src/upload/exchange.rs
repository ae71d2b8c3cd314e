//! The requests of a job: each tried until it is answered for good.
//!
//! Several may be under way at once. Whatever needs one answer before it can go on (credentials,
//! a checksum) is asked for one at a time; what is sent is answered in any order.

use std::time::Duration;

use super::request::{Purpose, Receipt};
use super::{Action, Job};
use crate::checksum::Digest;
use crate::clock::{self, Now};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::response::Response;
use crate::retry::{History, Policy, Quota, Retry};
use crate::s3::Region;
use crate::s3::error::other_region;

/// Why attempts failed is kept for so many of them, the latest.
const MOST_FAILURES: usize = 50;

/// Names one request among those of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u64);

/// The requests under way, oldest first.
#[derive(Debug)]
pub(super) struct Exchanges {
    policy: Policy,
    quota: Quota,
    started: Duration,
    open: Vec<Exchange>,
    opened: u64,
    asked: Option<RequestId>,
    carried: u32,
    failures: Vec<Error>,
}

#[derive(Debug)]
struct Exchange {
    id: RequestId,
    purpose: Purpose,
    digests: Vec<Digest>,
    attempts: u8,
    refreshed: bool,
    announced: bool,
    state: State,
    signature: Option<Signature>,
}

#[derive(Debug)]
enum State {
    Ready { rejected: Option<String> },
    Signing(Credentials),
    Sent,
    Waiting { until: Duration },
}

/// Who signed a request, and when.
#[derive(Debug)]
struct Signature {
    access_key_id: String,
    at: Now,
}

/// A request that was answered, or given up.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) purpose: Purpose,
    pub(super) attempts: u8,
    pub(super) result: Result<Receipt, Error>,
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum Ended {
    /// It came to its end.
    Finished(Finished),
    /// It will be tried again after a while.
    Retrying { reason: String, delay: Duration },
    /// The bucket is in another region; nothing was decided.
    Elsewhere {
        id: RequestId,
        region: Region,
        error: Error,
    },
    /// Nothing worth telling.
    Nothing,
}

/// Clocks that differ by less are taken as equal: the limit that AWS's clients use, below the
/// 15 minutes that servers tolerate.
const SKEW_LIMIT: Duration = Duration::from_mins(4);

impl Exchanges {
    pub(super) fn new(policy: Policy, now: Now) -> Self {
        Self {
            policy,
            quota: Quota::default(),
            started: now.monotonic,
            open: Vec::new(),
            opened: 0,
            asked: None,
            carried: 0,
            failures: Vec::new(),
        }
    }

    /// Begins a request.
    pub(super) fn open(&mut self, purpose: Purpose) {
        self.opened += 1;
        self.open.push(Exchange {
            id: RequestId(self.opened),
            purpose,
            digests: Vec::new(),
            attempts: 0,
            refreshed: false,
            announced: false,
            state: State::Ready { rejected: None },
            signature: None,
        });
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Forgets all of them. Answers that come later are ignored.
    pub(super) fn clear(&mut self) {
        self.open.clear();
        self.asked = None;
    }

    /// Requests sent to carry bytes of the payload.
    pub(super) fn carried(&self) -> u32 {
        self.carried
    }

    /// Why attempts failed, oldest first.
    pub(super) fn failures(&self) -> &[Error] {
        &self.failures
    }

    /// Remembers why something failed.
    pub(super) fn note(&mut self, error: Error) {
        if self.failures.len() == MOST_FAILURES {
            self.failures.remove(0);
        }
        self.failures.push(error);
    }

    /// What has to be done for the oldest request that is not waiting for anything. A request that
    /// cannot be built is an error of the job.
    pub(super) fn next(&mut self, job: &Job, now: Now) -> Result<Option<Action>, Error> {
        let due = |exchange: &&mut Exchange| match exchange.state {
            State::Ready { .. } | State::Signing(_) => true,
            State::Waiting { until } => until <= now.monotonic,
            State::Sent => false,
        };
        let Some(exchange) = self.open.iter_mut().find(due) else {
            return Ok(None);
        };
        if let State::Waiting { .. } = exchange.state {
            exchange.state = State::Ready { rejected: None };
        }
        if let State::Signing(credentials) = &exchange.state {
            let credentials = credentials.clone();
            return exchange.send(job, &credentials, now).map(|action| {
                self.carried += u32::from(exchange.purpose.range().is_some());
                Some(action)
            });
        }
        if !exchange.announced && exchange.purpose.can_be_stopped() {
            exchange.announced = true;
            return Ok(Some(Action::Report(super::Step::Attempt(
                u32::from(exchange.attempts) + 1,
            ))));
        }
        self.asked = Some(exchange.id);
        Ok(Some(exchange.ask(job)))
    }

    /// When the first of those that wait is due, by the monotonic clock.
    pub(super) fn due(&self) -> Option<Duration> {
        let waits = self
            .open
            .iter()
            .filter_map(|exchange| match exchange.state {
                State::Waiting { until } => Some(until),
                _ => None,
            });
        waits.min()
    }

    /// Takes in credentials that were asked for.
    pub(super) fn credentials(
        &mut self,
        credentials: Result<Credentials, Error>,
        now: Now,
        random: u64,
    ) -> Ended {
        let Some(exchange) = self.asked() else {
            return Ended::Nothing;
        };
        let State::Ready { rejected } = &exchange.state else {
            return Ended::Nothing;
        };
        match credentials {
            Ok(credentials) if rejected.as_deref() == Some(credentials.access_key_id()) => {
                let (id, error) = (exchange.id, still_rejected(&credentials));
                self.finish(id, Err(error))
            }
            Ok(credentials) => {
                exchange.state = State::Signing(credentials);
                Ended::Nothing
            }
            Err(error) => {
                let id = exchange.id;
                self.attempted(id);
                self.failed(id, error, None, now, random)
            }
        }
    }

    /// Takes in a checksum that was asked for, in base64 of its big-endian bytes.
    pub(super) fn digest(&mut self, digest: Result<Digest, Error>) -> Ended {
        let Some(exchange) = self.asked() else {
            return Ended::Nothing;
        };
        match digest {
            Ok(digest) => {
                exchange.digests.push(digest);
                Ended::Nothing
            }
            Err(error) => {
                let id = exchange.id;
                self.finish(id, Err(error))
            }
        }
    }

    /// Takes in the answer to a request.
    pub(super) fn answered(
        &mut self,
        job: &Job,
        id: RequestId,
        response: &Response,
        sent: Option<&str>,
        now: Now,
        random: u64,
    ) -> Ended {
        let Some(exchange) = self.sent(id) else {
            return Ended::Nothing;
        };
        match exchange
            .purpose
            .judge(job, &exchange.digests, response, sent)
        {
            Ok(receipt) => {
                let retried = exchange.attempts > 1;
                self.quota.refund(retried);
                self.finish(id, Ok(receipt))
            }
            Err(error) => match other_region(response, &job.destination.store) {
                Some(region) => Ended::Elsewhere { id, region, error },
                None => self.failed(id, error, response.date(), now, random),
            },
        }
    }

    /// Sends a request again as if it had not been sent: its place has changed.
    pub(super) fn again(&mut self, id: RequestId) {
        if let Some(exchange) = self.find(id) {
            exchange.state = State::Ready { rejected: None };
            exchange.attempts = exchange.attempts.saturating_sub(1);
        }
    }

    /// A request came to no answer, or to one that is an error.
    pub(super) fn failed(
        &mut self,
        id: RequestId,
        error: Error,
        server_date: Option<i64>,
        now: Now,
        random: u64,
    ) -> Ended {
        let (policy, started) = (self.policy, self.started);
        let mut quota = self.quota;
        let Some(exchange) = self.find(id) else {
            return Ended::Nothing;
        };
        let history = History {
            started,
            attempts: exchange.attempts,
            refreshed: exchange.refreshed,
            clock_corrected: exchange.clock_corrected(server_date, now),
        };
        let retry = if exchange.purpose.is_final(&error) {
            Retry::GiveUp
        } else {
            policy.decide(history, &error, &mut quota, random, now)
        };
        let ended = match retry {
            Retry::GiveUp => return self.finish(id, Err(error)),
            Retry::After(delay) => {
                exchange.wait(now.monotonic.saturating_add(delay));
                Ended::Retrying {
                    reason: error.message.clone(),
                    delay,
                }
            }
            Retry::Refresh => {
                exchange.refresh();
                Ended::Retrying {
                    reason: error.message.clone(),
                    delay: Duration::ZERO,
                }
            }
        };
        self.quota = quota;
        self.note(error);
        ended
    }

    fn attempted(&mut self, id: RequestId) {
        if let Some(exchange) = self.find(id) {
            exchange.attempts = exchange.attempts.saturating_add(1);
        }
    }

    fn finish(&mut self, id: RequestId, result: Result<Receipt, Error>) -> Ended {
        let Some(index) = self.open.iter().position(|exchange| exchange.id == id) else {
            return Ended::Nothing;
        };
        let Exchange {
            purpose, attempts, ..
        } = self.open.remove(index);
        Ended::Finished(Finished {
            purpose,
            attempts,
            result,
        })
    }

    fn asked(&mut self) -> Option<&mut Exchange> {
        let id = self.asked.take()?;
        self.find(id)
    }

    fn sent(&mut self, id: RequestId) -> Option<&mut Exchange> {
        let exchange = self.find(id)?;
        matches!(exchange.state, State::Sent).then_some(exchange)
    }

    fn find(&mut self, id: RequestId) -> Option<&mut Exchange> {
        self.open.iter_mut().find(|exchange| exchange.id == id)
    }
}

impl Exchange {
    fn ask(&self, job: &Job) -> Action {
        let missing = |range| {
            let algorithm = job.protection().missing_digest(&self.digests)?;
            Some(Action::Digest { algorithm, range })
        };
        let digest = self.purpose.range().and_then(missing);
        digest.unwrap_or_else(|| {
            let rejected = match &self.state {
                State::Ready { rejected } => rejected.clone(),
                _ => None,
            };
            Action::Credentials { rejected }
        })
    }

    fn send(&mut self, job: &Job, credentials: &Credentials, now: Now) -> Result<Action, Error> {
        let (request, body) = self
            .purpose
            .request(job, &self.digests, credentials, now.wall)?;
        self.attempts = self.attempts.saturating_add(1);
        self.signature = Some(Signature {
            access_key_id: credentials.access_key_id().to_owned(),
            at: now,
        });
        self.state = State::Sent;
        Ok(Action::Send {
            id: self.id,
            request,
            body,
        })
    }

    fn wait(&mut self, until: Duration) {
        self.announced = false;
        self.state = State::Waiting { until };
    }

    fn refresh(&mut self) {
        self.refreshed = true;
        self.announced = false;
        let rejected = self
            .signature
            .take()
            .map(|signature| signature.access_key_id);
        self.state = State::Ready { rejected };
    }

    /// Whether the wall clock was set right since the request was signed: it has jumped
    /// against the monotonic clock, and agrees now with the server's.
    fn clock_corrected(&self, server_date: Option<i64>, now: Now) -> bool {
        let (Some(server), Some(signature)) = (server_date, &self.signature) else {
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

fn still_rejected(credentials: &Credentials) -> Error {
    let id = credentials.access_key_id();
    Error::new(
        ErrorKind::ExpiredCredentials,
        format!("the store rejects the access key `{id}`, and no other was to be had"),
    )
    .with_cure("check that the credentials are meant for this store, and this device's clock")
}
