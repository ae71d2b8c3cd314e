//! How much may be sent on a day and in a month.

use std::time::SystemTime;

use sealift_config::{ByteSize, Service};
use time::{Date, Month, UtcDateTime};

/// What the configuration allows, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Budget {
    daily: Option<u64>,
    monthly: Option<u64>,
}

/// What was sent, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    pub(super) today: u64,
    /// Today included.
    pub(super) this_month: u64,
}

/// A budget that is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exhausted {
    Day,
    Month,
}

impl From<&Service> for Budget {
    fn from(service: &Service) -> Self {
        Self {
            daily: service.daily_bytes.map(ByteSize::bytes),
            monthly: service.monthly_bytes.map(ByteSize::bytes),
        }
    }
}

impl Budget {
    #[cfg(test)]
    pub(super) fn of(daily: Option<u64>, monthly: Option<u64>) -> Self {
        Self { daily, monthly }
    }

    /// Which budget is spent; the one that lasts longer first.
    pub(super) fn exhausted(self, spent: Spent) -> Option<Exhausted> {
        let reached = |limit: Option<u64>, sent| limit.is_some_and(|limit| sent >= limit);
        if reached(self.monthly, spent.this_month) {
            Some(Exhausted::Month)
        } else if reached(self.daily, spent.today) {
            Some(Exhausted::Day)
        } else {
            None
        }
    }
}

impl Spent {
    /// So many bytes more today.
    pub(super) fn add(&mut self, bytes: u64) {
        self.today = self.today.saturating_add(bytes);
        self.this_month = self.this_month.saturating_add(bytes);
    }
}

impl Exhausted {
    /// The first day on which there is something to spend again.
    pub(super) fn ends(self, today: Date) -> Date {
        match self {
            Self::Day => today.next_day().unwrap_or(Date::MAX),
            Self::Month => {
                let year = today.year() + i32::from(today.month() == Month::December);
                Date::from_calendar_date(year, today.month().next(), 1).unwrap_or(Date::MAX)
            }
        }
    }
}

/// The day in UTC, which budgets go by.
pub(super) fn day(now: SystemTime) -> Date {
    UtcDateTime::from(now).date()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const BUDGET: Budget = Budget {
        daily: Some(10),
        monthly: Some(100),
    };

    fn spent(today: u64, this_month: u64) -> Spent {
        Spent { today, this_month }
    }

    #[test]
    fn a_budget_is_spent_when_all_of_it_is_sent() {
        assert_eq!(BUDGET.exhausted(spent(9, 99)), None);
        assert_eq!(BUDGET.exhausted(spent(10, 10)), Some(Exhausted::Day));
        assert_eq!(BUDGET.exhausted(spent(10, 100)), Some(Exhausted::Month));
        assert_eq!(Budget::default().exhausted(spent(u64::MAX, u64::MAX)), None);
    }

    #[test]
    fn it_ends_with_the_day_or_the_month() {
        let date = |year, month, day| Date::from_calendar_date(year, month, day).unwrap();
        let last = date(2026, Month::December, 31);
        let new_year = date(2027, Month::January, 1);
        assert_eq!(Exhausted::Day.ends(last), new_year);
        assert_eq!(Exhausted::Month.ends(last), new_year);
        let ends = Exhausted::Month.ends(date(2026, Month::November, 2));
        assert_eq!(ends, date(2026, Month::December, 1));
    }
}
