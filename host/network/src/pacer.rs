//! Who may send how much, and when: the rate limit as a state machine without a clock.
//!
//! A token bucket that is counted in time: what is let through has to be paid for at the rate, and
//! the next bytes go when that is done. Slices are small, so that the line is never taken for longer
//! than a few milliseconds' worth. Time that passed unused is lost but for a moment, or the bytes
//! after a pause would come as a burst.
//!
//! The request that began first goes first: one part of an upload after the other is complete, instead
//! of all of them late; a more urgent one goes before. But servers give up on a request that sends nothing (S3 after 20 s), so those
//! behind get a trickle.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::time::Duration;

use tokio::time::Instant;

/// How long a slice takes the line for, at rates at which that is enough for a packet.
const SLICE: Duration = Duration::from_millis(10);

/// How long it may take the line for at lower rates.
const LONGEST_SLICE: Duration = Duration::from_millis(50);

/// What a slice should have, in bytes, to be worth its packet.
const PACKET: u64 = 1400;

/// Unused time that is made up for while requests wait: timers are late, and the process is busy with
/// other things. With a slice, it is 100 ms' worth at most that go at once.
const LATENESS: Duration = Duration::from_millis(50);

/// Unused time that is made up for when no request had waited for as long.
const PAUSE: Duration = Duration::from_millis(10);

/// How long a request goes without a slice because of older ones.
const STARVED: Duration = Duration::from_secs(5);

/// What a starved request gets, in bytes.
const TRICKLE: usize = 256;

/// How late a request may ask again before it is passed over: a connection that does not ask must not
/// hold up the others.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often a request that waits has to ask again at least.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(1);

/// A request's place in the order of all: the more urgent one goes first, of equally urgent ones that
/// which began first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(Reverse<u8>, u64);

/// An answer to a request that wants to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// So many bytes may go at once.
    Now(usize),
    /// It is this request's turn, but not before this time; then it has to ask again.
    At(Instant),
    /// It is another's turn; [`Pacer::turn`] tells whose. It has to ask again after [`ASK_AGAIN`].
    Behind,
}

/// The state of the limit and of the requests under it.
#[derive(Debug)]
pub(crate) struct Pacer {
    rate: Option<NonZeroU64>,
    /// When everything that was let through is paid for.
    paid: Instant,
    /// When anything was let through for the last time.
    last: Instant,
    requests: BTreeMap<Ticket, Request>,
    next: u64,
    slices: u64,
}

#[derive(Debug)]
struct Request {
    /// When it has to ask again, if it waits.
    due: Option<Instant>,
    /// When it last got a slice, or began.
    served: Instant,
}

impl Pacer {
    /// Without requests, and without a limit if `rate` (in bytes per second) is `None`.
    pub(crate) fn new(rate: Option<NonZeroU64>, now: Instant) -> Self {
        Self {
            rate,
            paid: now,
            last: now,
            requests: BTreeMap::new(),
            next: 0,
            slices: 0,
        }
    }

    /// Sets the limit in bytes per second, and tells whether it is another than before. Then those who
    /// wait have to ask again.
    pub(crate) fn set_rate(&mut self, rate: Option<NonZeroU64>) -> bool {
        std::mem::replace(&mut self.rate, rate) != rate
    }

    /// Puts a request behind all others that are as urgent.
    pub(crate) fn begin(&mut self, urgency: u8, now: Instant) -> Ticket {
        let ticket = Ticket(Reverse(urgency), self.next);
        self.next += 1;
        let request = Request {
            due: None,
            served: now,
        };
        self.requests.insert(ticket, request);
        ticket
    }

    /// Forgets a request.
    pub(crate) fn end(&mut self, ticket: Ticket) {
        self.requests.remove(&ticket);
    }

    /// How much of `wanted` bytes a request may send. From then on it waits until it gets something.
    pub(crate) fn ask(&mut self, ticket: Ticket, wanted: usize, now: Instant) -> Share {
        let Some(rate) = self.rate else {
            return self.let_through(ticket, wanted, now);
        };
        if self.oldest(now).is_none() && now.duration_since(self.last) > PAUSE {
            self.paid = self.paid.max(before(now, PAUSE));
        }
        self.wait(ticket, now);
        if self.turn(now) != Some(ticket) {
            self.wait(ticket, now + ASK_AGAIN);
            return Share::Behind;
        }
        if self.paid > now {
            self.wait(ticket, self.paid);
            return Share::At(self.paid);
        }
        let slice = if self.oldest(now) == Some(ticket) {
            slice(rate)
        } else {
            TRICKLE.min(slice(rate))
        };
        let bytes = wanted.min(slice);
        self.paid = self.paid.max(before(now, LATENESS)) + cost(bytes, rate);
        self.let_through(ticket, bytes, now)
    }

    /// Whose turn it is: of those that wait the oldest, unless another is starved.
    pub(crate) fn turn(&self, now: Instant) -> Option<Ticket> {
        let starved = self
            .waiting(now)
            .find(|(_, request)| now.duration_since(request.served) >= STARVED);
        starved
            .map(|(ticket, _)| ticket)
            .or_else(|| self.oldest(now))
    }

    /// How many slices were let through so far.
    pub(crate) fn slices(&self) -> u64 {
        self.slices
    }

    fn wait(&mut self, ticket: Ticket, due: Instant) {
        if let Some(request) = self.requests.get_mut(&ticket) {
            request.due = Some(due);
        }
    }

    fn let_through(&mut self, ticket: Ticket, bytes: usize, now: Instant) -> Share {
        if let Some(request) = self.requests.get_mut(&ticket) {
            request.due = None;
            request.served = now;
        }
        self.last = now;
        self.slices += 1;
        Share::Now(bytes)
    }

    fn oldest(&self, now: Instant) -> Option<Ticket> {
        self.waiting(now).next().map(|(ticket, _)| ticket)
    }

    /// The requests that wait and can be counted on to ask again, the oldest first.
    fn waiting(&self, now: Instant) -> impl Iterator<Item = (Ticket, &Request)> {
        let waits = move |request: &Request| {
            let late = request.due.map(|due| now.duration_since(due));
            late.is_some_and(|late| late < PATIENCE)
        };
        let all = self
            .requests
            .iter()
            .map(|(ticket, request)| (*ticket, request));
        all.filter(move |(_, request)| waits(request))
    }
}

/// The most that goes at once, in bytes.
fn slice(rate: NonZeroU64) -> usize {
    let worth = |time: Duration| u128::from(rate.get()) * time.as_millis() / 1000;
    let bytes = worth(SLICE).max(worth(LONGEST_SLICE).min(PACKET.into()));
    usize::try_from(bytes).unwrap_or(usize::MAX).max(1)
}

/// How long the line is taken by so many bytes.
fn cost(bytes: usize, rate: NonZeroU64) -> Duration {
    let nanoseconds = (bytes as u128 * 1_000_000_000).div_ceil(rate.get().into());
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

fn before(now: Instant, time: Duration) -> Instant {
    now.checked_sub(time).unwrap_or(now)
}

#[cfg(test)]
mod tests;
