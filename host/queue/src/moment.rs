//! Times as the database has them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; negative before.
pub(crate) fn millis(time: SystemTime) -> i64 {
    let signed = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => signed(after),
        Err(before) => -signed(before.duration()),
    }
}

/// The time of so many milliseconds since 1970.
pub(crate) fn moment(millis: i64) -> SystemTime {
    let distance = Duration::from_millis(millis.unsigned_abs());
    let time = if millis < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    // Every number of milliseconds fits on the systems that there are.
    time.unwrap_or(UNIX_EPOCH)
}

/// The time as it will be read again.
pub(crate) fn whole(time: SystemTime) -> SystemTime {
    moment(millis(time))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_read_as_it_was_written(number: i64) {
            prop_assume!(number != i64::MIN);
            prop_assert_eq!(millis(moment(number)), number);
        }
    }

    #[test]
    fn a_clock_before_1970_is_no_obstacle() {
        let before = UNIX_EPOCH - Duration::from_millis(1500);
        assert_eq!(millis(before), -1500);
        assert_eq!(whole(before), before);
    }
}
