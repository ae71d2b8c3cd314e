//! What an interrupted upload goes on with: another component, and a link that was gone.

use std::path::PathBuf;

use localcloud::Operation;
use rustix::process::Signal;
use sealift_tests::{Cloud, Link, Program, Running, soon, until};

const MIB: u64 = 1 << 20;
const SIZE: u64 = 40 * MIB;
const PART: u64 = 8 * MIB;
const AT_ONCE: u64 = 2;

fn contents() -> Vec<u8> {
    let bytes = (0..SIZE).map(|n| u8::try_from(n % 251).unwrap());
    bytes.collect()
}

fn put(cloud: &Cloud) -> Program {
    let file = cloud.path("file");
    // Written again, it would be another file.
    if !file.exists() {
        cloud.file("file", contents());
    }
    let put = Program::on(cloud).args(["put", "--concurrency=2"]);
    put.arg(file).arg("s3://demo/key")
}

fn sent(cloud: &Cloud) -> u64 {
    cloud.counts().body_bytes(Operation::UploadPart)
}

/// All of the object is there, and not more was sent than it, and what was in flight when it was cut off.
#[track_caller]
fn arrived_with_little_sent_twice(cloud: &Cloud, cuts: u64) {
    assert!(cloud.object("demo", "key").unwrap() == contents());
    // `aws-chunked` adds its framing.
    let most = (SIZE + cuts * AT_ONCE * PART) * 1001 / 1000;
    let sent = sent(cloud);
    assert!(sent <= most, "{sent} bytes, {most} at most");
}

/// The factory's component with a custom section more: other bytes, and so another version to the host.
fn another_version(cloud: &Cloud) -> PathBuf {
    let mut component = sealift::factory::COMPONENT.to_vec();
    // Id 0, the size of the rest, the size of the name, the name.
    component.extend(b"\0\x05\x04next");
    cloud.file("next.wasm", component)
}

#[test]
fn another_version_of_the_component_goes_on_where_the_first_was_killed() {
    let cloud = Cloud::start();
    let mut running = Running::start(put(&cloud).arg("--limit-rate=24MiB"));
    drop(running.stdin());
    until("two parts are there", soon(), || {
        sent(&cloud) > 2 * PART + PART / 2
    });
    running.signal(Signal::KILL);
    assert_eq!(running.end().status, -1);
    put(&cloud)
        .arg("--component")
        .arg(another_version(&cloud))
        .run()
        .done();
    arrived_with_little_sent_twice(&cloud, 1);
    let begun = cloud.counts().requests(Operation::CreateMultipartUpload);
    assert_eq!(begun, 1, "the upload was begun anew");
}

#[test]
fn when_the_link_is_back_the_next_run_goes_on() {
    let cloud = Cloud::start();
    let store = cloud.s3_endpoint();
    let link = Link::start(store.trim_start_matches("https://").parse().unwrap());
    let put = || put(&cloud).env("SEALIFT_S3_ENDPOINT", link.url());
    let mut running = Running::start(put().arg("--limit-rate=24MiB"));
    drop(running.stdin());
    until("two parts are there", soon(), || {
        sent(&cloud) > 2 * PART + PART / 2
    });
    link.pull_out();
    running.end().failed(75, &["no answer from"]);
    let before = sent(&cloud);
    // As long as the link is gone, a run costs nothing.
    put().run().failed(75, &["no answer from"]);
    assert_eq!(sent(&cloud), before);
    link.put_back();
    put().run().done();
    arrived_with_little_sent_twice(&cloud, 1);
}

#[test]
fn a_link_that_is_back_soon_is_not_noticed() {
    let cloud = Cloud::start();
    let store = cloud.s3_endpoint();
    let link = Link::start(store.trim_start_matches("https://").parse().unwrap());
    let put = put(&cloud).env("SEALIFT_S3_ENDPOINT", link.url());
    let mut running = Running::start(put.args(["--limit-rate=24MiB", "--attempts=20"]));
    drop(running.stdin());
    let cuts = 2;
    for cut in 1..=cuts {
        until("a part more is there", soon(), || {
            sent(&cloud) > cut * 2 * PART
        });
        link.pull_out();
        link.put_back();
    }
    running.end().done();
    arrived_with_little_sent_twice(&cloud, cuts);
}
