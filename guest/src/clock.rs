//! Time and chance, from the host.

use std::time::{Duration, UNIX_EPOCH};

use sealift_core::Now;
use wasi::clocks::{monotonic_clock, wall_clock};

/// The time by both clocks. The wall clock is the host's idea of AWS's time.
pub(crate) fn now() -> Now {
    let wall = wall_clock::now();
    Now {
        wall: UNIX_EPOCH + Duration::new(wall.seconds, wall.nanoseconds),
        monotonic: Duration::from_nanos(monotonic_clock::now()),
    }
}

/// Uniform over all of `u64`.
pub(crate) fn random() -> u64 {
    wasi::random::random::get_random_u64()
}
