//! What becomes of the others when one file fails, and of the next call when this one was refused.

use std::fmt::Write;

use localcloud::{Operation, THING_NAME};
use sealift_tests::{Cloud, Outcome, Program, Server, tls};

/// A cloud, and beside it so many files.
fn tree(files: usize) -> Cloud {
    let cloud = Cloud::start();
    for number in 0..files {
        cloud.file(&format!("tree/{number:02}"), "contents");
    }
    cloud
}

fn put(cloud: &Cloud, options: &[&str]) -> Program {
    let put = Program::on(cloud)
        .args(["--json", "put", "-r"])
        .args(options);
    put.arg(cloud.path("tree")).arg("s3://demo/")
}

fn count(outcome: &Outcome, word: &str) -> usize {
    let told = outcome.json();
    told.iter().filter(|told| told["outcome"] == word).count()
}

fn set_fault(cloud: &Cloud, fault: &str) {
    cloud.set_faults(vec![fault.parse().unwrap()]);
}

#[test]
fn a_file_that_fails_on_the_network_does_not_stop_the_others() {
    let cloud = tree(6);
    // The three attempts of the third file.
    set_fault(&cloud, "PutObject:reset,after=2,times=3");
    let outcome = put(&cloud, &["--jobs=1"]).run();
    outcome.failed(75, &["1 of 6 files were not uploaded"]);
    assert_eq!(
        (count(&outcome, "stored"), count(&outcome, "failed")),
        (5, 1)
    );
}

#[test]
fn a_link_that_is_dead_keeps_the_rest_from_being_tried() {
    let cloud = tree(20);
    set_fault(&cloud, "PutObject:reset");
    let outcome = put(&cloud, &["--jobs=1", "--attempts=1"]).run();
    outcome.failed(75, &["20 of 20 files were not uploaded", "were not tried"]);
    assert_eq!(cloud.counts().requests(Operation::PutObject), 4);
}

#[test]
fn equal_refusals_and_no_success_keep_the_rest_from_being_tried() {
    let cloud = tree(40);
    set_fault(&cloud, "PutObject:status=403");
    let outcome = put(&cloud, &["--jobs=1"]).run();
    outcome.failed(
        1,
        &[
            "40 of 40 files were not uploaded",
            "24 of 40 files were not tried",
        ],
    );
    assert_eq!(cloud.counts().requests(Operation::PutObject), 16);
    assert_eq!(count(&outcome, "failed"), 40);
}

#[test]
fn refusals_beside_a_success_are_those_of_single_files() {
    let cloud = tree(40);
    set_fault(&cloud, "PutObject:status=403,after=1");
    let outcome = put(&cloud, &["--jobs=1"]).run();
    outcome.failed(1, &["39 of 40 files were not uploaded"]);
    assert_eq!(cloud.counts().requests(Operation::PutObject), 40);
}

#[test]
fn what_failed_tells_what_was_tried() {
    let cloud = tree(1);
    set_fault(&cloud, "PutObject:status=503");
    let outcome = put(&cloud, &[]).run();
    outcome.failed(75, &["SlowDown"]);
    let told = &outcome.json()[0];
    assert_eq!(
        (&told["outcome"], &told["attempts"]),
        (&"failed".into(), &3.into())
    );
    let reasons = told["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 2);
    assert!(reasons[0].as_str().unwrap().contains("SlowDown"), "{told}");
}

#[test]
fn credentials_that_were_refused_are_not_asked_for_again_by_the_next_call() {
    let cloud = tree(1);
    cloud.registry().detach_thing(cloud.device(), THING_NAME);
    let first = put(&cloud, &[]).run();
    first.failed(1, &["is not attached"]);
    assert_eq!(cloud.counts().provider_requests, 1);
    let second = put(&cloud, &[]).run();
    second.failed(1, &["is not attached", "it is asked for again in"]);
    let program = Program::on(&cloud).arg("credentials").run();
    program.failed(1, &["is not attached", "it is asked for again in"]);
    assert_eq!(cloud.counts().provider_requests, 1);
    // Another role alias may fare differently.
    let other = put(&cloud, &[]).env("SEALIFT_CREDENTIALS_ROLE_ALIAS", "other");
    let other = other.run();
    assert!(
        !other.stderr.contains("asked for again"),
        "{}",
        other.stderr
    );
    assert_eq!(cloud.counts().provider_requests, 2);
}

#[test]
fn a_provider_that_is_down_is_asked_again_by_the_next_call() {
    let cloud = tree(1);
    set_fault(&cloud, "GetCredentials:status=503");
    put(&cloud, &[]).run().failed(75, &[]);
    let asked = cloud.counts().provider_requests;
    cloud.set_faults(Vec::new());
    put(&cloud, &[]).run().done();
    assert_eq!(cloud.counts().provider_requests, asked + 1);
}

/// So many unfinished uploads are on each page.
const ON_A_PAGE: usize = 200;

/// The page of so many unfinished uploads in all that begins with this one.
fn page(first: usize, uploads: usize) -> String {
    let end = uploads.min(first + ON_A_PAGE);
    let mut page = format!(
        "<ListMultipartUploadsResult><IsTruncated>{}</IsTruncated><NextKeyMarker>{end}</NextKeyMarker>\
         <NextUploadIdMarker>u</NextUploadIdMarker>",
        end < uploads
    );
    for number in first..end {
        write!(
            page,
            "<Upload><Key>{number}</Key><UploadId>u</UploadId>\
             <Initiated>2026-01-01T00:00:00Z</Initiated></Upload>"
        )
        .unwrap();
    }
    page + "</ListMultipartUploadsResult>"
}

/// S3 with so many unfinished uploads.
fn store_with(cloud: &Cloud, uploads: usize) -> Server {
    let authority = cloud.authority();
    let validity = localcloud::Validity::default();
    let identity = tls(authority, authority, &["127.0.0.1"], validity);
    Server::https_as(identity, move |exchange| {
        let marker = exchange.request.target.split("&key-marker=").nth(1);
        let marker = marker.and_then(|rest| rest.split('&').next());
        let first = marker.map_or(0, |number| number.parse().unwrap());
        exchange.answer("200 OK", &[], page(first, uploads).as_bytes());
    })
}

#[test]
fn more_unfinished_uploads_than_are_listed_are_not_passed_over_in_silence() {
    for (uploads, more) in [(999, false), (1000, true), (1001, true)] {
        let cloud = Cloud::start();
        let store = store_with(&cloud, uploads);
        let list = Program::on(&cloud)
            .env("SEALIFT_S3_ENDPOINT", store.url())
            .args(["unfinished", "list", "s3://demo/"]);
        let outcome = list.run();
        assert_eq!(outcome.done().lines().count(), uploads.min(1000));
        let told = outcome.stderr.contains("there may be others");
        assert_eq!(told, more, "{uploads}: {}", outcome.stderr);
    }
}
