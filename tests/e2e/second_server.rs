//! An S3 that nobody here wrote, and that checks every signature with AWS's own signer: what sealift
//! promises must not rest on one reading of the protocol.

use std::path::PathBuf;

use rustix::process::Signal;
use sealift_tests::{Cloud, Running, SecondStore, soon, until};

const MIB: usize = 1 << 20;

/// Bytes of which no two parts are alike.
fn contents(size: usize) -> Vec<u8> {
    let words = 0_u32..;
    let bytes = words.flat_map(|word| word.wrapping_mul(0x9e37_79b9).to_be_bytes());
    bytes.take(size).collect()
}

/// A file of that size.
fn file(cloud: &Cloud, size: usize) -> PathBuf {
    cloud.file("file", contents(size))
}

/// How a store may want objects: with the default options, and with those for stores that know less.
const WAYS: [&[&str]; 4] = [
    &[],
    &["--checksum-placement=header"],
    &["--checksum=sha256"],
    &["--checksum=none"],
];

/// Puts a file of `size` in every way, and reads it back with boto3.
fn every_way(size: usize) {
    let cloud = Cloud::start();
    let store = SecondStore::start(&cloud);
    let file = file(&cloud, size);
    for (number, options) in WAYS.into_iter().enumerate() {
        let put = store.program(&cloud).arg("put").args(options);
        put.arg(&file)
            .arg(format!("s3://demo/way {number}/ü+(1)"))
            .run()
            .done();
    }
    let objects = store.aws(&cloud).objects(SecondStore::BUCKET);
    assert_eq!(objects.len(), WAYS.len());
    for (key, object) in objects {
        assert!(object.bytes() == contents(size), "{key}");
    }
    assert!(store.was_asked_for_credentials());
    assert_eq!(cloud.counts().s3_requests, 0, "the other store was asked");
}

#[test]
fn a_small_object_arrives_in_every_way() {
    every_way(1000);
}

#[test]
fn an_object_of_no_bytes_arrives_in_every_way() {
    every_way(0);
}

#[test]
fn an_object_of_parts_arrives_in_every_way() {
    every_way(17 * MIB + 1);
}

#[test]
fn standard_input_arrives() {
    let cloud = Cloud::start();
    let store = SecondStore::start(&cloud);
    for (key, size) in [("small", 100), ("large", 20 * MIB)] {
        let put = store.program(&cloud).args(["put", "-"]);
        let put = put.arg(format!("s3://demo/{key}"));
        put.run_with(&contents(size)).done();
        let objects = store.aws(&cloud).objects(SecondStore::BUCKET);
        assert!(objects[key].bytes() == contents(size), "{key}");
    }
}

/// The numbers of the parts that the store has taken, in that order.
fn parts_taken(store: &SecondStore) -> Vec<u32> {
    let taken = store.answered().into_iter().filter_map(|line| {
        let query = line.strip_prefix("PUT ")?.strip_suffix(" 200")?.to_owned();
        let (_, number) = query.split_once("partNumber=")?;
        number.split('&').next()?.parse().ok()
    });
    taken.collect()
}

#[test]
fn an_upload_that_was_killed_goes_on() {
    let cloud = Cloud::start();
    let store = SecondStore::start(&cloud);
    let (size, parts) = (40 * MIB, 5);
    let file = file(&cloud, size);
    let put = || {
        let put = store.program(&cloud).args(["put", "--concurrency=1"]);
        put.arg(&file).arg("s3://demo/key")
    };
    let mut running = Running::start(put().arg("--limit-rate=16MiB"));
    drop(running.stdin());
    until("two parts are there", soon(), || {
        parts_taken(&store).len() >= 2
    });
    running.signal(Signal::KILL);
    assert_eq!(running.end().status, -1);
    let before = parts_taken(&store);
    assert!(before.len() < parts, "{before:?}");

    let listed = store
        .program(&cloud)
        .args(["unfinished", "list", "s3://demo/"])
        .run();
    assert!(listed.done().contains("s3://demo/key"), "{listed:?}");
    put().run().done();
    let taken = parts_taken(&store);
    // What the last answer told may have died with the program. The one before was written down.
    let in_flight = 1;
    assert!(
        taken.len() <= parts + in_flight && taken.iter().filter(|part| **part == 1).count() == 1,
        "{before:?}, then {taken:?}"
    );
    assert!(store.aws(&cloud).objects(SecondStore::BUCKET)["key"].bytes() == contents(size));
}

#[test]
fn unfinished_uploads_are_aborted() {
    let cloud = Cloud::start();
    let store = SecondStore::start(&cloud);
    let put = store
        .program(&cloud)
        .args(["put", "--abort", "--limit-rate=16MiB"]);
    let put = put.arg(file(&cloud, 40 * MIB)).arg("s3://demo/key");
    let running = put.start();
    until("a part is there", soon(), || {
        !parts_taken(&store).is_empty()
    });
    running.signal(Signal::INT);
    running.end().failed(1, &["interrupted by SIGINT"]);
    let left = store
        .program(&cloud)
        .args(["unfinished", "list", "s3://demo/"]);
    assert_eq!(left.run().done(), "");
}

#[test]
fn directories_arrive() {
    let cloud = Cloud::start();
    let store = SecondStore::start(&cloud);
    let names = ["a", "b c/d", "b c/e.txt", "ü/é"];
    for name in names {
        cloud.file(&format!("tree/{name}"), name);
    }
    let put = store.program(&cloud).args(["put", "-r"]);
    let put = put.arg(cloud.path("tree")).arg("s3://demo/p/");
    put.run().done();
    let objects = store.aws(&cloud).objects(SecondStore::BUCKET);
    assert_eq!(objects.len(), names.len());
    for name in names {
        assert_eq!(objects[&format!("p/{name}")].bytes(), name.as_bytes());
    }
}

#[test]
fn what_is_there_is_not_replaced() {
    let cloud = Cloud::start();
    let store = SecondStore::start(&cloud);
    let put = |contents: &str, options: &[&str]| {
        let put = store.program(&cloud).arg("put").args(options);
        put.arg(cloud.file("file", contents))
            .arg("s3://demo/key")
            .run()
    };
    put("one", &["--no-overwrite"]).done();
    put("two", &["--no-overwrite"]).failed(1, &["PreconditionFailed"]);
    assert_eq!(
        store.aws(&cloud).objects(SecondStore::BUCKET)["key"].bytes(),
        b"one"
    );
}

/// A `put` with credentials that were changed on their way; nothing may be stored.
fn refused(field: &str, value: &str, told: &[&str]) {
    let cloud = Cloud::start();
    let store = SecondStore::start_with(&cloud, |credentials| credentials[field] = value.into());
    let put = |size: usize| {
        let put = store.program(&cloud).arg("put").arg(file(&cloud, size));
        put.arg("s3://demo/key").run()
    };
    put(1000).failed(1, told);
    put(17 * MIB).failed(1, told);
    let answered = store.answered();
    let stored = answered
        .iter()
        .filter(|line| line.starts_with("PUT /demo/") && line.ends_with(" 200"));
    assert_eq!(stored.count(), 0, "{answered:?}");
}

#[test]
fn a_wrong_secret_is_refused() {
    let wrong = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    refused("secretAccessKey", wrong, &["SignatureDoesNotMatch"]);
}

#[test]
fn a_wrong_session_token_is_refused() {
    refused(
        "sessionToken",
        "another",
        &["the store rejects the access key"],
    );
}
