//! Dates and spans of time.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A date in either of its usual forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date(OffsetDateTime);

/// Not a date.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a date such as 2027-01-31T12:00:00Z or `Sun, 31 Jan 2027 12:00:00 GMT`")]
pub(super) struct DateError;

impl Date {
    /// As in `Expires`, `Sun, 31 Jan 2027 12:00:00 GMT` (RFC 9110, section 5.6.7).
    pub(super) fn http(self) -> String {
        httpdate::fmt_http_date(SystemTime::from(self.0))
    }

    /// As in `2027-01-31T12:00:00Z` (RFC 3339).
    pub(super) fn rfc3339(self) -> Option<String> {
        self.0.format(&Rfc3339).ok()
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let instant = match OffsetDateTime::parse(text, &Rfc3339) {
            // One of the years 0 to 9999, so that both forms can tell it.
            Ok(instant) => instant.checked_to_offset(UtcOffset::UTC).ok_or(DateError)?,
            Err(_) => httpdate::parse_http_date(text)
                .map_err(|_| DateError)?
                .into(),
        };
        let whole = instant.replace_nanosecond(0).map_err(|_| DateError)?;
        // HTTP's form knows nothing before.
        if whole >= OffsetDateTime::UNIX_EPOCH {
            Ok(Self(whole))
        } else {
            Err(DateError)
        }
    }
}

/// How long a job may take: from a second to a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    seconds: u64,
}

/// Not a deadline.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a duration such as 90s, 30m or 2h, from 1s to 30d")]
pub(super) struct DeadlineError;

const LONGEST: Duration = Duration::from_hours(30 * 24);

impl FromStr for Deadline {
    type Err = DeadlineError;

    fn from_str(text: &str) -> Result<Self, DeadlineError> {
        let duration = humantime::parse_duration(text).map_err(|_| DeadlineError)?;
        if (Duration::from_secs(1)..=LONGEST).contains(&duration) {
            Ok(Self {
                seconds: duration.as_secs(),
            })
        } else {
            Err(DeadlineError)
        }
    }
}

/// In seconds.
impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.seconds.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_are_the_same_date() {
        for text in [
            "2027-01-31T12:00:00Z",
            "2027-01-31T21:00:00.5+09:00",
            "Sun, 31 Jan 2027 12:00:00 GMT",
        ] {
            let date: Date = text.parse().unwrap();
            assert_eq!(date.http(), "Sun, 31 Jan 2027 12:00:00 GMT", "{text}");
            assert_eq!(date.rfc3339().unwrap(), "2027-01-31T12:00:00Z", "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "tomorrow",
            "2027-01-31",
            "1969-12-31T23:59:59Z",
            "2027-02-30T00:00:00Z",
            "9999-12-31T23:59:59-12:00",
        ] {
            assert_eq!(text.parse::<Date>(), Err(DateError), "{text}");
        }
    }

    #[test]
    fn a_deadline_is_told_in_seconds() {
        let seconds = |text: &str| text.parse::<Deadline>().map(|it| it.to_string());
        assert_eq!(seconds("1h 30m"), Ok("5400".into()));
        assert_eq!(seconds("30d"), Ok("2592000".into()));
        for text in ["0s", "31d", "90", "-1s", "500ms", ""] {
            assert_eq!(seconds(text), Err(DeadlineError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text in any::<String>()) {
            let _: Result<Date, _> = text.parse();
            let _: Result<Deadline, _> = text.parse();
        }

        #[test]
        fn every_date_has_both_forms(seconds in 0..=253_402_300_799_i64) {
            let date = Date(OffsetDateTime::from_unix_timestamp(seconds).unwrap());
            prop_assert_eq!(date.http().parse(), Ok(date));
            prop_assert_eq!(date.rfc3339().unwrap().parse(), Ok(date));
        }
    }
}
