//! The two clocks that decisions need, as values, and the dates of HTTP.

use std::time::{Duration, SystemTime};

use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::{OffsetDateTime, UtcOffset};

/// The time at which something is decided, read from both clocks by the caller.
///
/// Two clocks, because the wall clock of a gateway without a battery jumps by decades once a
/// server's `Date` has corrected it; deadlines must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The wall clock, corrected by the host; what signatures carry.
    pub wall: SystemTime,
    /// The monotonic clock, from any fixed start; what deadlines are judged by.
    pub monotonic: Duration,
}

/// Clocks that differ by less are taken as equal: the limit that AWS's clients use, below the
/// 15 minutes that servers tolerate.
const SKEW_LIMIT: Duration = Duration::from_mins(4);

/// Whether the wall clock was set right since a request was signed: it has jumped against the
/// monotonic clock, and agrees now with the server's, in seconds since 1970.
pub(crate) fn corrected(signed: Now, server: Option<i64>, now: Now) -> bool {
    let Some(server) = server else { return false };
    let limit = i64::try_from(SKEW_LIMIT.as_secs()).unwrap_or(i64::MAX);
    let passed = now.monotonic.saturating_sub(signed.monotonic);
    let passed = i64::try_from(passed.as_secs()).unwrap_or(i64::MAX);
    let expected = unix_seconds(signed.wall).saturating_add(passed);
    let wall = unix_seconds(now.wall);
    let apart = |one: i64, other: i64| one.saturating_sub(other).saturating_abs() > limit;
    apart(wall, expected) && !apart(wall, server)
}

/// Seconds since 1970 of an RFC 3339 date such as `2023-10-30T07:22:31Z`.
pub(crate) fn rfc3339(text: &str) -> Option<i64> {
    let date = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    Some(date.unix_timestamp())
}

/// Seconds since 1970 of an HTTP date (RFC 9110 §5.6.7, the preferred form only).
pub(crate) fn http_date(text: &str) -> Option<i64> {
    let date = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    (date.offset() == UtcOffset::UTC).then(|| date.unix_timestamp())
}

/// Seconds since 1970 of `time`, negative before.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    OffsetDateTime::from(time).unix_timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_http_date_is_read() {
        assert_eq!(
            http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(784_111_777)
        );
    }

    #[test]
    fn dates_that_are_none_are_refused() {
        for text in [
            "",
            "yesterday",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "784111777",
        ] {
            assert_eq!(http_date(text), None, "{text}");
        }
        for text in ["", "2023-13-01T00:00:00Z", "2023-10-30", "1698650551"] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn seconds_are_counted_from_1970() {
        assert_eq!(rfc3339("2023-10-30T07:22:31Z"), Some(1_698_650_551));
        assert_eq!(
            unix_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(9)),
            9
        );
    }
}
