//! Time and chance, from the host.

use std::time::{Duration, UNIX_EPOCH};

use sealift_core::Now;
use wasi::clocks::{monotonic_clock, wall_clock};

/// The time by both clocks. The wall clock is the host's idea of AWS's time.
pub fn now() -> Now {
    let wall = wall_clock::now();
    Now {
        wall: UNIX_EPOCH + Duration::new(wall.seconds, wall.nanoseconds),
        monotonic: Duration::from_nanos(monotonic_clock::now()),
    }
}

/// Waits.
pub fn sleep(time: Duration) {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    monotonic_clock::subscribe_duration(nanoseconds).block();
}

/// Uniform over all of `u64`.
pub fn random() -> u64 {
    wasi::random::random::get_random_u64()
}
