//! The rate limit that all requests of a network share.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use sealift_config::{RateLimit, TimeOfDay, Timetable};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::local_time::time_of_day;
use crate::pacer::{ASK_AGAIN, Pacer, Share, Ticket};

/// How often the timetable is looked at, while there is something to send.
const GLANCE: Duration = Duration::from_millis(500);

/// How fast bodies go out, at which time of day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// What holds outside of the timetable.
    pub limit: RateLimit,
    /// What holds at its times.
    pub timetable: Timetable,
}

impl Rates {
    fn at(&self, time: TimeOfDay) -> RateLimit {
        self.timetable.limit_at(time).unwrap_or(self.limit)
    }

    fn never_change(&self) -> bool {
        self.timetable.is_empty()
    }

    fn never_limit(&self) -> bool {
        self.limit == RateLimit::NONE && self.never_change()
    }
}

/// Keeps the bodies of all requests together to the rate.
pub(crate) struct Throttle {
    rates: Rates,
    clock: Clock,
    state: Mutex<State>,
}

type Clock = Box<dyn Fn() -> TimeOfDay + Send + Sync>;

#[derive(Debug)]
struct State {
    pacer: Pacer,
    /// Those that wait.
    wakers: BTreeMap<Ticket, Waker>,
    /// When to look at the timetable again.
    look: Instant,
}

impl Throttle {
    /// `None` where nothing is ever limited.
    pub(crate) fn new(rates: Rates) -> Option<Arc<Self>> {
        (!rates.never_limit()).then(|| Self::with_clock(rates, Box::new(time_of_day)))
    }

    fn with_clock(rates: Rates, clock: Clock) -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            pacer: Pacer::new(rates.at(clock()).bytes_per_second(), now),
            wakers: BTreeMap::new(),
            look: now + GLANCE,
        };
        Arc::new(Self {
            rates,
            clock,
            state: Mutex::new(state),
        })
    }

    /// A request's place behind all that began before and are as urgent.
    pub(crate) fn begin(self: &Arc<Self>, urgency: u8) -> Pace {
        let ticket = self.with(|state| state.pacer.begin(urgency, Instant::now()));
        Pace {
            throttle: Arc::clone(self),
            ticket,
            timer: None,
        }
    }

    /// Grows with every slice of a body that was let through.
    pub(crate) fn slices(&self) -> u64 {
        self.with(|state| state.pacer.slices())
    }

    fn ask(&self, ticket: Ticket, wanted: usize, waker: &Waker) -> Share {
        let now = Instant::now();
        self.with(|state| {
            if now >= state.look && !self.rates.never_change() {
                state.look = now + GLANCE;
                self.look(state);
            }
            let share = state.pacer.ask(ticket, wanted, now);
            if let Share::Now(_) = share {
                state.wakers.remove(&ticket);
            } else {
                state.wakers.insert(ticket, waker.clone());
            }
            if !matches!(share, Share::At(_)) {
                state.wake_next(now);
            }
            share
        })
    }

    fn look(&self, state: &mut State) {
        let limit = self.rates.at((self.clock)());
        if state.pacer.set_rate(limit.bytes_per_second()) {
            tracing::info!(%limit, "another rate limit holds from now on");
            for waker in state.wakers.values() {
                waker.wake_by_ref();
            }
        }
    }

    fn end(&self, ticket: Ticket) {
        self.with(|state| {
            state.pacer.end(ticket);
            state.wakers.remove(&ticket);
            state.wake_next(Instant::now());
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        // No code that holds the lock can panic half-way through a change.
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// Whoever's turn it is has a timer to set.
    fn wake_next(&self, now: Instant) {
        let next = self.pacer.turn(now);
        if let Some(waker) = next.and_then(|ticket| self.wakers.get(&ticket)) {
            waker.wake_by_ref();
        }
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle")
            .field("rates", &self.rates)
            .finish_non_exhaustive()
    }
}

/// One request's place in a [`Throttle`].
#[derive(Debug)]
pub(crate) struct Pace {
    throttle: Arc<Throttle>,
    ticket: Ticket,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// How much of `wanted` bytes may go now, at least one.
    pub(crate) fn poll_share(&mut self, wanted: usize, cx: &mut Context<'_>) -> Poll<usize> {
        loop {
            let again = match self.throttle.ask(self.ticket, wanted, cx.waker()) {
                Share::Now(bytes) => return Poll::Ready(bytes),
                Share::At(time) => time,
                Share::Behind => Instant::now() + ASK_AGAIN,
            };
            ready!(self.timer(again).poll(cx));
        }
    }

    fn timer(&mut self, time: Instant) -> Pin<&mut Sleep> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(time)));
        if timer.deadline() != time {
            timer.as_mut().reset(time);
        }
        timer.as_mut()
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.throttle.end(self.ticket);
    }
}

#[cfg(test)]
mod tests;
