//! The cloud's clock, which may disagree with this machine's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use http::HeaderValue;
use rustls_pki_types::UnixTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

use crate::settings::ClockOffset;

/// The IMF-fixdate of RFC 9110, section 5.6.7.
const HTTP_DATE: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);
/// Whole seconds in UTC, as AWS writes `expiration` and `ServerTime`.
const ISO_8601: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// Whole seconds in UTC, as the header `X-Amz-Date` has them.
const AMZ_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// The cloud's clock: this machine's, moved by an offset. A clone is the same clock.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// In seconds.
    offset: Arc<AtomicI64>,
}

impl Clock {
    pub(crate) fn new(offset: ClockOffset) -> Self {
        Self {
            offset: Arc::new(offset.as_seconds().into()),
        }
    }

    /// The cloud's idea of the present.
    pub fn now(&self) -> OffsetDateTime {
        let offset = self.offset.load(Ordering::Relaxed);
        OffsetDateTime::now_utc().saturating_add(time::Duration::seconds(offset))
    }

    /// Moves it, and all its clones with it.
    pub(crate) fn set(&self, offset: ClockOffset) {
        self.offset.store(offset.as_seconds(), Ordering::Relaxed);
    }

    /// Another clock that is further ahead, or behind.
    pub(crate) fn ahead(&self, offset: ClockOffset) -> Self {
        let here = self.offset.load(Ordering::Relaxed);
        Self::new(offset.saturating_add(here))
    }

    /// The value of a `Date` header.
    pub(crate) fn http_date(&self) -> HeaderValue {
        let text = self.now().format(HTTP_DATE).unwrap_or_default();
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// Certificates are judged by the cloud's clock too.
impl rustls::time_provider::TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let since_epoch = SystemTime::from(self.now()).duration_since(SystemTime::UNIX_EPOCH);
        Some(UnixTime::since_unix_epoch(
            since_epoch.unwrap_or(Duration::ZERO),
        ))
    }
}

/// `2023-10-30T07:22:31Z`.
pub(crate) fn iso_8601(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC)
        .format(ISO_8601)
        .unwrap_or_default()
}

/// Reads `20231030T072231Z`.
pub(crate) fn amz_date(text: &str) -> Option<OffsetDateTime> {
    let time = PrimitiveDateTime::parse(text, AMZ_DATE).ok()?;
    Some(time.assume_utc())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times_are_written_as_aws_writes_them() {
        let time = datetime!(2023-10-30 07:22:31.9 UTC);
        assert_eq!(iso_8601(time), "2023-10-30T07:22:31Z");
        assert_eq!(
            time.format(HTTP_DATE).unwrap(),
            "Mon, 30 Oct 2023 07:22:31 GMT"
        );
        assert_eq!(
            amz_date("20231030T072231Z"),
            Some(datetime!(2023-10-30 07:22:31 UTC))
        );
        assert_eq!(amz_date("2023-10-30T07:22:31Z"), None);
    }
}
