//! The protocol core as a program of standard WASI, under a runtime that is not ours: the wasmtime CLI.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use localcloud::Operation;
use rustix::process::Signal;
use sealift_tests::{Cloud, DeviceProxy, Outcome, Program, Running, soon, until};
use serde_json::{Value, json};

const SIZE: usize = 200 << 20;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What `tests/run` builds.
fn component() -> PathBuf {
    let target = Program::path();
    let target = target.ancestors().nth(2).unwrap();
    target.join("wasm32-wasip2/component/sealift-command.wasm")
}

/// The program in a runtime that lets it see the cloud's directory as `/work`, with these arguments.
fn command(cloud: &Cloud, arguments: &[&str]) -> Command {
    let mut wasmtime = Command::new(project().join("target/tools/bin/wasmtime"));
    let directory = format!("{}::/work", cloud.path("").display());
    wasmtime.args(["run", "-S", "http", "--dir", &directory]);
    wasmtime.arg(component()).args(arguments);
    wasmtime
}

fn wasmtime(cloud: &Cloud, arguments: &[&str]) -> Running {
    Running::of(command(cloud, arguments))
}

fn ended(running: Running) -> Outcome {
    let mut running = running;
    drop(running.stdin());
    running.end()
}

/// A device whose handshakes nginx makes.
struct Device {
    cloud: Cloud,
    proxy: DeviceProxy,
}

impl Device {
    fn new() -> Self {
        let cloud = Cloud::start();
        let proxy = DeviceProxy::start(&cloud);
        Self { cloud, proxy }
    }

    fn run(&self, task: &[&str]) -> Running {
        let provider = [
            &format!("--credentials-endpoint={}", self.proxy.credentials()),
            "--role-alias=s3_role_alias",
            "--thing-name=thing_x",
        ];
        wasmtime(&self.cloud, &[task, &provider].concat())
    }

    fn put(&self, file: &str, target: &str, options: &[&str]) -> Running {
        let store = format!("--s3-endpoint={}", self.proxy.store());
        let place = ["--region=ap-northeast-1", &store];
        self.run(&[&["put", file, target], &place[..], options].concat())
    }
}

#[test]
fn the_program_imports_nothing_but_the_wasi_of_its_world() {
    let inspected = Program::new()
        .args(["--json", "component", "inspect"])
        .arg(component())
        .run();
    let told: Value = serde_json::from_str(inspected.done()).unwrap();
    let world = std::fs::read_to_string(project().join("wit/world.wit")).unwrap();
    let (_, world) = world.split_once("world command {").unwrap();
    let imports = told["imports"].as_array().unwrap();
    assert!(imports.len() > 10, "{told}");
    for import in imports {
        let import = import.as_str().unwrap();
        assert!(import.starts_with("wasi:"), "{import}");
        assert!(world.contains(&format!("import {import};")), "{import}");
    }
    assert_eq!(
        told["world"].as_str().unwrap().split('@').next(),
        Some("wasi:cli/command")
    );
}

#[test]
fn under_the_wasmtime_cli_it_uploads_in_one_request_and_in_parts() {
    let device = Device::new();
    let contents: Vec<u8> = (0..20 << 20)
        .map(|n: u32| (n % 251).to_le_bytes()[0])
        .collect();
    for (name, contents) in [
        ("empty", &[][..]),
        ("small", b"1,2,3"),
        ("large", &contents),
    ] {
        device.cloud.file(name, contents);
        let (file, target) = (
            format!("/work/{name}"),
            format!("s3://demo/plant 7/{name}?"),
        );
        ended(device.put(&file, &target, &[])).done();
        let object = device.cloud.object("demo", &format!("plant 7/{name}?"));
        assert!(object.unwrap() == contents, "{name}");
    }
    let counts = device.cloud.counts();
    assert_eq!(counts.requests(Operation::CompleteMultipartUpload), 1);
    assert_eq!(counts.requests(Operation::UploadPart), 3);
}

