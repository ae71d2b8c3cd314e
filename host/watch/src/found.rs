//! A complete file.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealift_config::RuleName;

use crate::Fingerprint;

/// A file that is complete, and to be uploaded.
///
/// Whoever opens it compares its fingerprint with this one: in the meantime somebody may have put
/// something else, such as a link, in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// The rule that it was found by.
    pub rule: RuleName,
    /// Where it is.
    pub path: PathBuf,
    /// Where it is below the rule's folder.
    pub relative: PathBuf,
    /// Which version of it is complete.
    pub fingerprint: Fingerprint,
    /// Its size in bytes.
    pub size: u64,
    /// When its contents were last written.
    pub modified: SystemTime,
}

/// A time of the file system; one that no clock can show becomes 1970.
pub(crate) fn system_time(nanoseconds: i128) -> SystemTime {
    let ago = nanoseconds.unsigned_abs();
    // Seconds and their fraction apart, since nanoseconds alone end in the year 2554.
    let seconds = u64::try_from(ago / 1_000_000_000);
    let fraction = u32::try_from(ago % 1_000_000_000);
    let (Ok(seconds), Ok(fraction)) = (seconds, fraction) else {
        return UNIX_EPOCH;
    };
    let distance = Duration::new(seconds, fraction);
    let time = if nanoseconds < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    time.unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_1970_and_after_2554_are_kept() {
        let nanosecond = Duration::from_nanos(1);
        assert_eq!(system_time(0), UNIX_EPOCH);
        assert_eq!(system_time(-1), UNIX_EPOCH - nanosecond);
        let far = Duration::new(1 << 35, 1);
        assert_eq!(system_time((1 << 35) * 1_000_000_000 + 1), UNIX_EPOCH + far);
        // What no clock can show.
        assert_eq!(system_time(i128::MAX), UNIX_EPOCH);
    }
}
