//! How often something is looked for.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::time::Duration;

/// The time from one look to the next, written `15m` or `6h`: at least a second, at most 30 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(Duration);

impl Interval {
    /// The shortest one. Whoever wants less wants to be told instead.
    pub const MIN: Self = Self(Duration::from_secs(1));
    /// The longest one.
    pub const MAX: Self = Self(Duration::from_hours(30 * 24));

    /// An interval of whole minutes, checked when it is compiled: the defaults.
    pub(crate) const fn from_mins<const MINUTES: u64>() -> Self {
        const { assert!(MINUTES > 0 && MINUTES <= 30 * 24 * 60) };
        Self(Duration::from_mins(MINUTES))
    }

    /// The interval as a duration.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Interval {
    type Err = IntervalError;

    fn from_str(text: &str) -> Result<Self, IntervalError> {
        let interval = humantime::parse_duration(text).map(Self);
        match interval.map_err(|_| IntervalError::NotADuration)? {
            interval if interval < Self::MIN => Err(IntervalError::TooShort),
            interval if interval > Self::MAX => Err(IntervalError::TooLong),
            interval => Ok(interval),
        }
    }
}

impl Display for Interval {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// Not a usable interval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntervalError {
    /// Not a number with a unit.
    #[error("an interval is a number and a unit, such as 15m, 6h or 1day")]
    NotADuration,
    /// Less than [`Interval::MIN`].
    #[error("the interval must be at least 1s")]
    TooShort,
    /// More than [`Interval::MAX`].
    #[error("the interval must be at most 30days")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_interval_is_of_a_second_to_thirty_days() {
        let parse = |text: &str| text.parse::<Interval>();
        for (text, seconds) in [("1s", 1), ("6h", 21_600), ("30days", 2_592_000)] {
            assert_eq!(
                parse(text),
                Ok(Interval(Duration::from_secs(seconds))),
                "{text}"
            );
        }
        assert_eq!(parse("999ms"), Err(IntervalError::TooShort));
        assert_eq!(parse("30days 1s"), Err(IntervalError::TooLong));
        for text in ["", "6", "-6h", "daily"] {
            assert_eq!(parse(text), Err(IntervalError::NotADuration), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same_interval(seconds in 1..=2_592_000_u64) {
            let interval = Interval(Duration::from_secs(seconds));
            prop_assert_eq!(interval.to_string().parse(), Ok(interval));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _: Result<Interval, _> = text.parse();
        }
    }
}
