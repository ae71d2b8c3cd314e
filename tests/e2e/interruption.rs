//! Ctrl-C ends an upload promptly, and nothing is stored.

use std::fs::File;
use std::io::Write;

use rustix::io::ioctl_fionread;
use rustix::process::Signal;
use sealift_tests::{Cloud, Program, soon, until};

/// More than goes through before a signal arrives.
const LARGE: u64 = 4 << 30;

fn interrupted_upload(signal: Signal, told: &str) {
    let cloud = Cloud::start();
    let large = cloud.path("large");
    // A file of holes: it takes no space.
    File::create(&large).unwrap().set_len(LARGE).unwrap();
    let running = Program::on(&cloud)
        .arg("put")
        .arg(large)
        .arg("s3://demo/large")
        .start();
    until("S3 is asked", soon(), || cloud.counts().s3_connections == 1);
    running.signal(signal);
    running.end().failed(1, &[told]);
    assert!(cloud.object("demo", "large").is_none());
    assert_eq!(cloud.counts().objects_put, 0);
}

#[test]
fn ctrl_c_ends_a_large_upload() {
    interrupted_upload(Signal::INT, "interrupted by SIGINT");
}

#[test]
fn sigterm_ends_a_large_upload() {
    interrupted_upload(Signal::TERM, "interrupted by SIGTERM");
}

#[test]
fn ctrl_c_ends_the_wait_for_standard_input() {
    let cloud = Cloud::start();
    let mut running = Program::on(&cloud)
        .args(["put", "-", "s3://demo/k"])
        .start();
    let mut stdin = running.stdin();
    stdin.write_all(b"the beginning").unwrap();
    until("that was read, and more is waited for", soon(), || {
        ioctl_fionread(&stdin).unwrap() == 0
    });
    running.signal(Signal::INT);
    running.end().failed(1, &["interrupted by SIGINT"]);
    drop(stdin);
    assert_eq!(
        (cloud.object("demo", "k"), cloud.counts().s3_requests),
        (None, 0)
    );
}