#[test]
fn under_the_wasmtime_cli_an_upload_goes_on_where_it_was_killed() {
    let device = Device::new();
    let contents: Vec<u8> = (0..SIZE).map(|n| (n % 251).to_le_bytes()[0]).collect();
    device.cloud.file("large", &contents);
    let sent = || device.cloud.counts().body_bytes(Operation::UploadPart);
    let journal = ["--journal=/work/large.journal"];
    let put = || device.put("/work/large", "s3://demo/large", &journal);
    let killed = put();
    until("some parts are there", soon(), || sent() > 40 << 20);
    killed.signal(Signal::KILL);
    assert_eq!(ended(killed).status, -1);
    ended(put()).done();
    assert!(device.cloud.object("demo", "large").unwrap() == contents);
    // What was under way when it was killed is sent twice.
    assert!(sent() < SIZE as u64 + (64 << 20), "{} bytes", sent());
    assert!(!device.cloud.path("large.journal").exists());
}

#[test]
fn under_the_wasmtime_cli_a_file_that_was_replaced_is_not_gone_on_with() {
    let device = Device::new();
    let file = device.cloud.file("large", vec![b'a'; SIZE]);
    let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
    let journal = ["--journal=/work/large.journal"];
    let put = || device.put("/work/large", "s3://demo/large", &journal);
    let killed = put();
    let counts = || device.cloud.counts();
    let sent = || counts().body_bytes(Operation::UploadPart);
    until("some parts are there", soon(), || sent() > 40 << 20);
    killed.signal(Signal::KILL);
    assert_eq!(ended(killed).status, -1);
    // As `cp --preserve` and `rsync --times` do it.
    std::fs::remove_file(&file).unwrap();
    let contents = vec![b'b'; SIZE];
    device.cloud.file("large", &contents);
    let replaced = std::fs::File::options().write(true).open(&file).unwrap();
    replaced.set_modified(modified).unwrap();
    ended(put()).done();
    assert!(device.cloud.object("demo", "large").unwrap() == contents);
}

#[test]
fn under_the_wasmtime_cli_a_file_that_is_no_journal_is_left_alone() {
    let device = Device::new();
    device.cloud.file("small", "1,2,3");
    device.cloud.file("precious", "4,5,6");
    for journal in ["--journal=/work/small", "--journal=/work/precious"] {
        let put = device.put("/work/small", "s3://demo/small", &[journal]);
        ended(put).failed(1, &["is not the journal of an upload"]);
    }
    let nowhere = ["--journal=/work/nowhere/journal"];
    let put = device.put("/work/small", "s3://demo/small", &nowhere);
    ended(put).failed(1, &["the journal `/work/nowhere/journal`"]);
    assert_eq!(device.cloud.object("demo", "small"), None);
    for (name, contents) in [("small", b"1,2,3"), ("precious", b"4,5,6")] {
        assert_eq!(std::fs::read(device.cloud.path(name)).unwrap(), contents);
    }
}

#[test]
fn under_the_wasmtime_cli_a_failure_that_nobody_hears_of_is_one() {
    let device = Device::new();
    let provider = format!("--credentials-endpoint={}", device.proxy.credentials());
    let mut program = command(
        &device.cloud,
        &["credentials", &provider, "--role-alias=other"],
    );
    let mut running = program.stderr(Stdio::piped()).spawn().unwrap();
    drop(running.stderr.take());
    assert_eq!(running.wait().unwrap().code(), Some(1));
}

