//! The times of day at which something may be done.

use crate::{Period, TimeOfDay};

/// Periods of each day. They may overlap; if there are none, every time is in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows(Vec<Period>);

impl Windows {
    /// Whether this time is in one of them, by the clock that the caller goes by: that of the machine's time zone, as
    /// the timetable of rates has it.
    pub fn contains(&self, time: TimeOfDay) -> bool {
        let time = time.of_clock();
        self.0.is_empty() || self.0.iter().any(|period| period.contains(time))
    }

    /// Whether there is no period, so that every time is in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, period: Period) {
        self.0.push(period);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn windows(periods: &[(&str, &str)]) -> Windows {
        let mut windows = Windows::default();
        for (from, to) in periods {
            let period = Period::new(from.parse().unwrap(), to.parse().unwrap());
            windows.add(period.unwrap());
        }
        windows
    }

    fn open_at(windows: &Windows, time: &str) -> bool {
        windows.contains(time.parse().unwrap())
    }

    #[test]
    fn without_a_window_every_time_is_in() {
        let always = Windows::default();
        for time in ["00:00", "12:00", "23:59", "24:00"] {
            assert!(open_at(&always, time), "{time}");
        }
    }

    #[test]
    fn a_time_is_in_if_one_window_has_it_over_midnight_too() {
        let windows = windows(&[("01:00", "05:00"), ("04:00", "06:00"), ("23:00", "00:30")]);
        for time in [
            "01:00", "04:30", "05:59", "23:00", "00:00", "24:00", "00:29",
        ] {
            assert!(open_at(&windows, time), "{time}");
        }
        for time in ["00:30", "00:59", "06:00", "12:00", "22:59"] {
            assert!(!open_at(&windows, time), "{time}");
        }
    }
}
