//! Temporary credentials, fetched once and shared while they are good.
//!
//! Cached for each component and provider, so that a component on trial cannot poison
//! another's. In memory only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Semaphore;

use crate::sandbox::{CallError, Credentials, Digest, Provider};

/// Credentials are not given out for the last of their life: a request signed now should
/// not arrive after they ended.
const MARGIN: Duration = Duration::from_mins(5);

/// Short-lived credentials would have no life left before [`MARGIN`], so the margin is never more
/// than this share of it.
const MARGIN_SHARE: u32 = 3;

/// The cache. Its entries are as many as the providers and components of the configuration.
#[derive(Debug, Default)]
pub struct Vault {
    entries: Mutex<HashMap<(Digest, Provider), Arc<Entry>>>,
}

#[derive(Debug)]
struct Entry {
    /// Whoever fetches holds the one permit; the others wait for the outcome.
    turn: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    /// Fetches that came to an end.
    fetches: u64,
    failure: Option<Arc<CallError>>,
}

#[derive(Clone, Debug)]
struct Held {
    credentials: Credentials,
    good_until: SystemTime,
}

impl Vault {
    /// Credentials that are good for a while yet: those in the cache, else the outcome of `fetch`,
    /// which runs once for all that wait. `rejected` names credentials that AWS refused.
    ///
    /// # Errors
    /// The fetch failed; everybody who waited for it gets the same error.
    pub async fn credentials(
        &self,
        component: Digest,
        provider: &Provider,
        rejected: Option<&str>,
        now: impl Fn() -> SystemTime,
        fetch: impl AsyncFnOnce() -> Result<Credentials, CallError>,
    ) -> Result<Credentials, Arc<CallError>> {
        let entry = self.entry(component, provider);
        let seen = match entry.good(rejected, now()) {
            Ok(credentials) => return Ok(credentials),
            Err(fetches) => fetches,
        };
        // Never closed, so waiting for the turn does not fail.
        let _turn = entry.turn.acquire().await;
        if let Some(outcome) = entry.outcome_since(seen, rejected, now()) {
            return outcome;
        }
        let outcome = fetch().await.map_err(Arc::new);
        entry.settle(outcome.clone(), now());
        outcome
    }

    /// Credentials that are good for a while yet, if there are any without a fetch.
    pub fn held(
        &self,
        component: Digest,
        provider: &Provider,
        rejected: Option<&str>,
        now: SystemTime,
    ) -> Option<Credentials> {
        self.entry(component, provider).good(rejected, now).ok()
    }

    fn entry(&self, component: Digest, provider: &Provider) -> Arc<Entry> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(entries.entry((component, provider.clone())).or_default())
    }
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            turn: Semaphore::new(1),
            state: Mutex::default(),
        }
    }
}

impl Entry {
    /// Credentials that will do, or how many fetches have ended so far.
    fn good(&self, rejected: Option<&str>, now: SystemTime) -> Result<Credentials, u64> {
        let state = self.state();
        state.good(rejected, now).ok_or(state.fetches)
    }

    /// What a fetch that ended while we waited has brought.
    fn outcome_since(
        &self,
        seen: u64,
        rejected: Option<&str>,
        now: SystemTime,
    ) -> Option<Result<Credentials, Arc<CallError>>> {
        let state = self.state();
        if let Some(credentials) = state.good(rejected, now) {
            return Some(Ok(credentials));
        }
        let failure = state.failure.clone().filter(|_| state.fetches > seen);
        failure.map(Err)
    }

