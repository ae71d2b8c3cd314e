//! Releases that must not stay: each is rolled back, and the job that met it is done on the old one.

use sealift_queue::{Job, State};
use sealift_tests::{Cloud, Program, Publisher, Server, Service, guest, marked, soon, until};

use super::{all_went, configure, outcomes, version_of, work_until};

/// The component of that name is taken, fails with this, and costs no file.
#[track_caller]
fn rolled_back(component: &[u8], more: &str, reason: &str) {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    configure(&cloud, &repository, "trial_jobs = 5");
    Service::configure_more(&cloud, more);
    repository.publish("2.0.0", component);
    let service = Service::start(&cloud);
    let names = work_until(&cloud, "the release has failed", || {
        outcomes(&cloud)
            .iter()
            .any(|event| event["change"] == "failed")
    });
    all_went(&cloud, &names);
    let told = outcomes(&cloud).pop().unwrap();
    let why = told["reason"].as_str().unwrap();
    assert!(
        why.contains("failed and rolled back") && why.contains(reason),
        "{why}"
    );
    assert_eq!(version_of(&cloud, "trial"), None);
    until("all jobs are done", soon(), || {
        let jobs = Service::jobs_of(&cloud);
        jobs.iter().all(|job| job.state() == State::Done)
    });
    service.stop();
    // It is not taken again by itself.
    let again = Program::on(&cloud).arg("update").run();
    again.failed(1, &["2.0.0", "has failed on this device"]);
}

/// The component of that name fails before any job runs on it.
#[track_caller]
fn refused(component: &[u8], reason: &str) {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    configure(&cloud, &repository, "");
    repository.publish("2.0.0", component);
    let update = Program::on(&cloud).arg("update").run();
    update.failed(1, &["failed without rollback", reason]);
    let file = cloud.file("a", "a");
    let put = Program::on(&cloud).arg("put").arg(file);
    put.arg("s3://demo/").run().done();
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(guest(name)).unwrap()
}

#[test]
fn one_that_traps() {
    rolled_back(&bytes("panics"), "", "it trapped");
}

#[test]
fn one_that_never_returns() {
    let limit = "[sandbox]\ncpu_time = \"1s\"\n";
    rolled_back(&bytes("loops_with_calls"), limit, "over its limits");
}

#[test]
fn one_that_eats_memory() {
    rolled_back(&bytes("allocates_without_end"), "", "over its limits");
}

#[test]
fn one_that_leaks_what_it_takes_from_the_host() {
    rolled_back(&bytes("hoards_headers"), "", "it trapped");
}

#[test]
fn one_that_says_it_is_done_without_having_sent_anything() {
    rolled_back(&bytes("claims_success"), "", "was not seen stored");
}

#[test]
fn one_whose_jobs_fail_where_those_of_the_old_one_do_not() {
    rolled_back(&bytes("signs_a_handshake"), "", "of its jobs failed");
}

#[test]
fn one_that_traps_in_its_dry_run() {
    refused(&bytes("traps_in_its_probe"), "its probe failed");
}

#[test]
fn one_that_says_itself_that_something_is_wrong() {
    refused(&bytes("fails_its_probe"), "a table is missing");
}

#[test]
fn one_that_is_no_component() {
    refused(b"\0asm\x01\0\0\0", "no component of its world");
}

#[test]
fn one_that_imports_what_the_host_does_not_offer() {
    refused(&bytes("opens_socket"), "no component of its world");
}

#[test]
fn one_of_another_version_of_the_contract() {
    let factory = sealift::factory::COMPONENT;
    let other = replaced(
        factory,
        b"sealift:gateway/transfer@0.1.0",
        b"sealift:gateway/transfer@0.2.0",
    );
    refused(&other, "no component of its world");
}

#[test]
fn one_that_asks_for_more_than_it_is_granted_is_not_even_fetched() {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    configure(&cloud, &repository, "");
    let component = marked(sealift::factory::COMPONENT, "2");
    repository.publish_with("2.0.0", &component, |mut manifest| {
        manifest.origins = vec!["https://collector.example.com".parse().unwrap()];
        manifest
    });
    let update = Program::on(&cloud).arg("update").run();
    let told = ["asks for https://collector.example.com", "network.allow"];
    update.failed(1, &told);
    let told = outcomes(&cloud).pop().unwrap();
    assert_eq!(told["change"], "refused");
    assert!(
        told["reason"]
            .as_str()
            .unwrap()
            .contains("collector.example.com")
    );
    assert!(
        !Service::state(&cloud)
            .join("slots/a/component.partial")
            .exists()
    );
}

#[test]
fn one_that_works_for_two_jobs_and_traps_on_the_third() {
    let cloud = Cloud::start();
    // It takes whatever comes: the component does not sign.
    let store = Server::https(cloud.authority(), |exchange| {
        exchange.read_body();
        exchange.answer("200 OK", &["etag: \"e\""], b"");
    });
    let repository = Publisher::of(&cloud);
    configure(&cloud, &repository, "trial_jobs = 5");
    repository.publish("2.0.0", &bytes("traps_on_the_third_job"));
    let service = Service::start_unready(&cloud, |program| {
        program.env("SEALIFT_S3_ENDPOINT", store.url())
    });
    service.wait_for("READY=1");
    until("it is on trial", soon(), || {
        version_of(&cloud, "trial").is_some()
    });
    // One after the other: it counts its jobs.
    let mut files = Vec::new();
    for name in ["a", "b", "c"] {
        files.push(cloud.file(&format!("out/{name}"), name));
        until("its object is there", soon(), || {
            let jobs = Service::jobs_of(&cloud);
            let there = |job: &&Job| matches!(job.state(), State::Uploaded | State::Done);
            name == "c" || jobs.iter().filter(there).count() == files.len()
        });
    }
    until("it has failed", soon(), || {
        outcomes(&cloud)
            .iter()
            .any(|event| event["change"] == "failed")
    });
    until("all are done on the old one", soon(), || {
        files.iter().all(|file| !file.exists())
    });
    let jobs = Service::jobs_of(&cloud);
    // Those that it uploaded well were uploaded again.
    assert_eq!(
        jobs.iter().filter(|job| job.attempts == 2).count(),
        2,
        "{jobs:?}"
    );
    service.stop();
}

fn replaced(bytes: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    assert_eq!(what.len(), with.len());
    let mut bytes = bytes.to_vec();
    let mut places = 0;
    for start in 0..=bytes.len() - what.len() {
        if bytes[start..].starts_with(what) {
            bytes[start..start + with.len()].copy_from_slice(with);
            places += 1;
        }
    }
    assert!(places > 0, "the contract is named in the component");
    bytes
}
