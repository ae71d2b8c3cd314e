//! Ctrl-C in an upload of parts: with `--abort` nothing is left behind, without it everything is there to go on with.

use std::io::Write;
use std::process::ChildStdin;

use localcloud::Operation;
use rustix::process::Signal;
use sealift_tests::{Aws, Cloud, Outcome, Program, Running, soon, until};

const MIB: u64 = 1 << 20;
const SIZE: u64 = 40 * MIB;

fn contents() -> Vec<u8> {
    let bytes = (0..SIZE).map(|n| u8::try_from(n % 251).unwrap());
    bytes.collect()
}

fn put(cloud: &Cloud, source: &str) -> Program {
    let put = Program::on(cloud).arg("put").arg(source);
    put.arg("s3://demo/key")
}

/// Waits until some parts are stored and others are under way.
fn until_under_way(cloud: &Cloud) {
    until("some parts are there", soon(), || {
        cloud.counts().body_bytes(Operation::UploadPart) > 20 * MIB
    });
}

/// A `put` of a file, interrupted on its way.
fn interrupted(cloud: &Cloud, options: &[&str]) -> Outcome {
    let file = cloud.file("file", contents());
    let put = put(cloud, file.to_str().unwrap()).args(options);
    let running = put.arg("--limit-rate=30MiB").start();
    until_under_way(cloud);
    running.signal(Signal::INT);
    let outcome = running.end();
    outcome.failed(1, &["interrupted by SIGINT"]);
    outcome
}

/// A `put` of a stream whose end has not come, interrupted on its way.
fn interrupted_stream(cloud: &Cloud, options: &[&str]) -> (Running, ChildStdin) {
    let mut running = put(cloud, "-").args(options).start();
    let mut stdin = running.stdin();
    stdin.write_all(&contents()).unwrap();
    until_under_way(cloud);
    running.signal(Signal::INT);
    (running, stdin)
}

/// The uploads that AWS's own client lists.
fn left(cloud: &Cloud) -> usize {
    let listed = Aws::on(cloud).boto3(
        "uploads = s3.list_multipart_uploads(Bucket='demo').get('Uploads', [])\n\
         print(json.dumps([upload['Key'] for upload in uploads]))",
        &[],
    );
    listed.as_array().unwrap().len()
}

fn unfinished(cloud: &Cloud, arguments: &[&str]) -> String {
    let program = Program::on(cloud).arg("unfinished").args(arguments);
    program.run().done().to_owned()
}

#[test]
fn with_abort_a_file_leaves_nothing_behind() {
    let cloud = Cloud::start();
    let outcome = interrupted(&cloud, &["--abort"]);
    assert_eq!(outcome.stderr, "error: interrupted by SIGINT\n");
    assert_eq!(left(&cloud), 0);
    assert!(cloud.object("demo", "key").is_none());
}

#[test]
fn a_role_that_may_not_abort_is_told_of_the_parts_that_stay() {
    let cloud = Cloud::start_with(|settings| {
        settings.allow = Some(vec!["s3:PutObject".parse().unwrap()]);
    });
    let outcome = interrupted(&cloud, &["--abort"]);
    outcome.failed(1, &["hint: s3://demo/key: parts that were uploaded stay"]);
}

#[test]
fn with_abort_a_stream_leaves_nothing_behind() {
    let cloud = Cloud::start();
    let (running, stdin) = interrupted_stream(&cloud, &["--abort"]);
    let outcome = running.end();
    assert_eq!(outcome.stderr, "error: interrupted by SIGINT\n");
    assert_eq!(outcome.status, 1);
    drop(stdin);
    assert_eq!(left(&cloud), 0);
    assert!(cloud.object("demo", "key").is_none());
}

#[test]
fn without_abort_a_file_is_listed_and_gone_on_with() {
    let cloud = Cloud::start();
    interrupted(&cloud, &[]);
    assert_eq!(left(&cloud), 1);
    let listed = unfinished(&cloud, &["list", "s3://demo/"]);
    assert!(listed.contains("s3://demo/key"), "{listed}");
    let before = cloud.take_counts().body_bytes(Operation::UploadPart);
    put(&cloud, cloud.path("file").to_str().unwrap())
        .run()
        .done();
    assert!(cloud.object("demo", "key").unwrap() == contents());
    let after = cloud.counts().body_bytes(Operation::UploadPart);
    // Four parts of 8 MiB are under way at once, and `aws-chunked` adds its framing.
    assert!(before + after < SIZE + 33 * MIB, "{before} + {after}");
    assert_eq!(left(&cloud), 0);
}

/// A stream cannot be read again, so its next run clears away what the one before left.
#[test]
fn without_abort_a_stream_is_listed_and_the_next_begins_anew() {
    let cloud = Cloud::start();
    let (running, stdin) = interrupted_stream(&cloud, &[]);
    running.end().failed(1, &["interrupted by SIGINT"]);
    drop(stdin);
    assert_eq!(left(&cloud), 1);
    let listed = unfinished(&cloud, &["list", "s3://demo/"]);
    assert!(listed.contains("s3://demo/key"), "{listed}");
    put(&cloud, "-").run_with(&contents()).done();
    assert!(cloud.object("demo", "key").unwrap() == contents());
    assert_eq!(left(&cloud), 0);
}