    fn settle(&self, outcome: Result<Credentials, Arc<CallError>>, now: SystemTime) {
        let mut state = self.state();
        state.fetches += 1;
        match outcome {
            Ok(credentials) => {
                state.held = Some(Held::new(credentials, now));
                state.failure = None;
            }
            Err(error) => state.failure = Some(error),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn good(&self, rejected: Option<&str>, now: SystemTime) -> Option<Credentials> {
        let held = self.held.as_ref()?;
        let refused = rejected == Some(held.credentials.access_key_id());
        (!refused && now < held.good_until).then(|| held.credentials.clone())
    }
}

impl Held {
    fn new(credentials: Credentials, now: SystemTime) -> Self {
        let life = credentials
            .expiration()
            .duration_since(now)
            .unwrap_or_default();
        let good_until = now + life.saturating_sub(MARGIN.min(life / MARGIN_SHARE));
        Self {
            credentials,
            good_until,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::cell::Cell;
    use std::time::UNIX_EPOCH;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const START: SystemTime = UNIX_EPOCH;

    fn provider() -> Provider {
        Provider {
            name: "iot".into(),
            settings: Vec::new(),
        }
    }

    fn good_for(id: u32, life: Duration) -> Credentials {
        Credentials::new(id.to_string(), "secret".into(), None, START + life)
    }

    fn failure() -> CallError {
        CallError::Stalled { limit: HOUR }
    }

    /// A vault whose fetches are counted; each gives credentials for an hour from the start.
    #[derive(Default)]
    struct Counted {
        vault: Vault,
        fetches: Cell<u32>,
    }

    impl Counted {
        async fn get(&self, rejected: Option<&str>, at: Duration) -> String {
            let fetch = async || {
                self.fetches.set(self.fetches.get() + 1);
                tokio::task::yield_now().await;
                Ok(good_for(self.fetches.get(), HOUR))
            };
            let digest = Digest::of(b"component");
            let now = || START + at;
            let provider = provider();
            let given = self
                .vault
                .credentials(digest, &provider, rejected, now, fetch)
                .await;
            given.unwrap().access_key_id().to_owned()
        }
    }

    #[tokio::test]
    async fn one_fetch_serves_all_that_wait() {
        let counted = Counted::default();
        let (one, other, third) = tokio::join!(
            counted.get(None, Duration::ZERO),
            counted.get(None, Duration::ZERO),
            counted.get(None, Duration::ZERO),
        );
        assert_eq!([one, other, third], ["1", "1", "1"]);
    }

    #[tokio::test]
    async fn credentials_are_renewed_before_the_last_five_minutes() {
        let counted = Counted::default();
        counted.get(None, Duration::ZERO).await;
        assert_eq!(counted.get(None, Duration::from_mins(54)).await, "1");
        assert_eq!(counted.get(None, Duration::from_mins(55)).await, "2");
    }

    #[test]
    fn short_lived_credentials_are_used_for_two_thirds_of_their_life() {
        let held = Held::new(good_for(1, Duration::from_secs(30)), START);
        assert_eq!(held.good_until, START + Duration::from_secs(20));
    }

    #[tokio::test]
    async fn rejected_credentials_are_replaced_once() {
        let counted = Counted::default();
        counted.get(None, Duration::ZERO).await;
        assert_eq!(counted.get(Some("1"), Duration::ZERO).await, "2");
        // Another job that was refused with the old ones finds the new ones.
        assert_eq!(counted.get(Some("1"), Duration::ZERO).await, "2");
    }

    #[tokio::test]
    async fn a_failed_fetch_fails_for_all_that_wait_and_is_not_remembered() {
        let vault = Vault::default();
        let fetches = Cell::new(0);
        let digest = Digest::of(b"component");
        let get = async || {
            let fetch = async || {
                fetches.set(fetches.get() + 1);
                tokio::task::yield_now().await;
                Err(failure())
            };
            vault
                .credentials(digest, &provider(), None, || START, fetch)
                .await
        };
        let (one, other) = tokio::join!(get(), get());
        assert!(one.is_err() && other.is_err());
        assert_eq!(fetches.get(), 1);
        assert!(get().await.is_err());
        assert_eq!(fetches.get(), 2);
    }

    #[tokio::test]
    async fn whoever_waits_takes_over_from_a_cancelled_fetch() {
        let counted = Counted::default();
        let digest = Digest::of(b"component");
        let never = async || std::future::pending().await;
        let stuck = provider();
        let mut cancelled =
            Box::pin(
                counted
                    .vault
                    .credentials(digest, &stuck, None, || START, never),
            );
        tokio::select! {
            biased;
            _ = &mut cancelled => unreachable!("it never ends"),
            () = tokio::task::yield_now() => {}
        }
        let waiting = counted.get(None, Duration::ZERO);
        drop(cancelled);
        assert_eq!(waiting.await, "1");
    }

    #[tokio::test]
    async fn components_do_not_share_credentials() {
        let counted = Counted::default();
        counted.get(None, Duration::ZERO).await;
        let other = Digest::of(b"on trial");
        let fetch = async || Ok(good_for(9, HOUR));
        let given = counted
            .vault
            .credentials(other, &provider(), None, || START, fetch)
            .await;
        assert_eq!(given.unwrap().access_key_id(), "9");
    }
}
