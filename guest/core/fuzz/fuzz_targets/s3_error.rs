//! Whatever a store answers: no panic, no failure without a refusal, bounded messages.
#![no_main]

use http::{HeaderMap, StatusCode};
use libfuzzer_sys::fuzz_target;
use sealift_core::Response;
use sealift_core::s3::{Destination, Operation, Store, error};

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    let Ok(status) = StatusCode::from_u16(status) else {
        return;
    };
    let Ok(response) = Response::new(status, HeaderMap::new(), body.to_vec()) else {
        return;
    };
    let region = "eu-west-1".parse().expect("a region");
    let destination = Destination {
        store: Store::aws(region, "amazonaws.com").expect("a store"),
        bucket: "bucket".parse().expect("a bucket name"),
        key: "key".parse().expect("a key"),
    };
    match error::refusal(&response, Operation::PutObject, &destination) {
        None => assert!(status.is_success()),
        Some(error) => {
            assert_eq!(error.status, Some(status.as_u16()));
            assert!(error.message.len() < 8192);
            assert!(!error.message.contains(char::is_control));
        }
    }
});
