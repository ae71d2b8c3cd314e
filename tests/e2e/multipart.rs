//! Objects made of parts, as other clients see them, and roles that may do little.

use std::time::Duration;

use localcloud::Operation;
use rustix::process::Signal;
use sealift_tests::{Aws, Cloud, Program, Running, soon, until};

const SIZE: usize = 40 << 20;

fn contents() -> Vec<u8> {
    (0..SIZE).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

fn put(cloud: &Cloud) -> Program {
    let file = cloud.path("file");
    // Written again, it would be another file.
    if !file.exists() {
        cloud.file("file", contents());
    }
    Program::on(cloud).arg("put").arg(file).arg("s3://demo/key")
}

/// Kills an upload when some of its parts have arrived.
fn cut_off(cloud: &Cloud) {
    let mut running = Running::start(put(cloud).arg("--limit-rate=30MiB"));
    drop(running.stdin());
    until("some parts are there", soon(), || {
        cloud.counts().body_bytes(Operation::UploadPart) > 20 << 20
    });
    running.signal(Signal::KILL);
    assert_eq!(running.end().status, -1);
}

#[test]
fn what_was_said_of_the_object_arrives_with_it() {
    let cloud = Cloud::start();
    put(&cloud)
        .args(["--metadata", "site=plant 7", "--tag", "kind=log"])
        .args([
            "--storage-class",
            "STANDARD_IA",
            "--content-type",
            "text/x-log",
        ])
        .run()
        .done();
    assert!(cloud.object("demo", "key").unwrap() == contents());
    let aws = Aws::on(&cloud);
    let ask = |operation: &str, query: &str| {
        let query = format!("--query={query}");
        let answer = aws.command_line(&[
            "s3api",
            operation,
            "--bucket=demo",
            "--key=key",
            "--output=text",
            &query,
        ]);
        answer.done().trim().to_owned()
    };
    assert_eq!(ask("head-object", "Metadata.site"), "plant 7");
    assert_eq!(ask("head-object", "StorageClass"), "STANDARD_IA");
    assert_eq!(ask("head-object", "ContentType"), "text/x-log");
    assert_eq!(ask("get-object-tagging", "TagSet[0].Value"), "log");
    // The client verifies the checksum of the whole while it reads.
    let target = cloud.path("read-back");
    let read = aws.command_line(&[
        "s3",
        "cp",
        "--quiet",
        "s3://demo/key",
        target.to_str().unwrap(),
    ]);
    read.done();
    assert!(std::fs::read(target).unwrap() == contents());
}

#[test]
fn a_role_that_may_only_put_goes_on_where_it_was_cut_off() {
    let cloud = Cloud::start_with(|settings| {
        settings.allow = Some(vec!["s3:PutObject".parse().unwrap()]);
    });
    cut_off(&cloud);
    let before = cloud.take_counts().body_bytes(Operation::UploadPart);
    put(&cloud).run().done();
    assert!(cloud.object("demo", "key").unwrap() == contents());
    let after = cloud.counts().body_bytes(Operation::UploadPart);
    assert!(
        before + after < (SIZE as u64) + (33 << 20),
        "{before} + {after}"
    );
    let listed = Program::on(&cloud)
        .args(["unfinished", "list", "s3://demo/"])
        .run();
    listed.failed(1, &["s3:ListBucketMultipartUploads"]);
}

/// An upload takes longer than its credentials are good, is killed, and goes on with others.
#[test]
fn credentials_run_out_before_and_after_a_kill() {
    let cloud = Cloud::start_with(|settings| {
        // Long enough for a request on a busy machine, from its signature to its arrival.
        settings.credential_ttl = Duration::from_secs(3);
    });
    let put = || put(&cloud).args(["--limit-rate=8MiB", "--part-size=5MiB"]);
    let mut running = Running::start(put());
    drop(running.stdin());
    until("parts were sent with other credentials", soon(), || {
        let counts = cloud.counts();
        counts.body_bytes(Operation::UploadPart) > 18 << 20
            && counts.requests(Operation::GetCredentials) > 1
    });
    running.signal(Signal::KILL);
    assert_eq!(running.end().status, -1);
    let before = cloud.take_counts().body_bytes(Operation::UploadPart);
    put().run().done();
    assert!(cloud.object("demo", "key").unwrap() == contents());
    let after = cloud.counts();
    assert!(after.requests(Operation::GetCredentials) > 1, "{after:?}");
    let sent = before + after.body_bytes(Operation::UploadPart);
    assert!(sent < (SIZE as u64) + (33 << 20), "{sent}");
}

#[test]
fn unfinished_uploads_are_listed_and_aborted() {
    let cloud = Cloud::start();
    cut_off(&cloud);
    let unfinished = |arguments: &[&str]| {
        let program = Program::on(&cloud).arg("unfinished").args(arguments);
        program.run().done().to_owned()
    };
    assert!(unfinished(&["list", "s3://demo/"]).contains("s3://demo/key"));
    unfinished(&["abort", "s3://demo/key", "--older-than", "0s"]);
    assert_eq!(unfinished(&["list", "s3://demo/"]), "");
    // The journal knows an upload that is gone: everything begins anew.
    put(&cloud).run().done();
    assert!(cloud.object("demo", "key").unwrap() == contents());
}

#[test]
fn a_file_that_changed_since_begins_anew_and_leaves_nothing_behind() {
    let cloud = Cloud::start();
    cut_off(&cloud);
    let other = vec![9; SIZE];
    Program::on(&cloud)
        .arg("put")
        .arg(cloud.file("file", &other))
        .arg("s3://demo/key")
        .run()
        .done();
    assert!(cloud.object("demo", "key").unwrap() == other);
    let left = Program::on(&cloud)
        .args(["unfinished", "list", "s3://demo/"])
        .run();
    assert_eq!(left.done(), "");
}

#[test]
fn the_same_object_is_not_sent_again_if_it_may_be_skipped() {
    let cloud = Cloud::start();
    put(&cloud).run().done();
    cloud.take_counts();
    let outcome = put(&cloud).arg("--skip-existing").run();
    assert!(outcome.done().contains("already there"));
    assert_eq!(cloud.counts().body_bytes(Operation::UploadPart), 0);
}
