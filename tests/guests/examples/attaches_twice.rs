//! Gives one request two bodies.

use sealift_test_guests::wasi::http::types::{Method, Scheme};
use sealift_test_guests::{ByteRange, Framing, error, request};

sealift_test_guests::misbehave!(|job| {
    let job = sealift_test_guests::job(job)?;
    let (store, payload) = (sealift_test_guests::store(&job), job.payload());
    let put = request(&Method::Put, Scheme::Https, &store, "/demo/twice")?;
    let range = ByteRange {
        offset: 0,
        length: 1,
    };
    payload.attach(&put, range, Framing::Raw(None))?;
    payload
        .attach(&put, range, Framing::Raw(None))
        .map_err(|refusal| error(refusal.message))?;
    Ok(sealift_test_guests::success("attached"))
});
