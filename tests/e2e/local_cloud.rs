//! The stand-in AWS in the foreground, and what users do with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use sealift_tests::{Outcome, Program, Running};
use serde_json::Value;

/// The line of the user's guide.
const CURL: &str = r#"curl --cert device.pem.crt \
--key private.pem.key \
-H "x-amzn-iot-thingname: thing_x" \
--cacert AmazonRootCA1.pem \
https://$ENDPOINT_NAME/role-aliases/s3_role_alias/credentials"#;

fn start(dir: &Path, arguments: &[&str]) -> Running {
    let mut running = Program::new()
        .arg("local-cloud")
        .arg("--dir")
        .arg(dir)
        .args(arguments)
        .start();
    running.wait_for("ready");
    running
}

/// Runs a script in the cloud's directory, with its variables.
fn shell(dir: &Path, script: &str) -> Outcome {
    let mut command = Command::new("sh");
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir(dir);
    command
        .args(["-ec", &format!(". ./env\n{script}")])
        .output()
        .unwrap()
        .into()
}

fn put(dir: &Path, key: &str, contents: &str) -> Outcome {
    let program = Program::new()
        .env("XDG_STATE_HOME", dir.join("state"))
        .inside(dir);
    program
        .args(["put", "-", &format!("s3://{key}")])
        .run_with(contents.as_bytes())
}

fn object(dir: &Path, key: &str) -> Option<String> {
    fs::read_to_string(dir.join("s3").join(key)).ok()
}

#[test]
fn it_writes_the_files_that_the_guide_names() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("aws");
    let _cloud = start(&dir, &["--bucket", "plant"]);
    let starts = [
        ("AmazonRootCA1.pem", "-----BEGIN CERTIFICATE-----"),
        ("device.pem.crt", "-----BEGIN CERTIFICATE-----"),
        ("private.pem.key", "-----BEGIN RSA PRIVATE KEY-----"),
    ];
    for (name, start) in starts {
        assert!(
            fs::read_to_string(dir.join(name))
                .unwrap()
                .starts_with(start),
            "{name}"
        );
    }
    assert_eq!(
        fs::metadata(dir.join("private.pem.key"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    assert!(dir.join("s3/demo").is_dir() && dir.join("s3/plant").is_dir());
    let told = shell(
        &dir,
        "echo $ENDPOINT_NAME $AWS_ENDPOINT_URL_S3 $AWS_REGION $AWS_CA_BUNDLE $BUCKET",
    );
    let words: Vec<_> = told.done().split_whitespace().collect();
    let [endpoint, s3, region, bundle, bucket] = words.try_into().unwrap();
    assert!(
        endpoint.starts_with("127.0.0.1:") && s3.starts_with("https://127.0.0.1:"),
        "{endpoint} {s3}"
    );
    assert_eq!((region, bucket), ("ap-northeast-1", "plant"));
    assert!(
        Path::new(bundle).is_absolute() && bundle.ends_with("/aws/AmazonRootCA1.pem"),
        "{bundle}"
    );
}

#[test]
fn a_job_is_a_file_that_the_device_gets_with_its_certificate() {
    let temporary = tempfile::tempdir().unwrap();
    let _cloud = start(temporary.path(), &[]);
    let script = r#"echo '{"document": {"operation": "sealift.update"}}' > jobs/u-1.json
curl -sS --fail --cert device.pem.crt --key private.pem.key --cacert AmazonRootCA1.pem \
    "https://$JOBS_ENDPOINT/things/thing_x/jobs/\$next?includeJobDocument=true""#;
    let outcome = shell(temporary.path(), script);
    let answer: Value = serde_json::from_str(outcome.done()).unwrap();
    let execution = &answer["execution"];
    assert_eq!(execution["jobId"], "u-1");
    assert_eq!(execution["status"], "QUEUED");
    assert_eq!(
        execution["jobDocument"],
        r#"{"operation":"sealift.update"}"#
    );
}

#[test]
fn the_guides_curl_line_works_unchanged() {
    let temporary = tempfile::tempdir().unwrap();
    let _cloud = start(temporary.path(), &[]);
    let outcome = shell(temporary.path(), CURL);
    let answer: Value = serde_json::from_str(outcome.done()).unwrap();
    let credentials = answer["credentials"].as_object().unwrap();
    let names: Vec<_> = credentials.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "accessKeyId",
            "expiration",
            "secretAccessKey",
            "sessionToken"
        ]
    );
}

