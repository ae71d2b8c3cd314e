//! The one clock that expiry is judged by.
//!
//! A gateway may have no battery for its clock, and a clock may be set far ahead by mistake. So:
//!
//! - The time is never taken for earlier than the host's build or the floor, the latest time that is known to have
//!   been. A clock that says so is wrong: what runs goes on, and updates wait until it is set. To take the
//!   floor for the time instead would let somebody who replays metadata freeze a device in the past.
//! - The floor is raised by a check that succeeded at an authenticated time, and by nothing else. Such a check found
//!   its metadata unexpired, so that the floor never passes the date until which a publisher has signed: a clock
//!   that is years ahead finds everything expired and raises nothing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The time.
    pub time: SystemTime,
    /// Whether somebody vouches for it, as TLS does for the date of an answer.
    pub authenticated: bool,
}

/// The clock says a time that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the clock is at least {} s behind the latest time that is known to have been; set it, and updates go on",
    behind.as_secs()
)]
pub struct ClockBehind {
    /// By so much at least.
    pub behind: Duration,
}

/// The floor is written again when it is older by so much, so that it does not wear out flash memory.
const STEP: Duration = Duration::from_hours(24);

impl Reading {
    /// The time to judge by.
    pub(super) fn judged(
        self,
        floor: SystemTime,
        built: SystemTime,
    ) -> Result<SystemTime, ClockBehind> {
        match floor.max(built).duration_since(self.time) {
            Ok(behind) if !behind.is_zero() => Err(ClockBehind { behind }),
            _ => Ok(self.time),
        }
    }

    /// The floor after a check that succeeded at this time.
    pub(super) fn raised(self, floor: SystemTime) -> SystemTime {
        let far = self
            .time
            .duration_since(floor)
            .is_ok_and(|ahead| ahead >= STEP);
        if self.authenticated && far {
            self.time
        } else {
            floor
        }
    }
}

/// Whole seconds since 1970; earlier times are 1970.
pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn day(number: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_hours(24) * u32::try_from(number).unwrap()
    }

    fn reading(number: u64, authenticated: bool) -> Reading {
        let time = day(number);
        Reading {
            time,
            authenticated,
        }
    }

    #[test]
    fn a_clock_that_is_behind_the_floor_or_the_build_is_not_believed() {
        let behind = Duration::from_hours(24);
        for (floor, built) in [(11, 5), (5, 11)] {
            let judged = reading(10, true).judged(day(floor), day(built));
            assert_eq!(judged, Err(ClockBehind { behind }));
        }
        assert_eq!(reading(10, false).judged(day(10), day(9)), Ok(day(10)));
    }

    #[test]
    fn only_authenticated_time_raises_the_floor_and_nothing_lowers_it() {
        assert_eq!(reading(20, false).raised(day(10)), day(10));
        assert_eq!(reading(20, true).raised(day(10)), day(20));
        assert_eq!(reading(5, true).raised(day(10)), day(10));
    }
}
