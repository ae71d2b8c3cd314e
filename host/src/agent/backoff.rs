//! How long to wait before the next try.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// Exponential back-off with full jitter: many devices that lost the same link do not come back in step
/// ("Exponential Backoff And Jitter", AWS Architecture Blog).
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
}

/// Between attempts of a job, and between looks whether the link is back.
pub(super) const ATTEMPTS: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(5));

/// Between starts of a part, and between tries to write down what happened.
pub(super) const RESTARTS: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));

/// Jitter never makes it a busy loop: at least this share of the first delay.
const LEAST_SHARE: u32 = 10;

impl Backoff {
    pub(super) const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// After so many tries that failed in a row, 1 or more; `random` is any number.
    pub(super) fn delay(self, tries: u32, random: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(31);
        let most = self.first.saturating_mul(1 << doublings).min(self.longest);
        let share = f64::from(random) / f64::from(u32::MAX);
        most.mul_f64(share).max(self.first / LEAST_SHARE)
    }

    /// [`Backoff::delay`] with a random number.
    pub(super) fn random_delay(self, tries: u32) -> Duration {
        self.delay(tries, random())
    }
}

/// A number that nobody needs to be unable to guess.
pub(super) fn random() -> u32 {
    let [_, _, _, _, low @ ..] = RandomState::new().hash_one(0).to_be_bytes();
    u32::from_be_bytes(low)
}

/// Any part of it.
pub(super) fn share(whole: Duration, random: u32) -> Duration {
    whole.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// A tenth more or less: devices that began together do not go on together.
pub(super) fn spread(every: Duration, random: u32) -> Duration {
    every.mul_f64(0.9) + share(every.mul_f64(0.2), random)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_most_doubles_up_to_five_minutes() {
        let most = |tries| ATTEMPTS.delay(tries, u32::MAX).as_secs();
        assert_eq!([1, 2, 3, 9].map(most), [1, 2, 4, 256]);
        assert_eq!([10, 11, 1000, u32::MAX].map(most), [300; 4]);
    }

    proptest! {
        #[test]
        fn looks_are_a_tenth_more_or_less_apart(seconds in 1..10_000_000_u64, random: u32) {
            let every = Duration::from_secs(seconds);
            let wait = spread(every, random);
            prop_assert!(wait >= every.mul_f64(0.899) && wait <= every.mul_f64(1.101));
            prop_assert!(share(every, random) <= every + Duration::from_nanos(1));
        }

        #[test]
        fn a_delay_is_never_nothing_and_never_beyond_the_longest(tries: u32, random: u32) {
            let delay = ATTEMPTS.delay(tries, random);
            prop_assert!(delay >= Duration::from_millis(100));
            prop_assert!(delay <= Duration::from_mins(5));
        }
    }
}
