//! Asks for bytes, checksums and pieces of sizes that do not exist.

use sealift_test_guests::{Algorithm, ByteRange, ErrorKind};

const HUGE: u64 = u64::MAX;

sealift_test_guests::misbehave!(|job| {
    let payload = sealift_test_guests::job(job)?.payload();
    let read = |offset| payload.read(offset, HUGE).map_or(0, |bytes| bytes.len());
    let read = [read(0), read(HUGE)];
    let range = |offset, length| payload.checksum(Algorithm::Sha256, ByteRange { offset, length });
    let answers = [
        range(0, HUGE).map(|_| "a checksum of everything"),
        range(HUGE, HUGE).map(|_| "a checksum of what is after everything"),
        range(HUGE, 1).map(|_| "a checksum of the last byte"),
        payload.acquire(HUGE).map(|_| "a piece of a file"),
    ];
    for answer in answers {
        match answer {
            Err(error)
                if matches!(
                    error.kind,
                    ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::TooLarge
                ) => {}
            Err(error) => return Err(error),
            Ok(what) => return Ok(sealift_test_guests::success(what)),
        }
    }
    Err(sealift_test_guests::error(format!(
        "refused; read {read:?} bytes"
    )))
});
