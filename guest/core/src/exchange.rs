//! The requests of a job: each tried until it is answered for good.
//!
//! Several may be under way at once. Whatever needs one answer before it can go on (credentials,
//! a checksum) is asked for one at a time; what is sent is answered in any order.

mod asking;
mod judging;

use std::fmt;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use http::Request;

use crate::checksum::{Algorithm, Digest};
use crate::clock::Now;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::response::Response;
use crate::retry::{Policy, Quota};
use crate::s3::{Region, Store};

/// Why attempts failed is kept for so many of them, the latest.
const MOST_FAILURES: usize = 50;

/// Names one request among those of its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u64);

/// What a request is for: how it is made, and what an answer to it proves.
pub(crate) trait Purpose: fmt::Debug {
    /// What the requests of a job have in common.
    type Job;
    /// What goes with the head of a request.
    type Body;
    /// What an answer proves.
    type Receipt;

    /// The bytes of the payload that it carries.
    fn range(&self) -> Option<Range<u64>> {
        None
    }

    /// A checksum of these bytes that has to be known before the request is made.
    fn missing_digest(&self, _job: &Self::Job, _known: &[Digest]) -> Option<Algorithm> {
        None
    }

    /// Whether it is worth telling, and a word of the user's may stop it.
    fn can_be_stopped(&self) -> bool {
        false
    }

    /// Whether the very same request would fail again although others like it would not.
    fn is_final(&self, _error: &Error) -> bool {
        false
    }

    /// The store that is asked.
    fn store<'a>(&'a self, job: &'a Self::Job) -> &'a Store;

    /// The signed request.
    fn request(
        &self,
        job: &Self::Job,
        digests: &[Digest],
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<(Request<()>, Self::Body), Error>;

    /// What the answer proves, or what it has against the request; `sent` is the checksum that
    /// went into a trailer.
    fn judge(
        &self,
        job: &Self::Job,
        digests: &[Digest],
        response: &Response,
        sent: Option<&str>,
    ) -> Result<Self::Receipt, Error>;
}

/// What has to be done for a request.
#[derive(Debug)]
pub(crate) enum Todo<Body> {
    /// Tell that an attempt begins; 1 for the first.
    Announce(u32),
    /// Compute a checksum of a range of the payload.
    Digest {
        algorithm: Algorithm,
        range: Range<u64>,
    },
    /// Get credentials, others than those that were rejected.
    Credentials { rejected: Option<String> },
    /// Send it.
    Send {
        id: RequestId,
        request: Box<Request<()>>,
        body: Body,
    },
}

/// The requests under way, oldest first.
#[derive(Debug)]
pub(crate) struct Exchanges<P> {
    policy: Policy,
    quota: Quota,
    started: Duration,
    /// When the latest request succeeded, by the monotonic clock.
    progressed: Duration,
    open: Vec<Exchange<P>>,
    opened: u64,
    asked: Option<RequestId>,
    carried: u32,
    failures: Vec<Error>,
}

#[derive(Debug)]
struct Exchange<P> {
    id: RequestId,
    purpose: P,
    digests: Vec<Digest>,
    attempts: u8,
    /// Whether credentials were renewed for it because the store rejected them.
    refreshed: bool,
    /// The access key id that the store has rejected, until there is another.
    rejected: Option<String>,
    announced: bool,
    state: State,
    signature: Option<Signature>,
}

#[derive(Debug)]
enum State {
    Ready,
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
pub(crate) struct Finished<P, Receipt> {
    pub(crate) purpose: P,
    pub(crate) attempts: u8,
    pub(crate) result: Result<Receipt, Error>,
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Ended<P, Receipt> {
    /// It came to its end.
    Finished(Finished<P, Receipt>),
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

impl<P: Purpose> Exchanges<P> {
    pub(crate) fn new(policy: Policy, now: Now) -> Self {
        Self {
            policy,
            quota: Quota::default(),
            started: now.monotonic,
            progressed: now.monotonic,
            open: Vec::new(),
            opened: 0,
            asked: None,
            carried: 0,
            failures: Vec::new(),
        }
    }

    /// Begins a request.
    pub(crate) fn open(&mut self, purpose: P) {
        self.opened += 1;
        self.open.push(Exchange {
            id: RequestId(self.opened),
            purpose,
            digests: Vec::new(),
            attempts: 0,
            refreshed: false,
            rejected: None,
            announced: false,
            state: State::Ready,
            signature: None,
        });
    }

    /// How many are under way.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// Forgets all of them. Answers that come later are ignored.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
        self.asked = None;
    }

    /// When the job is to end, by the monotonic clock, and after how long that is.
    pub(crate) fn deadline(&self) -> Option<(Duration, Duration)> {
        let allowed = self.policy.deadline?;
        Some((self.started.saturating_add(allowed), allowed))
    }

    /// Requests sent to carry bytes of the payload.
    pub(crate) fn carried(&self) -> u32 {
        self.carried
    }

    /// Why attempts failed, oldest first.
    pub(crate) fn failures(&self) -> &[Error] {
        &self.failures
    }

    /// Remembers why something failed.
    pub(crate) fn note(&mut self, error: Error) {
        if self.failures.len() == MOST_FAILURES {
            self.failures.remove(0);
        }
        self.failures.push(error);
    }

    /// When the first of those that wait is due, by the monotonic clock.
    pub(crate) fn due(&self) -> Option<Duration> {
        let waits = self
            .open
            .iter()
            .filter_map(|exchange| match exchange.state {
                State::Waiting { until } => Some(until),
                _ => None,
            });
        waits.min()
    }

    fn find(&mut self, id: RequestId) -> Option<&mut Exchange<P>> {
        self.open.iter_mut().find(|exchange| exchange.id == id)
    }
}
