//! When credentials are fetched: a state machine without IO, given time and chance.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::{Credentials, FetchError};

/// Credentials are replaced from twice this long before their end until this long before it: late enough
/// for a life to be used, early enough for a link that is down for minutes.
const MARGIN: Duration = Duration::from_mins(5);

/// Short-lived credentials would be replaced at once by [`MARGIN`], so it is never more than this share of
/// their life.
const MARGIN_SHARE: u32 = 3;

/// Between a failure and the next try, doubled for each failure after that.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause after failures that may end by themselves.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// The pause after a refusal that only somebody's hand can end; as AWS IoT Greengrass has it for 4xx.
const PAUSE_WHEN_REFUSED: Duration = Duration::from_mins(2);

/// A moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    /// By AWS's clock: credentials end by it. It may jump.
    pub(crate) wall: SystemTime,
    /// Never jumps.
    pub(crate) monotonic: Instant,
}

/// What is known of one role's credentials.
#[derive(Debug, Default)]
pub(crate) struct Freshness {
    held: Option<Held>,
    /// Since the latest success.
    failures: u32,
    failure: Option<Failure>,
    asked: Option<Instant>,
}

#[derive(Debug)]
struct Held {
    credentials: Arc<Credentials>,
    life: Duration,
    refresh_at: SystemTime,
}

#[derive(Debug)]
struct Failure {
    error: Arc<FetchError>,
    again_at: Instant,
}

/// What to do for somebody who asks.
#[derive(Debug)]
pub(crate) enum Advice {
    /// These are fresh.
    Give(Arc<Credentials>),
    /// A fetch is worth while; these will do if it fails.
    Fetch(Option<Arc<Credentials>>),
    /// A fetch failed a moment ago, and the next would fail alike.
    Fail(Arc<FetchError>),
}

impl Freshness {
    /// Somebody asks for credentials.
    pub(crate) fn ask(&mut self, now: Moment) -> Advice {
        self.asked = Some(now.monotonic);
        let good = self.good(now.wall);
        match (good, self.cooling(now)) {
            (Some(good), _) if !self.is_due(now.wall) => Advice::Give(good),
            (Some(good), Some(_)) => Advice::Give(good),
            (None, Some(failure)) => Advice::Fail(Arc::clone(&failure.error)),
            (good, None) => Advice::Fetch(good),
        }
    }

    /// How long until the credentials are to be replaced although nobody is waiting for them: none if nobody
    /// has asked for as long as they live.
    pub(crate) fn refresh_in(&self, now: Moment) -> Option<Duration> {
        let held = self.held.as_ref()?;
        let idle = now.monotonic.saturating_duration_since(self.asked?);
        if idle > held.life {
            return None;
        }
        let fresh = held.refresh_at.duration_since(now.wall).unwrap_or_default();
        let pause = self
            .cooling(now)
            .map(|failure| failure.again_at.saturating_duration_since(now.monotonic));
        Some(fresh.max(pause.unwrap_or_default()))
    }

    /// The access key id of what a fetch would replace.
    pub(crate) fn held(&self) -> Option<String> {
        let held = self.held.as_ref()?;
        Some(held.credentials.access_key_id.clone())
    }

    /// A fetch has ended; `chance` is from 0 to 1.
    pub(crate) fn settle(
        &mut self,
        outcome: Result<Credentials, FetchError>,
        now: Moment,
        chance: f64,
    ) -> Result<Arc<Credentials>, Arc<FetchError>> {
        match outcome.and_then(|credentials| Held::new(credentials, now.wall, chance)) {
            Ok(held) => {
                let credentials = Arc::clone(&held.credentials);
                self.held = Some(held);
                self.failures = 0;
                self.failure = None;
                Ok(credentials)
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                let pause = pause(self.failures, error.retryable, chance);
                let error = Arc::new(error);
                self.failure = Some(Failure {
                    error: Arc::clone(&error),
                    again_at: now.monotonic + pause,
                });
                Err(error)
            }
        }
    }

    /// Forgets credentials and failures; who asked recently is still remembered.
    pub(crate) fn clear(&mut self) {
        self.held = None;
        self.failures = 0;
        self.failure = None;
    }

    /// Credentials that have not ended.
    fn good(&self, now: SystemTime) -> Option<Arc<Credentials>> {
        let held = self.held.as_ref()?;
        (now < held.credentials.expiration).then(|| Arc::clone(&held.credentials))
    }

    fn is_due(&self, now: SystemTime) -> bool {
        self.held.as_ref().is_none_or(|held| now >= held.refresh_at)
    }

    fn cooling(&self, now: Moment) -> Option<&Failure> {
        self.failure
            .as_ref()
            .filter(|failure| now.monotonic < failure.again_at)
    }
}

impl Held {
    fn new(credentials: Credentials, now: SystemTime, chance: f64) -> Result<Self, FetchError> {
        let life = credentials
            .expiration
            .duration_since(now)
            .unwrap_or_default();
        if life.is_zero() {
            return Err(FetchError {
                message: "the credentials that were fetched have ended already; \
                          check that this machine's clock is right"
                    .to_owned(),
                status: None,
                retryable: true,
            });
        }
        // From their end back, not from now on: a clock that is ahead now may be set right.
        let margin = MARGIN.min(life / MARGIN_SHARE);
        let before = margin + margin.mul_f64(chance.clamp(0.0, 1.0));
        Ok(Self {
            refresh_at: credentials.expiration.checked_sub(before).unwrap_or(now),
            credentials: Arc::new(credentials),
            life,
        })
    }
}

/// The pause after so many failures in a row, shortened by up to a half so that many devices do not come
/// back at once.
fn pause(failures: u32, retryable: bool, chance: f64) -> Duration {
    let longest = if retryable {
        let doublings = failures.saturating_sub(1).min(16);
        (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE)
    } else {
        PAUSE_WHEN_REFUSED
    };
    longest.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests;
