//! Calls the host for ever.

use sealift_test_guests::wasi::clocks::monotonic_clock;

sealift_test_guests::misbehave!(|_job| {
    loop {
        if monotonic_clock::now() == 0 {
            return Ok(sealift_test_guests::success("the beginning of time"));
        }
    }
});
