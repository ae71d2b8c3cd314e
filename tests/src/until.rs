//! Waiting for what another process or thread does.

use std::thread;
use std::time::{Duration, Instant};

/// Between two looks.
const GLANCE: Duration = Duration::from_millis(2);

/// Waits until something is so; panics if it is not by the deadline.
#[track_caller]
pub fn until(what: &str, deadline: Instant, mut so: impl FnMut() -> bool) {
    while !so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(GLANCE);
    }
}

/// A deadline that is far away for anything that works.
pub fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}
