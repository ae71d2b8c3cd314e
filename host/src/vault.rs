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
