//! Temporary credentials, fetched once and shared while they are good.
//!
//! Cached for each component and provider, so that a component on trial cannot poison
//! another's. In memory only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Semaphore;

use crate::sandbox::{CallError, Credentials, Digest, ErrorKind, Provider};

/// Credentials are not given out for the last of their life: a request signed now should
/// not arrive after they ended.
const MARGIN: Duration = Duration::from_mins(5);

/// Short-lived credentials would have no life left before [`MARGIN`], so the margin is never more
/// than this share of it.
const MARGIN_SHARE: u32 = 3;

/// How long a refusal is taken for granted that only somebody's hand can end: an alias, a policy, a
/// certificate. A device that asks on burns its data plan. These times are those of AWS IoT
/// Greengrass's credential cache.
pub(crate) const REFUSED: Duration = Duration::from_mins(2);

/// The longest time for which a service that is down or overloaded is left alone, if it asks for that.
pub(crate) const OVERLOADED: Duration = Duration::from_mins(1);

/// How long a failure is taken for granted that nobody knows the reason of.
pub(crate) const UNKNOWN: Duration = Duration::from_mins(5);

/// A moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// By AWS's clock, as far as it is known: credentials end by it. It may jump.
    pub wall: SystemTime,
    /// Never jumps.
    pub monotonic: Instant,
    /// The generation of the device's identity: with another certificate, a fetch may fare
    /// differently.
    pub identity: u64,
}

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
    failure: Option<Failure>,
}

#[derive(Debug)]
struct Failure {
    error: Arc<CallError>,
    /// Until then, another fetch would fail alike.
    cool_at: Instant,
    /// The identity that it failed with.
    identity: u64,
}

#[derive(Clone, Debug)]
struct Held {
    credentials: Credentials,
    good_until: SystemTime,
}

impl Vault {
    /// Credentials that are good for a while yet: those in the cache, else the outcome of `fetch`,
    /// which runs once for all that wait. `rejected` names credentials that AWS refused. For a
    /// while after a failure that another fetch cannot cure, the answer is that failure.
    ///
    /// # Errors
    /// The fetch failed; everybody who waited for it gets the same error.
    pub async fn credentials(
        &self,
        component: Digest,
        provider: &Provider,
        rejected: Option<&str>,
        now: impl Fn() -> Moment,
        fetch: impl AsyncFnOnce() -> Result<Credentials, CallError>,
    ) -> Result<Credentials, Arc<CallError>> {
        let entry = self.entry(component, provider);
        let seen = match entry.good(rejected, now().wall) {
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

    /// What a fetch that ended while we waited has brought, or what another would bring.
    fn outcome_since(
        &self,
        seen: u64,
        rejected: Option<&str>,
        now: Moment,
    ) -> Option<Result<Credentials, Arc<CallError>>> {
        let state = self.state();
        if let Some(credentials) = state.good(rejected, now.wall) {
            return Some(Ok(credentials));
        }
        let failure = state.failure.as_ref()?;
        let cooling = failure.identity == now.identity && now.monotonic < failure.cool_at;
        let told = state.fetches > seen || cooling;
        told.then(|| Err(Arc::clone(&failure.error)))
    }

    fn settle(&self, outcome: Result<Credentials, Arc<CallError>>, now: Moment) {
        let mut state = self.state();
        state.fetches += 1;
        match outcome {
            Ok(credentials) => {
                state.held = Some(Held::new(credentials, now.wall));
                state.failure = None;
            }
            Err(error) => {
                let cool_at = now.monotonic + cool_down(&error);
                state.failure = Some(Failure {
                    error,
                    cool_at,
                    identity: now.identity,
                });
            }
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
        let end = credentials.expiration();
        let life = end.duration_since(now).unwrap_or_default();
        // From their end back, not from now on: a clock that is ahead now may be set right.
        let margin = MARGIN.min(life / MARGIN_SHARE);
        let good_until = end.checked_sub(margin).unwrap_or(end);
        Self {
            credentials,
            good_until,
        }
    }
}

/// For how long a failed fetch stands for the next one.
fn cool_down(error: &CallError) -> Duration {
    let asked = || error.retry_after().unwrap_or_default().min(OVERLOADED);
    match error.kind() {
        ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::InvalidInput => REFUSED,
        ErrorKind::Server | ErrorKind::Throttled => asked(),
        // The way there may be open again at any time; a clock is right with the next answer.
        ErrorKind::Network
        | ErrorKind::Timeout
        | ErrorKind::Unavailable
        | ErrorKind::ClockSkew
        | ErrorKind::Cancelled => Duration::ZERO,
        _ => UNKNOWN,
    }
}

#[cfg(test)]
mod tests;
