//! Whose turn it is, of the requests to one origin.
//!
//! So many may be under way at once. The others wait: the more urgent one goes first, of equally urgent ones
//! that which asked first. A request that is more urgent than all that are under way does not wait for
//! them, for on a slow link that takes minutes: it goes beyond the number, one request at a time.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// The turns at one origin. A clone shares them.
#[derive(Clone, Debug)]
pub(crate) struct Turns(Arc<Mutex<Line>>);

/// One turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    turns: Turns,
    urgency: u8,
    /// Whether it is one beyond the number.
    pub(crate) beyond: bool,
}

/// A place in the order of all that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place(Reverse<u8>, u64);

#[derive(Debug)]
struct Line {
    most: usize,
    /// The urgencies of those under way.
    under_way: Vec<u8>,
    waiting: BTreeMap<Place, Option<Waker>>,
    next: u64,
}

impl Turns {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(Line {
            most,
            under_way: Vec::new(),
            waiting: BTreeMap::new(),
            next: 0,
        })))
    }

    /// Waits for a turn. To drop the future gives up the place.
    pub(crate) async fn take(&self, urgency: u8) -> Taken {
        let waiting = Waiting {
            turns: self,
            place: self.with(|line| line.enter(urgency)),
        };
        let beyond = poll_fn(|cx| self.with(|line| line.poll(waiting.place, cx))).await;
        Taken {
            turns: self.clone(),
            urgency,
            beyond,
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Line) -> T) -> T {
        // No code that holds the lock can panic half-way through a change.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.turns.with(|line| line.end(self.urgency));
    }
}

/// Somebody who waits, or has just got a turn.
struct Waiting<'t> {
    turns: &'t Turns,
    place: Place,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.turns.with(|line| line.leave(self.place));
    }
}

impl Line {
    fn enter(&mut self, urgency: u8) -> Place {
        let place = Place(Reverse(urgency), self.next);
        self.next += 1;
        self.waiting.insert(place, None);
        place
    }

    /// Whether the turn is one beyond the number, when it comes.
    fn poll(&mut self, place: Place, cx: &Context<'_>) -> Poll<bool> {
        if self.next() == Some(place) {
            let beyond = self.under_way.len() >= self.most;
            self.waiting.remove(&place);
            self.under_way.push(place.0.0);
            self.wake_next();
            return Poll::Ready(beyond);
        }
        self.waiting.insert(place, Some(cx.waker().clone()));
        Poll::Pending
    }

    /// Whose turn it is now.
    fn next(&self) -> Option<Place> {
        let (place, _) = self.waiting.first_key_value()?;
        let is_more_urgent = self.under_way.iter().all(|urgency| *urgency < place.0.0);
        let most = self.most + usize::from(is_more_urgent);
        (self.under_way.len() < most).then_some(*place)
    }

    fn leave(&mut self, place: Place) {
        // Whoever got a turn is none of them any more.
        if self.waiting.remove(&place).is_some() {
            self.wake_next();
        }
    }

    fn end(&mut self, urgency: u8) {
        let ended = self.under_way.iter().position(|other| *other == urgency);
        if let Some(ended) = ended {
            self.under_way.swap_remove(ended);
        }
        self.wake_next();
    }

    fn wake_next(&self) {
        let next = self.next().and_then(|place| self.waiting.get(&place));
        if let Some(Some(waker)) = next {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::pin::pin;

    use super::*;

    /// A turn, if there is one at once.
    fn now(turns: &Turns, urgency: u8) -> Option<Taken> {
        let mut cx = Context::from_waker(Waker::noop());
        match pin!(turns.take(urgency)).poll(&mut cx) {
            Poll::Ready(taken) => Some(taken),
            Poll::Pending => None,
        }
    }

    #[test]
    fn no_more_than_so_many_are_under_way() {
        let turns = Turns::new(2);
        let first = now(&turns, 5).unwrap();
        let _second = now(&turns, 5).unwrap();
        assert!(now(&turns, 5).is_none());
        drop(first);
        let _third = now(&turns, 5).unwrap();
        assert!(now(&turns, 0).is_none());
    }

    #[test]
    fn one_that_is_more_urgent_than_all_goes_beyond_and_the_next_one_waits() {
        let turns = Turns::new(1);
        let bulk = now(&turns, 5).unwrap();
        let urgent = now(&turns, 6).unwrap();
        assert!(urgent.beyond && !bulk.beyond);
        assert!(now(&turns, 9).is_none());
        // The number holds again before anybody else begins.
        drop(urgent);
        assert!(now(&turns, 5).is_none());
        drop(bulk);
        assert!(now(&turns, 5).is_some());
    }

    #[tokio::test]
    async fn the_more_urgent_one_goes_first_and_of_equal_ones_that_which_asked_first() {
        let turns = Turns::new(1);
        let taken = now(&turns, 9).unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut asked = Vec::new();
        for (name, urgency) in [("bulk", 0), ("first", 9), ("second", 9), ("third", 5)] {
            let (turns, order) = (turns.clone(), Arc::clone(&order));
            asked.push(tokio::spawn(async move {
                let _taken = turns.take(urgency).await;
                order.lock().unwrap().push(name);
            }));
        }
        tokio::task::yield_now().await;
        drop(taken);
        for asked in asked {
            asked.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["first", "second", "third", "bulk"]);
    }

    #[tokio::test]
    async fn a_place_that_is_given_up_holds_up_nobody() {
        let turns = Turns::new(1);
        let taken = now(&turns, 5).unwrap();
        let gives_up = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(5).await }
        });
        let waits = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(5).await }
        });
        tokio::task::yield_now().await;
        drop(taken);
        gives_up.abort();
        waits.await.unwrap();
        drop(gives_up.await);
        assert!(now(&turns, 5).is_some());
    }
}