/// The program in Node.js, on a device whose key is in this file.
fn in_node(cloud: &Cloud, key: &Path, task: &[&str]) -> Outcome {
    let example = project().join("examples/node");
    let mut build = Command::new("npm");
    build
        .args(["run", "--silent", "build", "--"])
        .arg(component());
    assert!(build.current_dir(&example).status().unwrap().success());
    let paths = cloud.paths();
    let told = json!({
        "thingName": "thing_x",
        "roleAlias": "s3_role_alias",
        "credentialsEndpoint": cloud.credentials_endpoint(),
        "region": "ap-northeast-1",
        "s3Endpoint": cloud.s3_endpoint(),
        "certificate": paths.certificate,
        "key": key,
        "ca": paths.ca,
        "state": cloud.path("state"),
    });
    let mut node = Command::new("node");
    node.arg(example.join("src/main.js"));
    node.arg(cloud.file("device.json", told.to_string()));
    node.args(task);
    ended(Running::of(node))
}

#[test]
fn in_node_what_fails_is_told_and_nothing_waits_for_ever() {
    let cloud = Cloud::start();
    let file = cloud.file("small", "1,2,3");
    let file = file.to_str().unwrap();
    let key = &cloud.paths().key;
    let missing = in_node(&cloud, &cloud.path("missing"), &["credentials"]);
    missing.failed(1, &["ENOENT", "TLS does not come about"]);
    let refused = in_node(&cloud, key, &["put", file, "s3://no-such-bucket/key"]);
    refused.failed(1, &["NoSuchBucket"]);
    assert!(!refused.stderr.contains("    at "), "{}", refused.stderr);
    in_node(
        &cloud,
        key,
        &["put", file, "s3://demo/key", "--set", "part-size=1"],
    )
    .failed(1, &["part-size"]);
    in_node(&cloud, key, &["put", file, "s3://demo/"]).done();
    assert_eq!(cloud.object("demo", "small").unwrap(), b"1,2,3");
}

#[test]
fn in_node_an_upload_of_many_parts_holds_few_files() {
    let cloud = Cloud::start();
    let contents: Vec<u8> = (0..200 << 20)
        .map(|n: u32| (n % 251).to_le_bytes()[0])
        .collect();
    let file = cloud.file("large", &contents);
    let mut limited = Command::new("prlimit");
    drop(in_node(&cloud, &cloud.paths().key, &["credentials"]));
    limited.args(["--nofile=48", "node"]);
    limited.arg(project().join("examples/node/src/main.js"));
    limited
        .arg(cloud.path("device.json"))
        .args(["put"])
        .arg(&file);
    limited.args(["s3://demo/large", "--set=part-size=5242880"]);
    let uploaded = ended(Running::of(limited));
    uploaded.done();
    assert_eq!(uploaded.stderr, "");
    assert!(cloud.object("demo", "large").unwrap() == contents);
}

#[test]
fn under_the_wasmtime_cli_credentials_are_printed_as_sdks_take_them() {
    let device = Device::new();
    let credentials = ended(device.run(&["credentials"]));
    let told: Value = serde_json::from_str(credentials.done()).unwrap();
    assert_eq!(told["Version"], 1);
    for field in [
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    ] {
        assert!(told[field].is_string(), "{field}");
    }
}

#[test]
fn under_the_wasmtime_cli_what_fails_is_told_with_its_cure() {
    let device = Device::new();
    device.cloud.file("small", "1,2,3");
    let put = |target, options| ended(device.put("/work/small", target, options));
    put("s3://no-such-bucket/key", &[]).failed(1, &["NoSuchBucket", "no-such-bucket"]);
    put("s3://demo/key", &["--set=colour=red"]).failed(1, &["colour"]);
    put("no place", &[]).failed(1, &["is not s3://BUCKET/KEY", "usage"]);
    ended(device.put("/elsewhere", "s3://demo/key", &[])).failed(1, &["cannot read `/elsewhere`"]);
    // The proxy serves one path of one alias.
    let provider = format!("--credentials-endpoint={}", device.proxy.credentials());
    let other = wasmtime(
        &device.cloud,
        &["credentials", &provider, "--role-alias=other"],
    );
    ended(other).failed(1, &["other", "403"]);
}
