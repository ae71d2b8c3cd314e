//! Sends less than it was given by a smaller `content-length`.

use sealift_test_guests::wasi::http::types::{Fields, Method, OutgoingRequest, Scheme};
use sealift_test_guests::{ByteRange, Framing, answered, error, handle};

sealift_test_guests::misbehave!(|job| {
    let job = sealift_test_guests::job(job)?;
    let (store, payload) = (sealift_test_guests::store(&job), job.payload());
    let fields = Fields::new();
    fields
        .append("content-length", b"3")
        .map_err(|refusal| error(refusal.to_string()))?;
    let put = OutgoingRequest::new(fields);
    put.set_method(&Method::Put)
        .and_then(|()| put.set_scheme(Some(&Scheme::Https)))
        .and_then(|()| put.set_authority(Some(&store)))
        .and_then(|()| put.set_path_with_query(Some("/demo/key")))
        .map_err(|()| error("not a request"))?;
    let range = ByteRange {
        offset: 0,
        length: payload.size().unwrap_or(0),
    };
    payload.attach(&put, range, Framing::Raw(None))?;
    let answer = handle(put)?;
    answer.subscribe().block();
    answered(&answer)?;
    Ok(sealift_test_guests::success("short"))
});
