//! Gives the payload to a server that is not the store, and claims the upload when that one is content.

use sealift_test_guests::wasi::http::types::{Method, Scheme};
use sealift_test_guests::{ByteRange, Framing, answered, handle, request};

sealift_test_guests::misbehave!(|job| {
    let job = sealift_test_guests::job(job)?;
    let (store, payload) = (sealift_test_guests::store(&job), job.payload());
    let put = request(&Method::Put, Scheme::Https, &store, "/demo/another-key")?;
    let range = ByteRange {
        offset: 0,
        length: payload.size().unwrap_or(0),
    };
    payload.attach(&put, range, Framing::Raw(None))?;
    let answer = handle(put)?;
    answer.subscribe().block();
    answered(&answer)?;
    Ok(sealift_test_guests::success("elsewhere"))
});
