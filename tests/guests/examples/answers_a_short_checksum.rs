//! Uploads, and claims a CRC64NVME of three bytes.

use sealift_test_guests::wasi::http::types::{Method, Scheme};
use sealift_test_guests::{
    Algorithm, ByteRange, Checksum, Framing, Uploaded, answered, handle, request,
};

sealift_test_guests::misbehave!(|job| {
    let job = sealift_test_guests::job(job)?;
    let (store, payload) = (sealift_test_guests::store(&job), job.payload());
    let put = request(&Method::Put, Scheme::Https, &store, "/demo/key")?;
    let range = ByteRange {
        offset: 0,
        length: payload.size().unwrap_or(0),
    };
    payload.attach(&put, range, Framing::Raw(None))?;
    let answer = handle(put)?;
    answer.subscribe().block();
    answered(&answer)?;
    let checksum = Some(Checksum {
        algorithm: Algorithm::Crc64nvme,
        digest: vec![1, 2, 3],
    });
    Ok(Uploaded {
        checksum,
        ..sealift_test_guests::success("etag")
    })
});
