//! How long something may take.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::time::Duration;

/// A limit of time, written `10s`, `500ms` or `1m 30s`: more than zero, at most
/// an hour.
///
/// Zero would mean "never" to some programs and "at once" to others, and a
/// limit of days is none; both are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeLimit(Duration);

impl TimeLimit {
    /// The longest limit that can be set.
    pub const MAX: Self = Self(Duration::from_hours(1));

    /// A limit of whole seconds, checked when it is compiled: the defaults.
    pub(crate) const fn from_secs<const SECONDS: u64>() -> Self {
        const { assert!(SECONDS > 0 && SECONDS <= 3600) };
        Self(Duration::from_secs(SECONDS))
    }

    /// The limit as a duration.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl TryFrom<Duration> for TimeLimit {
    type Error = TimeLimitError;

    fn try_from(duration: Duration) -> Result<Self, Self::Error> {
        match duration {
            Duration::ZERO => Err(TimeLimitError::Zero),
            duration if duration > Self::MAX.0 => Err(TimeLimitError::TooLong),
            duration => Ok(Self(duration)),
        }
    }
}

impl FromStr for TimeLimit {
    type Err = TimeLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        humantime::parse_duration(text)
            .map_err(|_| TimeLimitError::NotADuration)?
            .try_into()
    }
}

impl Display for TimeLimit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// Not a usable limit of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeLimitError {
    /// Not a number with a unit.
    #[error("a duration is a number and a unit, such as 500ms, 10s or 2m")]
    NotADuration,
    /// Zero.
    #[error("the duration must be more than zero")]
    Zero,
    /// More than [`TimeLimit::MAX`].
    #[error("the duration must be at most 1h")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{TimeLimit, TimeLimitError};

    #[test]
    fn reads_the_usual_units() {
        for (text, millis) in [
            ("500ms", 500),
            ("10s", 10_000),
            ("2m", 120_000),
            ("1m 30s", 90_000),
        ] {
            assert_eq!(
                text.parse(),
                Ok(TimeLimit(Duration::from_millis(millis))),
                "{text}"
            );
        }
        assert_eq!("1h".parse(), Ok(TimeLimit::MAX));
    }

    #[test]
    fn refuses_zero_days_and_bare_numbers() {
        let parse = |text: &str| text.parse::<TimeLimit>();
        assert_eq!(parse("0s"), Err(TimeLimitError::Zero));
        assert_eq!(parse("1h 1ns"), Err(TimeLimitError::TooLong));
        assert_eq!(parse("10"), Err(TimeLimitError::NotADuration));
        assert_eq!(parse("-1s"), Err(TimeLimitError::NotADuration));
        assert_eq!(parse(""), Err(TimeLimitError::NotADuration));
    }

    proptest! {
        #[test]
        fn what_is_shown_parses_to_the_same_limit(nanos in 1..=3_600_000_000_000_u64) {
            let limit = TimeLimit(Duration::from_nanos(nanos));
            prop_assert_eq!(limit.to_string().parse(), Ok(limit));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _: Result<TimeLimit, _> = text.parse();
        }
    }
}
