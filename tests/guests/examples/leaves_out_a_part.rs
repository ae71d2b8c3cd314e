//! Sends all of the payload in two parts, and has the object made of the first alone.

use sealift_test_guests::wasi::http::types::{Method, OutgoingBody, OutgoingRequest, Scheme};
use sealift_test_guests::{ByteRange, Error, Framing, answered, error, handle, request};

const ALONE: &[u8] =
    b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part>\
    </CompleteMultipartUpload>";

sealift_test_guests::misbehave!(|job| {
    let job = sealift_test_guests::job(job)?;
    let (store, payload) = (sealift_test_guests::store(&job), job.payload());
    let (half, whole) = (3, payload.size().unwrap_or(0));
    for (number, offset, length) in [(1, 0, half), (2, half, whole - half)] {
        let path = format!("/demo/key?partNumber={number}&uploadId=u");
        let put = request(&Method::Put, Scheme::Https, &store, &path)?;
        payload.attach(&put, ByteRange { offset, length }, Framing::Raw(None))?;
        let answer = handle(put)?;
        answer.subscribe().block();
        answered(&answer)?;
    }
    let path = "/demo/key?uploadId=u";
    complete(request(&Method::Post, Scheme::Https, &store, path)?)?;
    Ok(sealift_test_guests::success("half"))
});

/// Sends the list and reads the answer to its end, as the host wants to see it.
fn complete(request: OutgoingRequest) -> Result<(), Error> {
    let body = request.body().map_err(|()| error("no body"))?;
    let stream = body.write().map_err(|()| error("no stream"))?;
    let answer = handle(request)?;
    let written = stream.blocking_write_and_flush(ALONE);
    written.map_err(|failure| error(failure.to_string()))?;
    drop(stream);
    OutgoingBody::finish(body, None).map_err(|code| error(format!("{code:?}")))?;
    answer.subscribe().block();
    let answer = answered(&answer)?.consume();
    let answer = answer.map_err(|()| error("no answer"))?;
    let stream = answer.stream().map_err(|()| error("no stream"))?;
    while stream.blocking_read(4096).is_ok() {}
    Ok(())
}
