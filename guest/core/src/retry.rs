//! When to try again, as AWS's clients do ("Retry behavior", AWS SDKs and Tools Reference
//! Guide, standard mode).

use std::num::{NonZeroU8, NonZeroU32};
use std::time::Duration;

use crate::clock::Now;
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;

/// How often and how long to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Attempts in all, the first included.
    pub max_attempts: NonZeroU8,
    /// The longest wait that is drawn at random.
    pub max_backoff: Duration,
    /// The longest wait that a server may ask for; a longer one is cut to this.
    pub max_retry_after: Duration,
    /// How long after the latest success of the job, or its start, another attempt may still
    /// begin: a job may go on for weeks, and not get nowhere for so long.
    pub patience: Duration,
    /// How long the job may take in all, whatever is under way then; nothing: as long as it gets
    /// on.
    pub deadline: Option<Duration>,
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// When the job began, by the monotonic clock.
    pub started: Duration,
    /// When the job last got on, by the monotonic clock: its latest success, or its start.
    pub progressed: Duration,
    /// Attempts that have been made, the failed one included; one that the store turned away for
    /// its credentials, after which they were renewed, is none.
    pub attempts: u8,
    /// Whether credentials were already renewed because a server rejected them.
    pub refreshed: bool,
    /// Whether the clock, wrong when the failed request was signed, is right by now.
    pub clock_corrected: bool,
}

/// What retries may cost, shared by all requests of a job: when a store fails at large, the
/// requests of a job must not all go on trying ("Retry behavior", retry quota).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    tokens: u16,
}

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Try again after this wait.
    After(Duration),
    /// Get new credentials, then try again at once.
    Refresh,
    /// The failure stands.
    GiveUp,
}

impl Default for Policy {
    /// Three attempts, waits up to 20 s, a server's wish up to 5 min, and 12 h without any success,
    /// the longest life of temporary credentials from a role alias.
    fn default() -> Self {
        Self {
            max_attempts: NonZeroU8::MIN.saturating_add(2),
            max_backoff: Duration::from_secs(20),
            max_retry_after: Duration::from_mins(5),
            patience: Duration::from_hours(12),
            deadline: None,
        }
    }
}

impl Default for Quota {
    fn default() -> Self {
        Self { tokens: Self::FULL }
    }
}

impl Quota {
    const FULL: u16 = 500;
    const RETRY: u16 = 5;
    /// A retry after silence costs more: it has already cost time.
    const RETRY_AFTER_SILENCE: u16 = 10;

    /// A request succeeded; the retry before it, if there was one, is refunded.
    pub fn refund(&mut self, after_retry: bool) {
        let tokens = if after_retry { Self::RETRY } else { 1 };
        self.tokens = self.tokens.saturating_add(tokens).min(Self::FULL);
    }

    /// Whether there is enough left for a retry after `error`, which it then costs.
    fn draw(&mut self, error: &Error) -> bool {
        let cost = match error.kind {
            ErrorKind::Network | ErrorKind::Timeout => Self::RETRY_AFTER_SILENCE,
            _ => Self::RETRY,
        };
        let left = self.tokens.checked_sub(cost);
        self.tokens = left.unwrap_or(self.tokens);
        left.is_some()
    }
}

impl Policy {
    /// The default, but for `attempts` (1 to 255, for each request) and `deadline` (seconds, for
    /// the job), which are taken from the settings.
    pub fn from_settings(settings: &mut Settings) -> Result<Self, Error> {
        let attempts = settings.take_as("attempts", |text| {
            text.parse()
                .map_err(|_| Error::new(ErrorKind::InvalidInput, "is not a number from 1 to 255"))
        })?;
        let deadline = settings.take_as("deadline", |text| {
            let seconds = text.parse::<NonZeroU32>();
            seconds.map_err(|_| Error::new(ErrorKind::InvalidInput, "is not a number of seconds"))
        })?;
        let deadline = deadline.map(|seconds| Duration::from_secs(seconds.get().into()));
        let default = Self::default();
        Ok(Self {
            max_attempts: attempts.unwrap_or(default.max_attempts),
            deadline,
            ..default
        })
    }

