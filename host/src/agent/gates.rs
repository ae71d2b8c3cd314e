//! What keeps jobs from beginning, for all of them: a lost link, credentials that are refused, a spent
//! budget.

use std::time::{Duration, SystemTime};

use time::Date;
use tokio::time::Instant;

use super::backoff;
use super::budget::{self, Budget, Exhausted, Spent};
use super::link::{Leave, Link, Turn};
use super::verdict::Sign;

/// The gates, all of which have to be open.
#[derive(Debug)]
pub(super) struct Gates {
    link: Link,
    /// Until when nobody asks for credentials.
    cool_at: Option<Instant>,
    budget: Budget,
    spent: Spent,
    /// The day that `spent.today` is about.
    day: Date,
    exhausted: Option<Exhausted>,
}

impl Gates {
    pub(super) fn new(budget: Budget, spent: Spent, day: Date) -> Self {
        let mut gates = Self {
            link: Link::default(),
            cool_at: None,
            budget,
            spent,
            day,
            exhausted: None,
        };
        gates.weigh();
        gates
    }

    /// How many jobs may begin.
    pub(super) fn leave(&self, now: Instant) -> Leave {
        if self.exhausted.is_some() {
            return Leave::Wait(None);
        }
        match self.cool_at {
            Some(cool_at) if cool_at > now => Leave::Wait(Some(cool_at)),
            _ => self.link.leave(now),
        }
    }

    pub(super) fn link_is_up(&self) -> bool {
        self.link.is_up()
    }

    /// A job begins, with leave.
    pub(super) fn begun(&mut self) {
        self.link.begun();
    }

    /// A job ended; whether the link is back with it.
    pub(super) fn ended(&mut self, sign: Sign, now: Instant) -> bool {
        let turn = match sign {
            Sign::Reached => self.link.reached(),
            Sign::Unreached => self.link.unreached(now, backoff::random()),
            Sign::None => {
                self.link.ended();
                Turn::Same
            }
        };
        match turn {
            Turn::Lost => {
                tracing::warn!("the link is down; it is tried again with one file at a time");
            }
            Turn::Back => tracing::info!("the link is back"),
            Turn::Same => {}
        }
        turn == Turn::Back
    }

    /// There are no credentials for so long.
    pub(super) fn cool_down(&mut self, pause: Duration, now: Instant) {
        let cool_at = now + pause;
        if self.cool_at.is_none_or(|until| until <= now) {
            tracing::warn!("there are no credentials; uploads pause for {pause:?}");
        }
        self.cool_at = self.cool_at.max(Some(cool_at));
    }

    /// Another configuration, or another network: what failed may work.
    pub(super) fn try_again(&mut self, now: Instant) {
        self.cool_at = None;
        self.link.network_changed(now);
    }

    /// The network of this machine is another.
    pub(super) fn network_changed(&mut self, now: Instant) {
        self.link.network_changed(now);
    }

    pub(super) fn set_budget(&mut self, budget: Budget) {
        self.budget = budget;
        self.weigh();
    }

    /// So many bytes were sent.
    pub(super) fn spend(&mut self, bytes: u64) {
        self.spent.add(bytes);
        self.weigh();
    }

    /// Whether the day is another than that which the account is about.
    pub(super) fn is_stale(&self, now: SystemTime) -> bool {
        budget::day(now) != self.day
    }

    /// What was sent, as it is written down.
    pub(super) fn account(&mut self, spent: Spent, day: Date) {
        self.spent = spent;
        self.day = day;
        self.weigh();
    }

    fn weigh(&mut self) {
        let exhausted = self.budget.exhausted(self.spent);
        if exhausted != self.exhausted {
            match exhausted {
                Some(Exhausted::Day) => tracing::warn!(
                    "the day's budget (`service.daily_bytes`) is spent; uploads go on tomorrow"
                ),
                Some(exhausted) => tracing::warn!(
                    "the month's budget (`service.monthly_bytes`) is spent; uploads go on on {}",
                    exhausted.ends(self.day)
                ),
                None => tracing::info!("there is a budget again; uploads go on"),
            }
        }
        self.exhausted = exhausted;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use time::Month;

    use super::*;

    fn day(day: u8) -> Date {
        Date::from_calendar_date(2026, Month::November, day).unwrap()
    }

    fn gates() -> Gates {
        let budget = Budget::of(Some(10), None);
        Gates::new(budget, Spent::default(), day(1))
    }

    #[test]
    fn a_spent_budget_lets_nothing_begin_until_the_next_day() {
        let now = Instant::now();
        let mut gates = gates();
        gates.spend(9);
        assert_eq!(gates.leave(now), Leave::All);
        gates.spend(1);
        assert_eq!(gates.leave(now), Leave::Wait(None));
        gates.account(Spent::default(), day(2));
        assert_eq!(gates.leave(now), Leave::All);
    }

    #[test]
    fn refused_credentials_are_left_alone_unless_something_changed() {
        let now = Instant::now();
        let mut gates = gates();
        let pause = Duration::from_mins(2);
        gates.cool_down(pause, now);
        assert_eq!(gates.leave(now), Leave::Wait(Some(now + pause)));
        assert_eq!(gates.leave(now + pause), Leave::All);
        gates.try_again(now);
        assert_eq!(gates.leave(now), Leave::All);
    }

    #[test]
    fn a_refusal_by_the_store_says_that_the_link_is_up() {
        let now = Instant::now();
        let mut gates = gates();
        gates.ended(Sign::Unreached, now);
        gates.ended(Sign::Unreached, now);
        assert!(!gates.link_is_up());
        assert!(gates.ended(Sign::Reached, now));
        assert_eq!(gates.leave(now), Leave::All);
    }
}
