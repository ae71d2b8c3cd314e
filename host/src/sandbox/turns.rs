//! Turns at the store, for requests that were signed before they waited for them.
//!
//! A component signs a request and hands it over; only then it can wait. A signature that waited for
//! long is of no use: S3 refuses it after 15 minutes, and the credentials behind it may have ended.
//! So a turn that comes late is kept for the component, which is told that its request has not left,
//! signs another one and finds the turn waiting. Nobody loses a place in the queue by that, and
//! nothing counts as a failure.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A request that waited longer is signed anew. The vault hands out what is good for five minutes at
/// least, or for a third of its life.
const FRESH: Duration = Duration::from_mins(1);

/// How long a turn is kept for a request that is signed anew, which takes a component a moment. Others
/// wait for it too.
const KEPT: Duration = Duration::from_secs(10);

/// The turns of one instance.
#[derive(Debug)]
pub(super) struct Turns<T> {
    /// Those that came late, and when.
    kept: Mutex<Vec<(T, Instant)>>,
    waiting: AtomicUsize,
}

/// Why a request does not leave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoTurn<E> {
    /// Its turn came when its signature was old.
    Late,
    /// It would be refused.
    Failed(E),
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            waiting: AtomicUsize::new(0),
        }
    }
}

impl<T> Turns<T> {
    /// A turn that was kept and `fits`, or else the next one.
    pub(super) async fn take<E>(
        &self,
        fits: impl Fn(&T) -> bool,
        next: impl Future<Output = Result<T, E>>,
    ) -> Result<T, NoTurn<E>> {
        if let Some(turn) = self.take_kept(fits) {
            return Ok(turn);
        }
        let asked = Instant::now();
        let turn = {
            let _waiting = Waiting::new(&self.waiting);
            next.await.map_err(NoTurn::Failed)?
        };
        if asked.elapsed() <= FRESH {
            return Ok(turn);
        }
        self.kept().push((turn, Instant::now()));
        Err(NoTurn::Late)
    }

    /// Gives back what was kept for nothing.
    pub(super) fn expire(&self) {
        self.kept().retain(|(_, since)| since.elapsed() < KEPT);
    }

    /// Whether a request waits for its turn.
    pub(super) fn are_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn take_kept(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut kept = self.kept();
        let found = kept.iter().position(|(turn, _)| fits(turn))?;
        Some(kept.remove(found).0)
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(T, Instant)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a request while it waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::convert::Infallible;
    use std::future::ready;

    use tokio::time::{advance, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn after(wait: Duration, turn: u8) -> Result<u8, Infallible> {
        sleep(wait).await;
        Ok(turn)
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_comes_in_time_is_taken() {
        let turns = Turns::default();
        assert_eq!(turns.take(|_| true, after(FRESH, 1)).await, Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_comes_late_is_kept_for_the_request_that_is_signed_anew() {
        let turns = Turns::default();
        let late = turns.take(|_| true, after(FRESH + SECOND, 1)).await;
        assert_eq!(late, Err(NoTurn::Late));
        advance(KEPT.checked_sub(SECOND).unwrap()).await;
        turns.expire();
        // It does not wait again, and takes the one that fits only.
        let other = turns.take(|&turn| turn == 2, ready(Ok::<_, Infallible>(2)));
        assert_eq!(other.await, Ok(2));
        assert_eq!(
            turns
                .take(|_| true, std::future::pending::<Result<_, Infallible>>())
                .await,
            Ok(1)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_nobody_comes_for_is_given_back() {
        let turns = Turns::default();
        let late = turns.take(|_| true, after(FRESH + SECOND, 1)).await;
        assert_eq!(late, Err(NoTurn::Late));
        advance(KEPT).await;
        turns.expire();
        let next = turns.take(|_| true, ready(Ok::<_, Infallible>(2))).await;
        assert_eq!(next, Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_waits_is_counted_until_it_is_dropped() {
        let turns = Turns::<u8>::default();
        let waiting = turns.take(|_| true, std::future::pending::<Result<_, Infallible>>());
        assert!(
            tokio::time::timeout(SECOND, async {
                tokio::pin!(waiting);
                tokio::select! {
                    _ = &mut waiting => {}
                    () = sleep(SECOND / 2) => assert!(turns.are_waited_for()),
                }
            })
            .await
            .is_ok()
        );
        assert!(!turns.are_waited_for());
        assert_eq!(
            turns.take(|_| true, ready(Err("denied"))).await,
            Err(NoTurn::Failed("denied"))
        );
        assert!(!turns.are_waited_for());
    }
}