    /// Decides on `error`. `random` is uniform over all of `u64`; the wait is spread over the
    /// whole range ("full jitter") so that a fleet does not come back in step. What another try
    /// costs is drawn from `quota`.
    pub fn decide(
        &self,
        history: History,
        error: &Error,
        quota: &mut Quota,
        random: u64,
        now: Now,
    ) -> Retry {
        // Not an attempt more, but the same one with what it lacked; once, so that it ends.
        if error.kind == ErrorKind::ExpiredCredentials && !history.refreshed {
            return Retry::Refresh;
        }
        if history.attempts >= self.max_attempts.get() {
            return Retry::GiveUp;
        }
        let wait = match error.kind {
            ErrorKind::ClockSkew if history.clock_corrected => Duration::ZERO,
            kind if kind.is_transient() => self.wait(history.attempts, error, random),
            _ => return Retry::GiveUp,
        };
        if self.is_over(history, now.monotonic.saturating_add(wait)) || !quota.draw(error) {
            return Retry::GiveUp;
        }
        Retry::After(wait)
    }

    /// Whether no attempt may begin then, by the monotonic clock.
    fn is_over(&self, history: History, then: Duration) -> bool {
        let since = |moment| then.saturating_sub(moment);
        since(history.progressed) > self.patience
            || self
                .deadline
                .is_some_and(|deadline| since(history.started) >= deadline)
    }

    /// `random · min(2^i, max_backoff)` with i counting retries from 0, or longer if the
    /// server asked for it.
    fn wait(&self, attempts: u8, error: &Error, random: u64) -> Duration {
        let doublings = u32::from(attempts.saturating_sub(1)).min(31);
        let ceiling = Duration::from_secs(1 << doublings).min(self.max_backoff);
        let drawn = fraction(ceiling, random);
        let asked = error.retry_after.unwrap_or_default();
        drawn.max(asked.min(self.max_retry_after))
    }
}

