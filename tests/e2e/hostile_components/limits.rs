//! How much a component may have of everything.

use localcloud::Operation;
use sealift_tests::{Cloud, Program, guest};

use super::{CONTENTS, NO_LIMIT, fails, misbehaved, put};

#[test]
pub(crate) fn loops_without_calls() {
    let limit = ("SEALIFT_SANDBOX_CPU_TIME", "300ms");
    fails(
        "loops_without_calls",
        limit,
        &["more than 300ms of computing time", "sandbox.cpu_time"],
    );
}

#[test]
pub(crate) fn loops_with_calls() {
    let limit = ("SEALIFT_SANDBOX_CPU_TIME", "300ms");
    fails(
        "loops_with_calls",
        limit,
        &["more than 300ms of computing time", "sandbox.cpu_time"],
    );
}

#[test]
pub(crate) fn allocates_without_end() {
    let limit = ("SEALIFT_SANDBOX_MEMORY", "8MiB");
    fails(
        "allocates_without_end",
        limit,
        &["more than 8388608 bytes of memory", "sandbox.memory"],
    );
}

#[test]
pub(crate) fn floods_the_log() {
    let cloud = Cloud::start();
    let outcome = put(&cloud, guest("floods_the_log"))
        .arg("-v")
        .env("SEALIFT_SANDBOX_LOG_BYTES", "32KiB")
        .run();
    outcome.failed(
        1,
        &[
            "flood flood",
            "the component wrote too much",
            "everything was said",
        ],
    );
    assert!(
        outcome.stderr.len() < 64 * 1024,
        "{} bytes of log",
        outcome.stderr.len()
    );
    assert!(
        !outcome.stderr.contains('\u{1b}'),
        "a component must not drive the terminal"
    );
}

#[test]
pub(crate) fn answers_without_end() {
    fails(
        "answers_without_end",
        NO_LIMIT,
        &["the component failed and was ended"],
    );
}

#[test]
pub(crate) fn asks_for_absurd_sizes() {
    fails(
        "asks_for_absurd_sizes",
        NO_LIMIT,
        &[&format!("refused; read [{}, 0] bytes", CONTENTS.len())],
    );
}

#[test]
pub(crate) fn opens_many_requests() {
    let limit = ("SEALIFT_SANDBOX_OPEN_REQUESTS", "3");
    let cloud = fails(
        "opens_many_requests",
        limit,
        &["request 4: ", "ConnectionLimitReached"],
    );
    assert_eq!(cloud.counts().s3_requests, 3);
}

#[test]
pub(crate) fn sends_too_much() {
    let cloud = Cloud::start();
    let file = cloud.file("thirty", vec![b'x'; 30 * 1024]);
    let outcome = Program::on(&cloud)
        .env("SEALIFT_SANDBOX_BYTES_OUT", "64KiB")
        .arg("put")
        .arg("--component")
        .arg(guest("sends_too_much"))
        .arg(file)
        .arg("s3://demo/key")
        .run();
    outcome.failed(1, &["sending 3: ", "body size exceeds limit: 65536"]);
    assert_eq!(cloud.counts().objects_put, 0);
}

#[test]
pub(crate) fn hoards_headers() {
    fails(
        "hoards_headers",
        NO_LIMIT,
        &[
            "the component failed and was ended",
            "table has no free keys",
        ],
    );
}

#[test]
pub(crate) fn rejects_good_credentials() {
    let cloud = Cloud::start();
    misbehaved(&cloud, "rejects_good_credentials", NO_LIMIT).failed(
        75,
        &["8 fetches of credentials did not bring this job any further"],
    );
    assert_eq!(cloud.counts().requests(Operation::GetCredentials), 8);
}
