//! How far two clocks are apart, and what an answer tells about it.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// Under this, signatures are accepted anyway and a measurement would only add noise.
const TOLERATED: Duration = Duration::from_mins(4);

/// An exchange that took longer tells nothing.
const LONGEST_ROUND_TRIP: Duration = Duration::from_mins(15);

/// `Date` is in whole seconds.
const RESOLUTION: Duration = Duration::from_secs(1);

/// How far this device's clock is off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew {
    /// Negative when it is ahead.
    behind_milliseconds: i64,
}

/// An answer that TLS authenticated, and what this device's clocks said about it.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// Its field `Date`.
    pub date: &'a str,
    /// Whether it has a field `Age`: then a cache gave it, and `Date` is of another time.
    pub aged: bool,
    /// From the beginning of the request to the answer, by the monotonic clock.
    pub round_trip: Duration,
    /// When the answer came, by this device's wall clock, not corrected.
    pub received: SystemTime,
}

impl Skew {
    /// The skew after an answer, by the rule that AWS's own clients share ("clock skew correction"):
    /// `Date` less the middle between request and answer, if that is over 4 minutes.
    ///
    /// The server wrote `Date` some time between request and answer, and a large body makes that a
    /// long time. So a skew takes force only if it is over the limit wherever `Date` was written, and
    /// ends only if it is under; and one that agrees with the answer stays as it is.
    #[must_use]
    pub fn seen(self, sighting: &Sighting<'_>) -> Self {
        let Some((measured, uncertainty)) = Self::measured(sighting) else {
            return self;
        };
        let size = measured.distance(Self::default());
        if size.saturating_sub(uncertainty) > TOLERATED {
            let agrees = measured.distance(self) <= uncertainty + RESOLUTION;
            if agrees { self } else { measured }
        } else if size + uncertainty <= TOLERATED {
            Self::default()
        } else {
            self
        }
    }

    /// What an answer says, give or take so much; none if it tells nothing.
    pub(super) fn measured(sighting: &Sighting<'_>) -> Option<(Self, Duration)> {
        if sighting.aged || sighting.round_trip > LONGEST_ROUND_TRIP {
            return None;
        }
        let uncertainty = sighting.round_trip / 2;
        let date = OffsetDateTime::parse(sighting.date, &Rfc2822).ok()?;
        let middle = sighting.received.checked_sub(uncertainty)?;
        let behind = date - OffsetDateTime::from(middle);
        let behind_milliseconds = i64::try_from(behind.whole_milliseconds()).ok()?;
        let measured = Self {
            behind_milliseconds,
        };
        Some((measured, uncertainty))
    }

    /// A skew of whole seconds; negative when this device is ahead.
    pub(super) fn from_behind_seconds(seconds: i64) -> Self {
        let behind_milliseconds = seconds.saturating_mul(1000);
        Self {
            behind_milliseconds,
        }
    }

    /// How many seconds this device is behind; negative when it is ahead.
    pub fn behind_seconds(self) -> i64 {
        self.behind_milliseconds / 1000
    }

    /// Whether no correction is in force.
    pub fn is_zero(self) -> bool {
        self.behind_milliseconds == 0
    }

    /// A time of this device's clock, corrected; as it is where no correct one can be represented.
    pub fn correct(self, local: SystemTime) -> SystemTime {
        let size = Duration::from_millis(self.behind_milliseconds.unsigned_abs());
        let corrected = if self.behind_milliseconds >= 0 {
            local.checked_add(size)
        } else {
            local.checked_sub(size)
        };
        corrected.unwrap_or(local)
    }

    pub(super) fn distance(self, other: Self) -> Duration {
        Duration::from_millis(self.behind_milliseconds.abs_diff(other.behind_milliseconds))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    const DATE: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
    /// [`DATE`], since 1970.
    const SINCE_1970: Duration = Duration::from_hours(490_896);
    const RIGHT: Skew = Skew {
        behind_milliseconds: 0,
    };

    fn behind(seconds: i64) -> Skew {
        Skew::from_behind_seconds(seconds)
    }

    /// An answer whose `Date` was written when the device's clock was so far behind, `before` the
    /// answer came.
    fn sighting(skew: Skew, round_trip: Duration, before: Duration) -> Sighting<'static> {
        let date = SystemTime::UNIX_EPOCH + SINCE_1970;
        let opposite = Skew {
            behind_milliseconds: -skew.behind_milliseconds,
        };
        Sighting {
            date: DATE,
            aged: false,
            round_trip,
            received: opposite.correct(date) + before,
        }
    }

    fn at_once(skew: Skew) -> Sighting<'static> {
        sighting(skew, Duration::ZERO, Duration::ZERO)
    }

    #[test]
    fn a_clock_is_corrected_when_it_is_over_four_minutes_off_either_way() {
        for (off, corrected) in [(0, 0), (240, 0), (-240, 0), (241, 241), (-241, -241)] {
            assert_eq!(
                RIGHT.seen(&at_once(behind(off))),
                behind(corrected),
                "{off}"
            );
        }
    }

    #[test]
    fn answers_of_caches_and_slow_ones_and_no_dates_tell_nothing() {
        let good = at_once(behind(7200));
        let ignored = [
            Sighting { aged: true, ..good },
            Sighting { date: "", ..good },
            Sighting {
                date: "yesterday",
                ..good
            },
            Sighting {
                round_trip: LONGEST_ROUND_TRIP + RESOLUTION,
                ..good
            },
        ];
        for ignored in &ignored {
            assert_eq!(RIGHT.seen(ignored), RIGHT, "{ignored:?}");
        }
        assert_eq!(RIGHT.seen(&good), behind(7200));
    }

    #[test]
    fn a_long_request_does_not_make_a_right_clock_wrong() {
        let ten_minutes = Duration::from_mins(10);
        for before in [Duration::ZERO, ten_minutes] {
            assert_eq!(RIGHT.seen(&sighting(RIGHT, ten_minutes, before)), RIGHT);
        }
    }

    #[test]
    fn a_long_request_neither_ends_nor_blurs_a_correction() {
        let ten_minutes = Duration::from_mins(10);
        for before in [Duration::ZERO, ten_minutes] {
            let seen = sighting(behind(7200), ten_minutes, before);
            assert_eq!(behind(7200).seen(&seen), behind(7200));
            let unclear = sighting(RIGHT, ten_minutes, before);
            assert_eq!(behind(300).seen(&unclear), behind(300));
        }
    }

    proptest! {
        #[test]
        fn whatever_the_round_trip_a_correction_is_off_by_no_more_than_half_of_it(
            off in -10_000_000_i64..10_000_000,
            before in -100_000_i64..100_000,
            round_trip in 0_u64..1200,
            share in 0.0..=1.0_f64,
        ) {
            let round_trip = Duration::from_secs(round_trip);
            let seen = sighting(behind(off), round_trip, round_trip.mul_f64(share));
            let now = behind(before).seen(&seen);
            let unclear = round_trip / 2;
            let close = now.distance(behind(off)) <= unclear + RESOLUTION;
            let tolerable = now.is_zero() && behind(off).distance(RIGHT) <= TOLERATED + unclear;
            prop_assert!(now == behind(before) || close || tolerable, "{now:?}");
        }

        #[test]
        fn correcting_never_fails(milliseconds: i64, seconds in 0_u64..u64::from(u32::MAX)) {
            let skew = Skew { behind_milliseconds: milliseconds };
            let _ = skew.correct(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            let _ = skew.seen(&at_once(behind(0)));
        }
    }
}
