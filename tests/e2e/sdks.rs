//! AWS's own command line and SDKs take credentials from `sealift exec` and from `credential_process`, work with
//! them, and have new ones when those end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sealift_tests::{Aws, Cloud, Outcome, Program};

/// Short, so that several sets pass within a test.
const LIFE: Duration = Duration::from_secs(6);

/// Lists the bucket until two sets of credentials were used. Prints their ids. SDKs take what ends within minutes
/// for nearly expired, and ask each time; what they get is another set when the source has one.
const BOTO3: &str = r#"
import boto3, json, time
session = boto3.Session()
s3, ids, deadline = session.client("s3"), [], time.monotonic() + 60
while len(ids) < 2:
    assert time.monotonic() < deadline, "no new credentials"
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["demo"]
    id = session.get_credentials().get_frozen_credentials().access_key
    if id not in ids:
        ids.append(id)
print("\n".join(ids))
"#;

const JAVASCRIPT: &str = r#"
const { S3Client, ListBucketsCommand } = require("@aws-sdk/client-s3");
(async () => {
    const s3 = new S3Client({ forcePathStyle: true });
    const ids = new Set();
    const deadline = Date.now() + 60000;
    while (ids.size < 2) {
        if (Date.now() > deadline) throw new Error("no new credentials");
        const { Buckets } = await s3.send(new ListBucketsCommand({}));
        if (Buckets.length !== 1 || Buckets[0].Name !== "demo") throw new Error("another bucket");
        ids.add((await s3.config.credentials()).accessKeyId);
    }
    console.log([...ids].join("\n"));
})().catch((error) => { console.error(error); process.exitCode = 1; });
"#;

/// The command line tells in its debug log only with which credentials it signs.
const COMMAND_LINE: &str = r#"
tries=0
while :; do
    aws s3 ls --debug 2> log | grep -q ' demo$' || exit 3
    id=$(sed -n "s/.*Credential=\([A-Z0-9]*\).*/\1/p" log | head -n 1)
    [ "$id" = "${first=$id}" ] || break
    tries=$((tries + 1))
    [ $tries -lt 60 ] || exit 5
done
printf '%s\n' "$first" "$id"
"#;

fn cloud() -> Cloud {
    Cloud::start_with(|settings| settings.credential_ttl = LIFE)
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A tool that `tests/run` installed.
fn tool(name: &str) -> PathBuf {
    here().join(".venv/bin").join(name)
}

/// A call in which nothing of this machine counts, with the store of the cloud.
fn with_store(program: Program, cloud: &Cloud) -> Program {
    let path = format!("{}:/usr/bin:/bin", here().join(".venv/bin").display());
    let ca = &cloud.paths().ca;
    program
        .env("PATH", path)
        .env("AWS_ENDPOINT_URL_S3", cloud.s3_endpoint())
        .env("AWS_CA_BUNDLE", ca)
        .env("NODE_EXTRA_CA_CERTS", ca)
        .env("NODE_PATH", here().join("node/node_modules"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
}

fn exec(cloud: &Cloud) -> Program {
    with_store(Program::on(cloud), cloud).args(["exec", "--"])
}

/// The program of tests/rust-sdk.
fn rust_program() -> PathBuf {
    Program::path()
        .parent()
        .unwrap()
        .with_file_name("rust-sdk")
        .join("debug/rust-sdk")
}

/// The ids of the two sets that were used.
#[track_caller]
fn two_sets(outcome: &Outcome) -> BTreeSet<&str> {
    let used: BTreeSet<_> = outcome.done().lines().collect();
    assert_eq!(used.len(), 2, "{outcome:?}");
    used
}

/// Both sets were handed out by `exec`, on record.
#[track_caller]
fn two_sets_on_record(cloud: &Cloud, outcome: &Outcome) {
    let log = std::fs::read_to_string(cloud.path("state/sealift/audit.jsonl")).unwrap();
    for id in two_sets(outcome) {
        assert!(log.contains(id), "{id}: {log}");
    }
}

#[test]
fn boto3_has_new_credentials_from_exec() {
    let cloud = cloud();
    let outcome = exec(&cloud).arg(tool("python")).args(["-c", BOTO3]).run();
    two_sets_on_record(&cloud, &outcome);
}

#[test]
fn the_command_line_has_new_credentials_from_exec() {
    let cloud = cloud();
    let here = tempfile::tempdir().unwrap();
    let call = exec(&cloud).args(["sh", "-c", COMMAND_LINE]);
    let outcome = call.inside(here.path()).run();
    two_sets_on_record(&cloud, &outcome);
}

#[test]
fn javascript_has_new_credentials_from_exec() {
    let cloud = cloud();
    let outcome = exec(&cloud).args(["node", "-e", JAVASCRIPT]).run();
    two_sets_on_record(&cloud, &outcome);
}

#[test]
fn rust_has_new_credentials_from_exec() {
    let cloud = cloud();
    let outcome = exec(&cloud).arg(rust_program()).run();
    two_sets_on_record(&cloud, &outcome);
}

#[test]
fn many_requests_are_served_from_one_fetch() {
    let cloud = Cloud::start();
    let many = "import boto3\nfor n in range(20): boto3.Session().client('s3').list_buckets()";
    let outcome = exec(&cloud).arg(tool("python")).args(["-c", many]).run();
    outcome.done();
    assert_eq!(cloud.counts().credentials_issued, 1);
}

#[test]
fn boto3_has_new_credentials_from_a_process() {
    let cloud = cloud();
    let outcome = from_process(&cloud, &tool("python"), &["-c", BOTO3]);
    two_sets(&outcome);
}

#[test]
fn the_command_line_has_new_credentials_from_a_process() {
    let cloud = cloud();
    let outcome = from_process(&cloud, Path::new("sh"), &["-c", COMMAND_LINE]);
    two_sets(&outcome);
}

#[test]
fn javascript_has_new_credentials_from_a_process() {
    let cloud = cloud();
    let outcome = from_process(&cloud, Path::new("node"), &["-e", JAVASCRIPT]);
    two_sets(&outcome);
}

#[test]
fn rust_has_new_credentials_from_a_process() {
    let cloud = cloud();
    let outcome = from_process(&cloud, &rust_program(), &[]);
    two_sets(&outcome);
}

/// A program whose profile has `credential_process = sealift credentials`.
fn from_process(cloud: &Cloud, program: &Path, arguments: &[&str]) -> Outcome {
    let config = Aws::on(cloud).config().to_owned();
    let call = with_store(Program::running(program, cloud), cloud)
        .env("AWS_CONFIG_FILE", config)
        .env("AWS_PROFILE", "device")
        .env("AWS_REGION", localcloud::REGION)
        .env("AWS_DEFAULT_REGION", localcloud::REGION)
        .args(arguments);
    let here = tempfile::tempdir().unwrap();
    call.inside(here.path()).run()
}
