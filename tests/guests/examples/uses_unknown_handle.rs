//! Uses a payload that nobody gave it.

use sealift_test_guests::Payload;

sealift_test_guests::misbehave!(|_job| {
    // SAFETY: there is no such handle; what the host makes of that is the question.
    let payload = unsafe { Payload::from_handle(4242) };
    Ok(sealift_test_guests::success(format!(
        "{:?} bytes",
        payload.size()
    )))
});
