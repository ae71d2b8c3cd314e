//! A component that was built when the contract was written down still runs: on devices in the field, hosts are newer than
//! components.

use std::path::PathBuf;

use localcloud::Operation;
use rustix::process::Signal;
use sealift_tests::{Cloud, Program, Running, soon, until};

/// Built from the contract's first version, and never again.
fn first() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/uploader-0.1.0.wasm")
}

fn with_the_first(cloud: &Cloud) -> Program {
    Program::on(cloud).arg("--component").arg(first())
}

#[test]
fn the_first_component_is_one_that_this_host_can_run() {
    let cloud = Cloud::start();
    let inspected = Program::on(&cloud)
        .args(["--json", "component", "inspect"])
        .arg(first())
        .run();
    inspected.done();
    let told: serde_json::Value = serde_json::from_str(&inspected.stdout).unwrap();
    assert_eq!(told["world"], "sealift:gateway/uploader@0.1.0");
    assert_eq!(told["runs"], true, "{told}");
}

#[test]
fn the_first_component_fetches_credentials_and_uploads_in_one_request_and_in_parts() {
    let cloud = Cloud::start();
    let credentials = with_the_first(&cloud).arg("credentials").run();
    credentials.done();
    assert!(credentials.stdout.contains("SessionToken"));
    let contents: Vec<u8> = (0..8_u32 << 20)
        .map(|n| (n % 251).to_le_bytes()[0])
        .collect();
    for (key, options) in [
        ("whole", &[][..]),
        (
            "parts",
            &["--part-size=5MiB", "--multipart-threshold=5MiB"][..],
        ),
        (
            "sha256",
            &["--checksum=sha256", "--metadata", "site=plant 7"][..],
        ),
    ] {
        let file = cloud.file(key, &contents);
        let put = with_the_first(&cloud).arg("put").arg(file);
        put.arg(format!("s3://demo/{key}"))
            .args(options)
            .run()
            .done();
        assert!(cloud.object("demo", key).unwrap() == contents, "{key}");
    }
    assert_eq!(
        cloud.counts().requests(Operation::CompleteMultipartUpload),
        1
    );
}

#[test]
fn an_upload_that_todays_component_began_is_found_and_ended_by_the_first() {
    let cloud = Cloud::start();
    let contents = vec![7; 30 << 20];
    let file = cloud.file("file", &contents);
    let put = |program: Program| program.arg("put").arg(&file).arg("s3://demo/key");
    let slowly = put(Program::on(&cloud)).args([
        "--limit-rate=10MiB",
        "--part-size=5MiB",
        "--multipart-threshold=5MiB",
    ]);
    let mut running = Running::start(slowly);
    drop(running.stdin());
    until("some parts are there", soon(), || {
        cloud.counts().body_bytes(Operation::UploadPart) > 10 << 20
    });
    running.signal(Signal::KILL);
    running.end();
    let listed = with_the_first(&cloud)
        .args(["unfinished", "list", "s3://demo/"])
        .run();
    listed.done();
    assert!(listed.stdout.contains("key"), "{}", listed.stdout);
    let sent = cloud.counts().body_bytes(Operation::UploadPart);
    let again =
        put(with_the_first(&cloud)).args(["--part-size=5MiB", "--multipart-threshold=5MiB"]);
    again.run().done();
    assert!(cloud.object("demo", "key").unwrap() == contents);
    let all = cloud.counts().body_bytes(Operation::UploadPart);
    assert!(
        all - sent < contents.len() as u64,
        "it goes on, and does not begin again"
    );
}
