//! Limits that depend on the time of day.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::RateLimit;

/// A time of day in minutes, written `08:00`. `24:00` is the midnight at a day's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// `00:00`.
    pub const MIDNIGHT: Self = Self(0);

    const DAYS_END: Self = Self(24 * 60);

    /// `None` for what no clock shows.
    pub fn new(hour: u8, minute: u8) -> Option<Self> {
        let time = Self(u16::from(hour) * 60 + u16::from(minute));
        (minute < 60 && time <= Self::DAYS_END).then_some(time)
    }

    /// As a clock shows it: a day's end is the next one's midnight.
    pub(crate) fn of_clock(self) -> Self {
        match self {
            Self::DAYS_END => Self::MIDNIGHT,
            time => time,
        }
    }
}

impl FromStr for TimeOfDay {
    type Err = TimeOfDayError;

    fn from_str(text: &str) -> Result<Self, TimeOfDayError> {
        let two_digits = |part: &str| {
            let are_digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            are_digits.then(|| part.parse().ok()).flatten()
        };
        text.split_once(':')
            .and_then(|(hour, minute)| Self::new(two_digits(hour)?, two_digits(minute)?))
            .ok_or(TimeOfDayError)
    }
}

impl Display for TimeOfDay {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// Not a time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a time of day is written in hours and minutes, from 00:00 to 24:00, such as 08:30")]
pub struct TimeOfDayError;

/// The part of each day from a minute to another, which does not belong to it. It may go over
/// midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    from: TimeOfDay,
    to: TimeOfDay,
}

impl Period {
    /// `None` if it would be empty. `00:00` to `24:00` is all day.
    pub fn new(from: TimeOfDay, to: TimeOfDay) -> Option<Self> {
        (from != to && from != TimeOfDay::DAYS_END).then_some(Self { from, to })
    }

    pub(crate) fn contains(self, time: TimeOfDay) -> bool {
        if self.from < self.to {
            self.from <= time && time < self.to
        } else {
            self.from <= time || time < self.to
        }
    }

    /// If two periods overlap, the later of their beginnings is in both.
    fn overlaps(self, other: Self) -> bool {
        self.contains(other.from) || other.contains(self.from)
    }
}

impl Display for Period {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.from, self.to)
    }
}

/// The limits of a day. Its periods do not overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timetable(Vec<(Period, RateLimit)>);

impl Timetable {
    /// Adds a period.
    pub fn add(&mut self, period: Period, limit: RateLimit) -> Result<(), Overlap> {
        let mut others = self.0.iter().map(|(other, _)| *other);
        if let Some(other) = others.find(|other| period.overlaps(*other)) {
            return Err(Overlap { period, other });
        }
        self.0.push((period, limit));
        Ok(())
    }

    /// Whether there is no period at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What holds at this time; `None` outside of every period.
    pub fn limit_at(&self, time: TimeOfDay) -> Option<RateLimit> {
        let time = time.of_clock();
        let mut periods = self.0.iter();
        let found = periods.find(|(period, _)| period.contains(time));
        found.map(|(_, limit)| *limit)
    }
}

/// Two periods of a timetable have a minute in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the period from {period} overlaps the one from {other}")]
pub struct Overlap {
    period: Period,
    other: Period,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn time(text: &str) -> TimeOfDay {
        text.parse().unwrap()
    }

    fn period(from: &str, to: &str) -> Period {
        Period::new(time(from), time(to)).unwrap()
    }

    fn minutes() -> impl Iterator<Item = TimeOfDay> {
        (0..24 * 60).map(TimeOfDay)
    }

    #[test]
    fn times_are_written_one_way() {
        for text in ["00:00", "08:30", "23:59", "24:00"] {
            assert_eq!(time(text).to_string(), text);
        }
        for text in [
            "8:30", "08:60", "24:01", "25:00", "08.30", "08:30:00", "+8:30", "",
        ] {
            assert_eq!(text.parse::<TimeOfDay>(), Err(TimeOfDayError), "{text}");
        }
    }

    #[test]
    fn a_period_ends_where_the_next_may_begin_over_midnight_too() {
        let (day, night) = ("1KiB".parse().unwrap(), "2KiB".parse().unwrap());
        let mut timetable = Timetable::default();
        timetable.add(period("08:00", "22:00"), day).unwrap();
        timetable.add(period("22:00", "06:00"), night).unwrap();
        let at = |text| timetable.limit_at(time(text));
        assert_eq!(at("07:59"), None);
        assert_eq!(at("08:00"), Some(day));
        assert_eq!(at("21:59"), Some(day));
        assert_eq!(at("22:00"), Some(night));
        assert_eq!(at("00:00"), Some(night));
        assert_eq!(at("24:00"), Some(night));
        assert_eq!(at("05:59"), Some(night));
        assert_eq!(at("06:00"), None);
    }

    #[test]
    fn a_day_has_all_minutes_and_an_empty_period_is_none() {
        let day = period("00:00", "24:00");
        assert!(minutes().all(|minute| day.contains(minute)));
        assert_eq!(Period::new(time("08:00"), time("08:00")), None);
        assert_eq!(Period::new(time("24:00"), time("08:00")), None);
    }

    proptest! {
        #[test]
        fn periods_overlap_if_they_share_a_minute(
            ends in proptest::array::uniform4(0..=24 * 60_u16)
        ) {
            let [a, b, c, d] = ends.map(TimeOfDay);
            if let (Some(one), Some(other)) = (Period::new(a, b), Period::new(c, d)) {
                let shared = minutes().any(|minute| one.contains(minute) && other.contains(minute));
                prop_assert_eq!(one.overlaps(other), shared);
                let mut timetable = Timetable::default();
                timetable.add(one, RateLimit::NONE).unwrap();
                prop_assert_eq!(timetable.add(other, RateLimit::NONE).is_err(), shared);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _: Result<TimeOfDay, _> = text.parse();
        }
    }
}
