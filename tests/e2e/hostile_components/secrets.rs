//! What a component must not learn or have done in the name of the device.

use localcloud::Operation;
use sealift_tests::{Cloud, Program, guest};
use serde_json::Value;

use super::{CONTENTS, NO_LIMIT, fails, misbehaved};

#[test]
pub(crate) fn reads_device_key() {
    let cloud = Cloud::start();
    let file = cloud.file("measurements.csv", CONTENTS);
    let key = cloud.paths().key.display().to_string();
    let outcome = Program::on(&cloud)
        .arg("put")
        .arg("--component")
        .arg(guest("reads_device_key"))
        .arg(file)
        .arg(format!("s3://demo/{}", key.trim_start_matches('/')))
        .run();
    outcome.failed(1, &["no file for me"]);
    assert!(!format!("{outcome:?}").contains("PRIVATE KEY"));
}

#[test]
pub(crate) fn reads_another_instances_memory() {
    let cloud = Cloud::start();
    let outcome = Program::on(&cloud)
        .args(["put", "--jobs=1", "--component"])
        .arg(guest("reads_another_instances_memory"))
        .args(["first", "second", "third"].map(|name| cloud.file(name, CONTENTS)))
        .arg("s3://demo/")
        .run();
    outcome.failed(1, &["no mark of before"]);
    assert_eq!(outcome.stdout, "");
    assert_eq!(outcome.stderr.matches("no mark of before").count(), 3);
}

#[test]
pub(crate) fn reads_environment() {
    let cloud = Cloud::start();
    let outcome = misbehaved(&cloud, "reads_environment", ("PROXY_PASSWORD", "hunter2"));
    outcome.failed(1, &["no variable and no argument"]);
}

#[test]
pub(crate) fn signs_a_handshake() {
    fails(
        "signs_a_handshake",
        NO_LIMIT,
        &["the device's key signs only where credentials are fetched"],
    );
}

/// With the grant, and in the one call that may ask for signatures: nothing is signed but what the
/// grant is for, and the attempt is on record.
#[test]
pub(crate) fn signs_other_things_while_fetching() {
    let cloud = Cloud::start();
    let outcome = Program::with_roles_anywhere(&cloud)
        .args(["put", "--component"])
        .arg(guest("signs_other_things_while_fetching"))
        .arg(cloud.file("measurements.csv", CONTENTS))
        .arg("s3://demo/key")
        .run();
    let refusal =
        "the device's key does not sign this: this is no string to sign of IAM Roles Anywhere";
    outcome.failed(1, &[refusal, "and none after a refusal"]);
    let log = std::fs::read_to_string(cloud.path("state/sealift/audit.jsonl")).unwrap();
    let events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(events.len(), 1, "{log}");
    assert_eq!(events[0]["event"], "signature");
    assert_eq!(events[0]["purpose"], "roles-anywhere");
    assert!(events[0]["refused"].as_str().unwrap().starts_with(refusal));
    assert_eq!(cloud.counts().requests(Operation::CreateSession), 0);
}

#[test]
pub(crate) fn asks_the_vault_while_fetching() {
    let cloud = fails(
        "asks_the_vault_while_fetching",
        NO_LIMIT,
        &["unavailable: there are no credentials while"],
    );
    assert_eq!(cloud.counts().provider_connections, 0);
}
