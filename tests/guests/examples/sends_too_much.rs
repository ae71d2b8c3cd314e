//! Sends the payload again and again.

use sealift_test_guests::wasi::http::types::{Method, Scheme};
use sealift_test_guests::{ByteRange, Framing, answered, error, handle, request};

sealift_test_guests::misbehave!(|job| {
    let job = sealift_test_guests::job(job)?;
    let (store, payload) = (sealift_test_guests::store(&job), job.payload());
    let range = ByteRange {
        offset: 0,
        length: payload.size().unwrap_or(0),
    };
    for number in 1..=50 {
        let put = request(&Method::Put, Scheme::Https, &store, "/demo/stolen")?;
        payload.attach(&put, range, Framing::Raw(None))?;
        let answer = handle(put)?;
        answer.subscribe().block();
        answered(&answer)
            .map_err(|refusal| error(format!("sending {number}: {}", refusal.message)))?;
    }
    Ok(sealift_test_guests::success("50 times"))
});
