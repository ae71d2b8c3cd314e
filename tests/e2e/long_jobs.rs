//! Jobs that take longer than one set of credentials, than their user has time, or than their turn.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use localcloud::{Operation, Settings};
use sealift_tests::{Cloud, Program};

const MIB: u64 = 1 << 20;
/// One at a time, and each takes more than a life of the credentials until it is answered.
const PARTS: u64 = 17;

/// A cloud whose credentials have to be renewed for each part.
fn short_lived() -> Cloud {
    Cloud::start_with(|settings| {
        settings.credential_ttl = Duration::from_secs(2);
        slow(settings, "1500ms");
    })
}

fn slow(settings: &mut Settings, time: &str) {
    let fault = format!("UploadPart:slow={time}");
    settings.fault(&fault).unwrap();
}

fn sparse(cloud: &Cloud, name: &str, length: u64) -> PathBuf {
    let path = cloud.file(name, "");
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(length)
        .unwrap();
    path
}

fn put(cloud: &Cloud, options: &[&str]) -> Program {
    let put = Program::on(cloud).args(["--json", "put", "--part-size=5MiB"]);
    put.arg("--multipart-threshold=5MiB").args(options)
}

#[track_caller]
fn renewed(cloud: &Cloud, stored: &serde_json::Value) {
    assert_eq!(stored["bytes"], PARTS * 5 * MIB);
    assert_eq!(stored["reasons"].as_array().unwrap().len(), 0, "{stored}");
    let issued = cloud.counts().credentials_issued;
    assert!(issued >= PARTS - 2, "{issued} sets of credentials");
}

#[test]
fn credentials_are_renewed_as_often_as_a_file_takes() {
    let cloud = short_lived();
    let file = sparse(&cloud, "file", PARTS * 5 * MIB);
    let put = put(&cloud, &["--concurrency=1"])
        .arg(file)
        .arg("s3://demo/k");
    let outcome = put.run();
    outcome.done();
    renewed(&cloud, &outcome.json()[0]);
}

#[test]
fn credentials_are_renewed_as_often_as_a_stream_takes() {
    let cloud = short_lived();
    let put = put(&cloud, &["--concurrency=1"]).args(["-", "s3://demo/k"]);
    let length = usize::try_from(PARTS * 5 * MIB).unwrap();
    let outcome = put.run_with(&vec![0; length]);
    outcome.done();
    renewed(&cloud, &outcome.json()[0]);
}

#[test]
fn a_deadline_ends_an_upload_in_the_middle_of_a_part_and_the_next_run_goes_on() {
    let cloud = Cloud::start_with(|settings| slow(settings, "50s"));
    let file = sparse(&cloud, "file", 11 * MIB);
    let ended = put(&cloud, &["--deadline=3s"])
        .arg(&file)
        .arg("s3://demo/k");
    let outcome = ended.run();
    outcome.failed(75, &["not uploaded within 3s, the deadline", "--deadline"]);
    assert_eq!(cloud.counts().requests(Operation::AbortMultipartUpload), 0);
    cloud.set_faults(Vec::new());
    put(&cloud, &[]).arg(&file).arg("s3://demo/k").run().done();
    let created = cloud.counts().requests(Operation::CreateMultipartUpload);
    assert_eq!(created, 1);
}

#[test]
fn a_deadline_ends_an_upload_of_a_stream_that_nobody_writes_to() {
    let cloud = Cloud::start();
    let mut waiting = put(&cloud, &["--deadline=2s"])
        .args(["-", "s3://demo/k"])
        .start();
    let stdin = waiting.stdin();
    let outcome = waiting.end();
    outcome.failed(75, &["not uploaded within 2s, the deadline"]);
    drop(stdin);
    assert_eq!(cloud.counts().objects_put, 0);
}

#[test]
fn a_deadline_of_one_file_is_nothing_to_the_others() {
    let cloud = Cloud::start();
    cloud.set_faults(vec!["UploadPart:slow=50s".parse().unwrap()]);
    for number in 0..8 {
        cloud.file(&format!("tree/small{number}"), "small");
    }
    sparse(&cloud, "tree/large", 11 * MIB);
    let put = put(&cloud, &["-r", "--deadline=3s", "--jobs=1"]);
    let outcome = put.arg(cloud.path("tree")).arg("s3://demo/").run();
    outcome.failed(75, &["1 of 9 files were not uploaded"]);
}

#[test]
fn parts_that_wait_for_their_turn_have_not_failed() {
    let cloud = Cloud::start_with(|settings| slow(settings, "100ms"));
    for name in ["a", "b", "c"] {
        sparse(&cloud, &format!("tree/{name}"), 16 * MIB);
    }
    let put = put(&cloud, &["-r", "--concurrency=8"])
        .env("SEALIFT_NETWORK_MAX_CONNECTIONS", "1")
        .arg(cloud.path("tree"))
        .arg("s3://demo/");
    let outcome = put.run();
    outcome.failed(0, &["no more than 1 parts leave at once"]);
    for told in outcome.json() {
        assert_eq!(
            (&told["attempts"], told["reasons"].as_array().unwrap().len()),
            (&4.into(), 0)
        );
    }
}
