//! Updates that the fleet's operator orders through AWS IoT Jobs.

use std::fs;

use sealift_tests::{Cloud, Publisher, Service, factory_marked, guest, soon, until};
use serde_json::{Value, json};

use super::{RULE, outcomes, version_of, work_until};

/// A device that takes no release by itself, and one job for it.
fn ordered(document: &Value) -> (Cloud, Publisher, Service) {
    let cloud = Cloud::start();
    let repository = Publisher::of(&cloud);
    Service::configure(&cloud, RULE);
    let section = repository
        .section("trial_jobs = 2")
        .replace("\"1s\"", "\"30days\"");
    let jobs = format!(
        "[jobs]\nendpoint = \"{}\"\ncheck = \"1s\"\n",
        cloud.jobs_endpoint()
    );
    Service::configure_more(&cloud, &format!("{section}{jobs}"));
    let path = cloud.paths().jobs.join("order.json");
    fs::write(path, json!({ "document": document }).to_string()).unwrap();
    let service = Service::start(&cloud);
    (cloud, repository, service)
}

/// The job as its operator sees it.
fn job(cloud: &Cloud) -> Value {
    let text = fs::read_to_string(cloud.paths().jobs.join("order.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn status(cloud: &Cloud) -> String {
    job(cloud)["status"].as_str().unwrap_or("QUEUED").to_owned()
}

fn reason(cloud: &Cloud) -> String {
    let job = job(cloud);
    job["statusDetails"]["reason"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn update_to(version: &str) -> Value {
    json!({"operation": "sealift.update", "version": version})
}

#[test]
fn a_job_has_succeeded_when_its_release_is_committed() {
    let (cloud, repository, service) = ordered(&json!({"operation": "somebody.elses"}));
    repository.publish("1.1.0", &factory_marked("1.1.0"));
    repository.publish("1.2.0", &factory_marked("1.2.0"));
    let path = cloud.paths().jobs.join("order.json");
    fs::write(path, json!({"document": update_to("1.1.0")}).to_string()).unwrap();
    until("its trial is told", soon(), || {
        reason(&cloud).contains("on trial")
    });
    assert_eq!(status(&cloud), "IN_PROGRESS");
    work_until(&cloud, "the job has succeeded", || {
        status(&cloud) == "SUCCEEDED"
    });
    assert_eq!(version_of(&cloud, "committed").as_deref(), Some("1.1.0"));
    service.stop();
}

#[test]
fn a_job_whose_release_fails_its_trial_has_failed_with_the_reason() {
    let (cloud, repository, service) = ordered(&json!({"operation": "somebody.elses"}));
    repository.publish("2.0.0", &fs::read(guest("panics")).unwrap());
    let path = cloud.paths().jobs.join("order.json");
    let document = json!({"operation": "sealift.update"});
    fs::write(path, json!({ "document": document }).to_string()).unwrap();
    work_until(&cloud, "the job has failed", || status(&cloud) == "FAILED");
    assert!(reason(&cloud).contains("it trapped"), "{}", reason(&cloud));
    assert_eq!(outcomes(&cloud).last().unwrap()["change"], "failed");
    service.stop();
}

#[test]
fn a_job_for_what_nobody_published_is_rejected() {
    let (cloud, _repository, service) = ordered(&update_to("9.9.9"));
    until("the job is rejected", soon(), || {
        status(&cloud) == "REJECTED"
    });
    assert!(reason(&cloud).contains("no release"), "{}", reason(&cloud));
    service.stop();
}

#[test]
fn a_job_that_is_not_understood_is_rejected() {
    let document = json!({"operation": "sealift.update", "version": "new"});
    let (cloud, _repository, service) = ordered(&document);
    until("the job is rejected", soon(), || {
        status(&cloud) == "REJECTED"
    });
    assert!(
        reason(&cloud).contains("not understood"),
        "{}",
        reason(&cloud)
    );
    service.stop();
}