#[test]
fn put_works_with_the_configuration_that_it_wrote() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    // The guide's role may do nothing else.
    let _cloud = start(dir, &["--bucket", "plant", "--allow", "s3:PutObject"]);
    put(dir, "plant/a/b", "contents").done();
    put(dir, "demo/k", "more").done();
    assert_eq!(object(dir, "plant/a/b").as_deref(), Some("contents"));
    assert_eq!(object(dir, "demo/k").as_deref(), Some("more"));
}

#[test]
fn allow_limits_what_the_role_may_do() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    let _cloud = start(dir, &["--allow", "s3:GetObject", "s3:ListBucket"]);
    put(dir, "demo/k", "x").failed(1, &["AccessDenied"]);
    assert_eq!(object(dir, "demo/k"), None);
}

#[test]
fn sigterm_and_sigint_end_it_with_success() {
    for signal in [Signal::TERM, Signal::INT] {
        let temporary = tempfile::tempdir().unwrap();
        let cloud = start(temporary.path(), &[]);
        cloud.signal(signal);
        let outcome = cloud.end();
        outcome.done();
        assert_eq!(outcome.stderr, "");
    }
}

#[test]
fn a_directory_is_used_again_with_its_keys_and_objects() {
    const KEPT: [&str; 3] = ["AmazonRootCA1.pem", "device.pem.crt", "private.pem.key"];
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    let read = || KEPT.map(|name| fs::read(dir.join(name)).unwrap());
    let first = start(dir, &[]);
    put(dir, "demo/k", "kept").done();
    let before = read();
    first.signal(Signal::TERM);
    first.end().done();

    let _second = start(dir, &["--bucket", "plant"]);
    assert!(read() == before);
    assert_eq!(object(dir, "demo/k").as_deref(), Some("kept"));
    put(dir, "plant/k", "new").done();
    assert_eq!(object(dir, "plant/k").as_deref(), Some("new"));
}

#[test]
fn a_directory_that_is_in_use_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let _first = start(temporary.path(), &[]);
    let outcome = Program::new()
        .arg("local-cloud")
        .arg("--dir")
        .arg(temporary.path())
        .run();
    outcome.failed(1, &[temporary.path().to_str().unwrap()]);
    assert_eq!(outcome.stdout, "");
}

#[test]
fn a_real_devices_files_are_not_overwritten() {
    let temporary = tempfile::tempdir().unwrap();
    let key = temporary.path().join("private.pem.key");
    fs::write(&key, "a real key").unwrap();
    let outcome = Program::new()
        .arg("local-cloud")
        .arg("--dir")
        .arg(temporary.path())
        .run();
    outcome.failed(1, &["private.pem.key"]);
    assert_eq!(fs::read_to_string(&key).unwrap(), "a real key");
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 1);
}

#[test]
fn credentials_last_as_long_as_they_are_told_to() {
    const TTL: u64 = 1234;
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    let _cloud = start(dir, &["--credential-ttl", &TTL.to_string()]);
    let before = SystemTime::now();
    let answer = shell(dir, CURL);
    let after = SystemTime::now();
    let answer: Value = serde_json::from_str(answer.done()).unwrap();
    let expiration = answer["credentials"]["expiration"].as_str().unwrap();
    let seconds = shell(dir, &format!("date -d {expiration} +%s"));
    let expiration = Duration::from_secs(seconds.done().trim().parse().unwrap());
    let since = |time: SystemTime| {
        time.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    let range = since(before) + TTL..=since(after) + TTL;
    assert!(
        range.contains(&expiration.as_secs()),
        "{expiration:?} is not in {range:?}"
    );
}

#[test]
fn its_clock_can_be_wrong() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path();
    let _cloud = start(dir, &["--clock-offset", "-86400"]);
    let answer = shell(
        dir,
        &CURL.replacen("curl", "curl -s -o answer -D headers", 1),
    );
    answer.done();
    let date = shell(
        dir,
        "date -d \"$(sed -n 's/^[Dd]ate: //p' headers | tr -d '\\r')\" +%s",
    );
    let date: u64 = date.done().trim().parse().unwrap();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    // A day, give or take what this test took.
    assert!(
        (now - 86400 - 60..=now - 86400).contains(&date),
        "{date} at {now}"
    );
}

#[test]
fn wrong_settings_are_wrong_usage() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("aws");
    let cases = [
        ("--bucket", "../up", "is not a bucket name"),
        ("--allow", "PutObject", "is not an IAM action"),
        ("--clock-offset", "1h", "is not a clock offset"),
        ("--listen", "nowhere", "--listen"),
    ];
    for (flag, value, told) in cases {
        let program = Program::new()
            .arg("local-cloud")
            .arg("--dir")
            .arg(&dir)
            .args([flag, value]);
        program.run().failed(2, &[value, told]);
    }
    assert!(!dir.exists());
}
