//! Which of the requests that a fault is for meet it.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use super::values::{Options, ParseFaultError, Probability, Time};

/// Which of the requests that a fault is for meet it.
///
/// But for storms, which go by the clock, the choice depends on the seed and
/// on how many requests came before, and on nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) after: u64,
    pub(super) every: NonZeroU64,
    pub(super) times: Option<NonZeroU64>,
    pub(super) probability: Probability,
    pub(super) seed: u64,
    pub(super) storm: Option<Storm>,
}

/// Storms of one length, each beginning one period after the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Storm {
    length: Time,
    period: Time,
}

/// What a schedule has decided so far.
#[derive(Debug, Default)]
pub(super) struct History {
    seen: u64,
    met: u64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            after: 0,
            every: NonZeroU64::MIN,
            times: None,
            probability: Probability::CERTAIN,
            seed: 0,
            storm: None,
        }
    }
}

impl Schedule {
    pub(super) fn parse(options: &mut Options<'_>) -> Result<Self, ParseFaultError> {
        let default = Self::default();
        Ok(Self {
            after: options.take("after")?.unwrap_or(default.after),
            every: options.take("every")?.unwrap_or(default.every),
            times: options.take("times")?,
            probability: options.take("p")?.unwrap_or(default.probability),
            seed: options.take("seed")?.unwrap_or(default.seed),
            storm: match (options.take("for")?, options.take("each")?) {
                (None, None) => None,
                (Some(length), Some(period)) => Some(Storm::new(length, period)?),
                _ => return Err(ParseFaultError::Storm),
            },
        })
    }

    /// Whether the next request meets the fault, `elapsed` after the faults were set.
    pub(super) fn decide(&self, history: &mut History, elapsed: Duration) -> bool {
        let number = history.seen;
        history.seen += 1;
        let in_turn = number >= self.after && (number - self.after + 1) % self.every == 0;
        let meets = in_turn
            && self.times.is_none_or(|times| history.met < times.get())
            && self.storm.is_none_or(|storm| storm.rages(elapsed))
            && self.probability.says_yes(draw(self.seed, number));
        history.met += u64::from(meets);
        meets
    }
}

impl Storm {
    pub(super) fn new(length: Time, period: Time) -> Result<Self, ParseFaultError> {
        if length.get() <= period.get() && !period.get().is_zero() {
            Ok(Self { length, period })
        } else {
            Err(ParseFaultError::Storm)
        }
    }

    fn rages(self, elapsed: Duration) -> bool {
        elapsed.as_millis() % self.period.get().as_millis() < self.length.get().as_millis()
    }
}

/// The `number`th output of the generator `SplitMix64` with a seed.
///
/// <https://prng.di.unimi.it/splitmix64.c>
fn draw(seed: u64, number: u64) -> u64 {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut z = seed.wrapping_add(STEP.wrapping_mul(number.wrapping_add(1)));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The options that differ from their defaults, each with a comma before it.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Self::default();
        if self.probability != default.probability {
            write!(f, ",p={}", self.probability)?;
        }
        if let Some(times) = self.times {
            write!(f, ",times={times}")?;
        }
        if self.after != default.after {
            write!(f, ",after={}", self.after)?;
        }
        if self.every != default.every {
            write!(f, ",every={}", self.every)?;
        }
        if self.seed != default.seed {
            write!(f, ",seed={}", self.seed)?;
        }
        if let Some(Storm { length, period }) = self.storm {
            write!(f, ",for={length},each={period}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Which of the first requests meet a fault, one of them each second.
    fn met(options: &str, requests: u64) -> Vec<u64> {
        let schedule = Schedule::parse(&mut Options::of(options.split(','))).unwrap();
        let mut history = History::default();
        (0..requests)
            .filter(|number| schedule.decide(&mut history, Duration::from_secs(*number)))
            .collect()
    }

    #[test]
    fn options_choose_requests() {
        assert_eq!(met("", 3), [0, 1, 2]);
        assert_eq!(met("times=2", 5), [0, 1]);
        assert_eq!(met("after=3", 5), [3, 4]);
        assert_eq!(met("every=3", 9), [2, 5, 8]);
        assert_eq!(met("after=1,every=2,times=2", 9), [2, 4]);
        assert_eq!(met("for=2,each=5", 12), [0, 1, 5, 6, 10, 11]);
        assert_eq!(met("for=2,each=5,times=3", 12), [0, 1, 5]);
        assert_eq!(met("p=0", 100), Vec::<u64>::new());
    }

    #[test]
    fn chance_is_what_was_asked_for_and_follows_the_seed_alone() {
        let once = met("p=0.1,seed=7", 10_000);
        assert!((800..1200).contains(&once.len()), "{}", once.len());
        assert_eq!(met("p=0.1,seed=7", 10_000), once);
        assert_ne!(met("p=0.1,seed=8", 10_000), once);
    }
}
