//! Times by the clock that sees more of them.

use std::time::{Duration, Instant, SystemTime};

/// A time by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    monotonic: Instant,
    /// By this device's clock, not corrected.
    pub(crate) wall: SystemTime,
}

impl Moment {
    pub(crate) fn now() -> Self {
        Self {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// How long ago the other was, by the clock that saw more of it: the monotonic one stands still
    /// while the machine sleeps, and the wall clock may be set back.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_duration_since(earlier.monotonic);
        let wall = self.wall.duration_since(earlier.wall);
        monotonic.max(wall.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_slept_over_an_exchange_took_that_long() {
        let second = Duration::from_secs(1);
        let begun = Moment::now();
        let later = |monotonic, wall| Moment {
            monotonic: begun.monotonic + monotonic,
            wall,
        };
        assert_eq!(
            later(second, begun.wall + 7 * second).since(begun),
            7 * second
        );
        assert_eq!(later(second, begun.wall - 7 * second).since(begun), second);
    }
}
