//! The component as it is released in a host that is not ours: the example in Node.js.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use localcloud::Operation;
use rustix::process::Signal;
use sealift_tests::{Cloud, Outcome, Running, soon, until};
use serde_json::json;

const SIZE: usize = 200 << 20;

fn example() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/node-host")
}

/// Makes JavaScript of the component that this host was built with.
fn transpile(cloud: &Cloud) {
    let component = cloud.file("uploader.wasm", sealift::factory::COMPONENT);
    let mut jco = Command::new("npm");
    jco.args(["run", "--silent", "build", "--"]).arg(component);
    let built = jco.current_dir(example()).status().unwrap();
    assert!(built.success(), "tests/run installs what it needs");
}

/// What AWS IoT gave the device, as the example wants it.
fn device(cloud: &Cloud) -> PathBuf {
    let paths = cloud.paths();
    let told = json!({
        "thingName": "thing_x",
        "roleAlias": "s3_role_alias",
        "credentialsEndpoint": cloud.credentials_endpoint(),
        "region": "ap-northeast-1",
        "s3Endpoint": cloud.s3_endpoint(),
        "certificate": paths.certificate,
        "key": paths.key,
        "ca": paths.ca,
        "state": cloud.path("node-state"),
    });
    cloud.file("device.json", told.to_string())
}

fn put(cloud: &Cloud, file: &Path, bucket: &str, key: &str) -> Running {
    let mut node = Command::new("node");
    node.arg(example().join("src/main.js")).arg(device(cloud));
    node.arg(file).args([bucket, key]);
    Running::of(node)
}

fn ended(running: Running) -> Outcome {
    let mut running = running;
    drop(running.stdin());
    running.end()
}

#[test]
fn the_released_component_uploads_from_node_and_goes_on_after_it_was_killed() {
    let cloud = Cloud::start();
    transpile(&cloud);
    let small = cloud.file("small", "1,2,3");
    ended(put(&cloud, &small, "demo", "small")).done();
    assert_eq!(cloud.object("demo", "small").unwrap(), b"1,2,3");
    assert_eq!(cloud.counts().requests(Operation::GetCredentials), 1);

    let contents: Vec<u8> = (0..SIZE).map(|n| (n % 251).to_le_bytes()[0]).collect();
    let large = cloud.file("large", &contents);
    let sent = || cloud.counts().body_bytes(Operation::UploadPart);
    let killed = put(&cloud, &large, "demo", "large");
    until("some parts are there", soon(), || sent() > 40 << 20);
    killed.signal(Signal::KILL);
    assert_eq!(ended(killed).status, -1);
    ended(put(&cloud, &large, "demo", "large")).done();
    assert!(cloud.object("demo", "large").unwrap() == contents);
    // What was under way when it was killed is sent twice, and the framing is counted.
    let most = SIZE as u64 + (64 << 20);
    assert!(sent() < most, "{} bytes", sent());
    let left = fs::read_dir(cloud.path("node-state")).unwrap();
    assert_eq!(left.count(), 0, "journals of what is done");

    let refused = ended(put(&cloud, &small, "no-such-bucket", "key"));
    refused.failed(1, &["not-found", "no-such-bucket"]);
}
