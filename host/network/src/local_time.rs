//! The time of day where the device is.

use jiff::ZonedDateTime;
use sealift_config::TimeOfDay;

/// By the machine's clock and its time zone, of which changes are noticed.
pub fn time_of_day() -> TimeOfDay {
    of(&ZonedDateTime::now())
}

/// What the clocks of its zone show.
fn of(time: &ZonedDateTime) -> TimeOfDay {
    let part = |part: i8| u8::try_from(part).unwrap_or(0);
    TimeOfDay::new(part(time.hour()), part(time.minute())).unwrap_or(TimeOfDay::MIDNIGHT)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    /// Central Europe's rule: from 02:00 to 03:00 on the last Sunday of March, back from 03:00 to
    /// 02:00 on the last Sunday of October.
    const CENTRAL_EUROPE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

    fn at(utc: &str) -> String {
        let zone = TimeZone::posix(CENTRAL_EUROPE).unwrap();
        let time: Timestamp = utc.parse().unwrap();
        of(&time.to_zoned_datetime(zone)).to_string()
    }

    #[test]
    fn an_hour_is_left_out_in_spring_and_comes_twice_in_autumn() {
        assert_eq!(at("2026-03-29T00:59:59Z"), "01:59");
        assert_eq!(at("2026-03-29T01:00:00Z"), "03:00");
        assert_eq!(at("2026-10-25T00:59:59Z"), "02:59");
        assert_eq!(at("2026-10-25T01:00:00Z"), "02:00");
    }

    #[test]
    fn midnight_is_the_zones_own() {
        assert_eq!(at("2026-11-23T22:59:59Z"), "23:59");
        assert_eq!(at("2026-11-23T23:00:00Z"), "00:00");
    }

    proptest! {
        #[test]
        fn every_moment_has_the_minute_that_follows_from_its_offset(second in 0..4_000_000_000_i64) {
            let zone = TimeZone::posix(CENTRAL_EUROPE).unwrap();
            let time = Timestamp::from_second(second).unwrap();
            let offset = zone.to_offset(time).seconds();
            let minute = (second + i64::from(offset)).rem_euclid(86_400) / 60;
            let shown = of(&time.to_zoned_datetime(zone)).to_string();
            prop_assert_eq!(shown, format!("{:02}:{:02}", minute / 60, minute % 60));
        }
    }
}