/// `whole · random / 2^64`.
fn fraction(whole: Duration, random: u64) -> Duration {
    let nanos = (whole.as_nanos() * u128::from(random)) >> 64;
    // No larger than `whole`, whose milliseconds a policy keeps far below the range of u64.
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::SystemTime;

    use proptest::prelude::*;

    use super::*;

    const FIRST: History = History {
        started: Duration::ZERO,
        progressed: Duration::ZERO,
        attempts: 1,
        refreshed: false,
        clock_corrected: false,
    };

    fn at(seconds: u64) -> Now {
        Now {
            wall: SystemTime::UNIX_EPOCH,
            monotonic: Duration::from_secs(seconds),
        }
    }

    fn decide(history: History, kind: ErrorKind) -> Retry {
        let error = Error::new(kind, "");
        Policy::default().decide(history, &error, &mut Quota::default(), u64::MAX, at(0))
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let policy = Policy {
            max_attempts: NonZeroU8::MAX,
            ..Policy::default()
        };
        let error = Error::new(ErrorKind::Throttled, "");
        let waits = [1, 2, 3, 5, 6, 200].map(|attempts| {
            let history = History { attempts, ..FIRST };
            match policy.decide(history, &error, &mut Quota::default(), u64::MAX, at(0)) {
                Retry::After(wait) => wait.as_millis().div_ceil(1000),
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(waits, [1, 2, 4, 16, 20, 20]);
    }

    #[test]
    fn the_lowest_draw_waits_not_at_all() {
        let error = Error::new(ErrorKind::Server, "");
        let retry = Policy::default().decide(FIRST, &error, &mut Quota::default(), 0, at(0));
        assert_eq!(retry, Retry::After(Duration::ZERO));
    }

    #[test]
    fn a_servers_wish_is_honoured_and_capped() {
        let asked = |seconds| {
            let error = Error {
                retry_after: Some(Duration::from_secs(seconds)),
                ..Error::new(ErrorKind::Throttled, "")
            };
            Policy::default().decide(FIRST, &error, &mut Quota::default(), 0, at(0))
        };
        assert_eq!(asked(7), Retry::After(Duration::from_secs(7)));
        assert_eq!(asked(86_400), Retry::After(Duration::from_mins(5)));
    }

    #[test]
    fn the_last_attempt_is_final_unless_it_only_lacked_credentials() {
        let last = History {
            attempts: 3,
            ..FIRST
        };
        assert_eq!(decide(last, ErrorKind::Server), Retry::GiveUp);
        assert_eq!(decide(last, ErrorKind::ExpiredCredentials), Retry::Refresh);
    }

    #[test]
    fn credentials_are_renewed_although_the_quota_is_spent() {
        let mut quota = Quota { tokens: 0 };
        let mut decide = |kind| {
            let error = Error::new(kind, "");
            Policy::default().decide(FIRST, &error, &mut quota, 0, at(0))
        };
        assert_eq!(decide(ErrorKind::Server), Retry::GiveUp);
        assert_eq!(decide(ErrorKind::ExpiredCredentials), Retry::Refresh);
    }

    #[test]
    fn credentials_are_renewed_once() {
        assert_eq!(decide(FIRST, ErrorKind::ExpiredCredentials), Retry::Refresh);
        let refreshed = History {
            refreshed: true,
            ..FIRST
        };
        assert_eq!(
            decide(refreshed, ErrorKind::ExpiredCredentials),
            Retry::GiveUp
        );
    }

    #[test]
    fn skew_is_retried_only_if_it_explains_the_refusal() {
        assert_eq!(decide(FIRST, ErrorKind::ClockSkew), Retry::GiveUp);
        let corrected = History {
            clock_corrected: true,
            ..FIRST
        };
        assert_eq!(
            decide(corrected, ErrorKind::ClockSkew),
            Retry::After(Duration::ZERO)
        );
    }

    #[test]
    fn no_attempt_begins_after_the_deadline() {
        let policy = Policy {
            deadline: Some(Duration::from_mins(1)),
            ..Policy::default()
        };
        let error = Error::new(ErrorKind::Network, "");
        // A success a moment ago does not put it off.
        let decide = |seconds| {
            let progressed = Duration::from_secs(seconds);
            let history = History {
                progressed,
                ..FIRST
            };
            policy.decide(
                history,
                &error,
                &mut Quota::default(),
                u64::MAX,
                at(seconds),
            )
        };
        assert!(matches!(decide(59), Retry::After(_)));
        assert_eq!(decide(60), Retry::GiveUp);
    }

    #[test]
    fn patience_counts_from_the_latest_success() {
        let week = 7 * 24 * 3600;
        let history = History {
            progressed: Duration::from_secs(week),
            ..FIRST
        };
        let error = Error::new(ErrorKind::Network, "");
        let decide = |seconds| {
            let (policy, mut quota) = (Policy::default(), Quota::default());
            policy.decide(history, &error, &mut quota, u64::MAX, at(seconds))
        };
        assert!(matches!(decide(week + 12 * 3600 - 1), Retry::After(_)));
        assert_eq!(decide(week + 12 * 3600), Retry::GiveUp);
    }

    #[test]
    fn what_cannot_change_by_itself_is_not_retried() {
        for kind in [
            ErrorKind::InvalidInput,
            ErrorKind::Unsupported,
            ErrorKind::Denied,
            ErrorKind::NotFound,
            ErrorKind::PreconditionFailed,
            ErrorKind::Protocol,
            ErrorKind::TooLarge,
            ErrorKind::SourceChanged,
            ErrorKind::Cancelled,
            ErrorKind::Internal,
        ] {
            assert_eq!(decide(FIRST, kind), Retry::GiveUp, "{kind:?}");
        }
    }

    proptest! {
        #[test]
        fn a_wait_never_exceeds_its_bounds(attempts in 1u8.., random: u64, asked: Option<u32>) {
            let policy = Policy { max_attempts: NonZeroU8::MAX, ..Policy::default() };
            let error = Error {
                retry_after: asked.map(|seconds| Duration::from_secs(seconds.into())),
                ..Error::new(ErrorKind::Throttled, "")
            };
            let history = History { attempts, ..FIRST };
            if let Retry::After(wait) = policy.decide(history, &error, &mut Quota::default(), random, at(0)) {
                prop_assert!(wait <= policy.max_retry_after.max(policy.max_backoff));
                let asked = error.retry_after.unwrap_or_default();
                prop_assert!(wait >= asked.min(policy.max_retry_after));
            }
        }
    }
}
