//! Each fault in each operation, once and for good, with the outcome that follows from its kind.
#![allow(clippy::unwrap_used, reason = "tests")]

use localcloud::Operation;
use sealift_tests::{Cloud, Outcome, Program};

/// Enough for a multipart upload of three parts.
const SIZE: usize = 17 * 1024 * 1024;

/// What another attempt makes good.
const PASSING: [&str; 9] = [
    "status=503,code=SlowDown",
    "status=500",
    "status=429",
    "reset=0",
    "stall=0",
    "truncate",
    "error-in-200,code=InternalError",
    "lost",
    "late-error=500",
];

/// What no attempt makes good.
const LASTING: [&str; 2] = [
    "status=403,code=AccessDenied",
    "status=404,code=NoSuchBucket",
];

fn put(cloud: &Cloud, size: usize) -> Outcome {
    let contents: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let outcome = Program::on(cloud)
        .arg("put")
        .arg(cloud.file("file", &contents))
        .arg("s3://demo/key")
        .env("SEALIFT_NETWORK_IDLE_TIMEOUT", "500ms")
        .env("SEALIFT_NETWORK_FIRST_BYTE_TIMEOUT", "2s")
        .run();
    // What was carried out and badly answered leaves an object too; half of one is never there.
    let object = cloud.object("demo", "key");
    assert!(object.is_some() || outcome.status != 0);
    assert!(object.is_none_or(|object| object == contents));
    outcome
}

#[track_caller]
fn with(fault: &str, size: usize) -> (Cloud, Outcome) {
    let cloud = Cloud::start_with(|settings| {
        settings.fault(fault).unwrap();
    });
    let outcome = put(&cloud, size);
    assert!(cloud.counts().faults > 0, "{fault} never happened");
    (cloud, outcome)
}

fn every_fault_of(operation: Operation, size: usize) {
    for kind in PASSING {
        let once = format!("{operation}:{kind},times=1");
        let (_cloud, outcome) = with(&once, size);
        assert_eq!(outcome.status, 0, "{once}: {}", outcome.stderr);
    }
    for kind in PASSING {
        // What was carried out and only badly answered may be found to be there.
        if matches!(kind, "lost" | "late-error=500") {
            continue;
        }
        let always = format!("{operation}:{kind}");
        let (_cloud, outcome) = with(&always, size);
        assert_eq!(outcome.status, 75, "{always}: {}", outcome.stderr);
    }
    for kind in LASTING {
        let fault = format!("{operation}:{kind}");
        let (_cloud, outcome) = with(&fault, size);
        assert_eq!(outcome.status, 1, "{fault}: {}", outcome.stderr);
    }
}

#[test]
fn of_put_object() {
    every_fault_of(Operation::PutObject, 1000);
}

#[test]
fn of_create_multipart_upload() {
    every_fault_of(Operation::CreateMultipartUpload, SIZE);
}

#[test]
fn of_upload_part() {
    every_fault_of(Operation::UploadPart, SIZE);
}

#[test]
fn of_complete_multipart_upload() {
    every_fault_of(Operation::CompleteMultipartUpload, SIZE);
}

#[test]
fn credentials_that_expire_on_the_way_are_renewed() {
    for operation in [
        Operation::PutObject,
        Operation::CreateMultipartUpload,
        Operation::UploadPart,
        Operation::CompleteMultipartUpload,
    ] {
        let size = if operation == Operation::PutObject {
            1000
        } else {
            SIZE
        };
        let fault = format!("{operation}:expired-token,times=1");
        let (cloud, outcome) = with(&fault, size);
        assert_eq!(outcome.status, 0, "{fault}: {}", outcome.stderr);
        assert_eq!(
            cloud.counts().requests(Operation::GetCredentials),
            2,
            "{fault}"
        );
    }
}

#[test]
fn an_object_that_is_not_what_was_sent_is_not_believed() {
    for operation in [Operation::PutObject, Operation::UploadPart] {
        let size = if operation == Operation::PutObject {
            1000
        } else {
            SIZE
        };
        let fault = format!("{operation}:corrupt,times=1");
        let (_cloud, outcome) = with(&fault, size);
        assert_eq!(outcome.status, 0, "{fault}: {}", outcome.stderr);
    }
}
