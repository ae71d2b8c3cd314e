//! New components over the air, from the repository to the last job of a trial.

mod bad_components;
mod by_hand;
mod ordered;
mod taking;

use std::path::Path;

use sealift_tests::{Cloud, Program, Publisher, Service, soon, until};
use serde_json::Value;

/// Files that are gone once they are uploaded.
const RULE: &str = r#"
    [[watch]]
    path = "DIR/out"
    destination = "s3://demo/"
    after = "delete"
    settle = "100ms"
"#;

/// A service whose device takes what this repository has.
fn configure(cloud: &Cloud, repository: &Publisher, more: &str) {
    Service::configure(cloud, RULE);
    Service::configure_more(cloud, &repository.section(more));
}

/// The components of the device, as `component list --json` tells them.
fn components(cloud: &Cloud) -> Vec<Value> {
    let listed = Program::on(cloud)
        .args(["--json", "component", "list"])
        .run();
    listed.done();
    let lines = listed.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The version of the component that has this state, if there is one.
fn version_of(cloud: &Cloud, state: &str) -> Option<String> {
    let listed = components(cloud);
    let found = listed
        .iter()
        .find(|component| component["state"] == state)?;
    Some(found["version"].as_str()?.to_owned())
}

/// How the latest release fared, as the audit log tells it.
fn outcomes(cloud: &Cloud) -> Vec<Value> {
    let log = std::fs::read_to_string(Service::state(cloud).join("audit.jsonl"));
    let log = log.unwrap_or_default();
    let events = log.lines().map(|line| serde_json::from_str(line).unwrap());
    events
        .filter(|event: &Value| event["event"] == "component")
        .collect()
}

/// Drops files into the watched folder until something has come about.
fn work_until(cloud: &Cloud, what: &str, mut is_so: impl FnMut() -> bool) -> Vec<String> {
    let mut names = Vec::new();
    until(what, soon(), || {
        let name = format!("file-{}", names.len());
        cloud.file(&format!("out/{name}"), &name);
        cloud.awaited_object(&name);
        names.push(name);
        is_so()
    });
    names
}

/// All of these files have reached the bucket, and none lies here any more.
fn all_went(cloud: &Cloud, names: &[String]) {
    for name in names {
        assert_eq!(cloud.awaited_object(name), name.as_bytes());
    }
    until("no file is left", soon(), || {
        names.iter().all(|name| !is_there(cloud, name))
    });
}

fn is_there(cloud: &Cloud, name: &str) -> bool {
    Path::exists(&cloud.path("out").join(name))
}
