//! How long temporary credentials last.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::time::Duration;

/// How long a session of IAM Roles Anywhere lasts, written `1h` or `45m`: whole seconds, from 15 minutes to
/// 12 hours (`CreateSession`, `durationSeconds`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionDuration(Duration);

impl SessionDuration {
    const MIN: Duration = Duration::from_mins(15);
    const MAX: Duration = Duration::from_hours(12);

    /// The duration.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for SessionDuration {
    type Err = SessionDurationError;

    fn from_str(text: &str) -> Result<Self, SessionDurationError> {
        let duration =
            humantime::parse_duration(text).map_err(|_| SessionDurationError::NotADuration)?;
        let fits = (Self::MIN..=Self::MAX).contains(&duration) && duration.subsec_nanos() == 0;
        fits.then_some(Self(duration))
            .ok_or(SessionDurationError::OutOfRange)
    }
}

impl Display for SessionDuration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// Not the duration of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionDurationError {
    /// No time at all.
    #[error("must be a duration with a unit, such as \"1h\" or \"45m\"")]
    NotADuration,
    /// Shorter or longer than the service allows.
    #[error("must be whole seconds, from 15m to 12h")]
    OutOfRange,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{SessionDuration, SessionDurationError};

    #[test]
    fn a_session_lasts_from_15_minutes_to_12_hours() {
        for text in ["15m", "900s", "1h", "1h 30m", "12h"] {
            assert!(text.parse::<SessionDuration>().is_ok(), "{text}");
        }
        for text in ["899s", "12h 1s", "0s", "900s 1ms"] {
            let error = text.parse::<SessionDuration>().unwrap_err();
            assert_eq!(error, SessionDurationError::OutOfRange, "{text}");
        }
        for text in ["", "3600", "an hour"] {
            let error = text.parse::<SessionDuration>().unwrap_err();
            assert_eq!(error, SessionDurationError::NotADuration, "{text}");
        }
    }
}
