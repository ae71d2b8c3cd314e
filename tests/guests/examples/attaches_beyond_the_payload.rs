//! Attaches one byte more than there is.

use sealift_test_guests::wasi::http::types::{Method, Scheme};
use sealift_test_guests::{ByteRange, Framing, error, request};

sealift_test_guests::misbehave!(|job| {
    let job = sealift_test_guests::job(job)?;
    let (store, payload) = (sealift_test_guests::store(&job), job.payload());
    let put = request(&Method::Put, Scheme::Https, &store, "/demo/longer")?;
    let range = ByteRange {
        offset: 1,
        length: payload.size().unwrap_or(0),
    };
    payload
        .attach(&put, range, Framing::Raw(None))
        .map_err(|refusal| error(refusal.message))?;
    Ok(sealift_test_guests::success("attached"))
});
