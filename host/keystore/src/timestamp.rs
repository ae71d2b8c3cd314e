//! Points in time, as messages show them.

use std::fmt::{self, Display, Formatter};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time that is shown in UTC to the second, `2026-08-01T00:00:00Z`
/// (RFC 3339).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub SystemTime);

impl Timestamp {
    /// The point that many seconds after 1970 began; earlier ones count as 1970,
    /// since nothing that we handle is older.
    pub(crate) fn from_unix(seconds: i64) -> Self {
        Self(UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap_or(0)))
    }
}

impl Display for Timestamp {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let seconds = match self.0.duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).ok(),
            Err(before) => i64::try_from(before.duration().as_secs()).ok().map(|s| -s),
        };
        let shown = seconds
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
            .and_then(|time| time.format(&Rfc3339).ok());
        match shown {
            Some(shown) => f.write_str(&shown),
            // Beyond the years 0 to 9999, which RFC 3339 cannot tell.
            None => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::Timestamp;

    #[test]
    fn shows_utc_seconds_and_survives_any_clock() {
        assert_eq!(
            Timestamp::from_unix(1_785_542_400).to_string(),
            "2026-08-01T00:00:00Z"
        );
        assert_eq!(Timestamp::from_unix(-5).to_string(), "1970-01-01T00:00:00Z");
        let fraction = Timestamp(UNIX_EPOCH + Duration::from_millis(1999));
        assert_eq!(fraction.to_string(), "1970-01-01T00:00:01Z");
        let before = Timestamp(UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(before.to_string(), "1969-12-31T23:59:59Z");
        let far = Timestamp(UNIX_EPOCH + Duration::from_secs(1 << 60));
        assert!(far.to_string().contains("tv_sec"), "{far}");
    }
}
