//! From a component to what devices find.

use std::fs;

use sealift::factory;
use sealift::sandbox::WORLD;
use sealift_release::Digest;
use sealift_tests::{Repository, soon, until};

#[test]
fn what_was_added_and_signed_is_what_devices_find() {
    let repository = Repository::new(&[]);
    let add = repository.add("1.2.0").args(["--json", "--rollout", "5"]);
    let add = add.args(["--origin", "https://*.example.com"]);
    let added = add.args(["--minimum-host-version", "0.1.0-rc.1"]).run();
    added.done();
    assert_eq!(repository.versions(), [""; 0]);
    let signed = repository.release(&["sign", "--json"]).run();
    signed.done();
    assert_eq!(signed.json()[0]["outcome"], "published");

    let found = repository.found().unwrap();
    let [release] = &found.releases[..] else {
        panic!("{found:?}");
    };
    let manifest = &release.manifest;
    assert_eq!(release.digest, Digest::of(factory::COMPONENT));
    assert_eq!(manifest.world.to_string(), WORLD);
    assert_eq!(manifest.minimum_host_version.to_string(), "0.1.0-rc.1");
    assert_eq!(manifest.origins[0].to_string(), "https://*.example.com");
    assert_eq!(u8::from(manifest.rollout), 5);
    let told = &added.json()[0];
    assert_eq!(told["digest"], release.digest.to_string());
    assert_eq!(told["name"], "uploader-1.2.0.wasm");
    assert_eq!(release.file.as_str(), "uploader-1.2.0.wasm");
}

#[test]
fn check_tells_until_when_each_role_counts_and_whose_keys_do() {
    let repository = Repository::new(&["--root", "2/4", "--targets", "2/2"]);
    repository.add("1.0.0").run().done();
    let checked = repository.release(&["check", "--json"]).run();
    checked.done();
    let told = &checked.json()[0];
    assert_eq!(told["good"], true);
    assert_eq!(told["drafts"], serde_json::json!(["targets"]));
    let expected = [
        ("root", 365, 2, 4),
        ("targets", 365, 2, 2),
        ("snapshot", 90, 1, 1),
        ("timestamp", 14, 1, 1),
    ];
    for (role, (name, days, threshold, keys)) in
        told["roles"].as_array().unwrap().iter().zip(expected)
    {
        assert_eq!(role["role"], name);
        let left = role["seconds_left"].as_u64().unwrap();
        assert!(
            (days * 86_400 - 600..days * 86_400).contains(&left),
            "{role}"
        );
        assert_eq!(role["threshold"], threshold);
        assert_eq!(role["keys"].as_array().unwrap().len(), keys);
    }
    let text = repository.release(&["check"]).run();
    let id = told["roles"][3]["keys"][0].as_str().unwrap();
    for part in ["timestamp", id, "not published yet"] {
        assert!(text.done().contains(part), "{part} in {}", text.stdout);
    }
}

#[test]
fn a_timestamp_that_nobody_renewed_fails_the_check_and_a_signature_cures_it() {
    let repository = Repository::new(&["--lifetime", "timestamp=2s"]);
    let check = || repository.release(&["check", "--json"]).run();
    until("the timestamp is over", soon(), || check().status == 1);
    let expired = check();
    expired.failed(1, &["the timestamp of the repository expired"]);
    let told = &expired.json()[0];
    assert_eq!(told["good"], false);
    assert_eq!(told["roles"][3]["seconds_left"], 0);
    let sign = repository.sign(&["timestamp"]);
    sign.args(["--lifetime", "timestamp=1day"]).run().done();
    check().done();
    // What it was made with counts again for the next one.
    repository.sign(&["timestamp"]).run().done();
    until("that one is over", soon(), || check().status == 1);
}

#[test]
fn check_fails_before_the_time_for_whoever_wants_to_know_early() {
    let repository = Repository::new(&[]);
    let check = |within| {
        let check = repository.release(&["check", "--expires-within", within]);
        check.run()
    };
    check("13days").done();
    check("15days").failed(1, &["the timestamp expires at", "release sign"]);
}

/// The snapshot's key is online beside the timestamp's: a publisher without news for months needs no ceremony.
#[test]
fn whoever_renews_the_timestamp_renews_the_snapshot_in_time() {
    let repository = Repository::new(&["--lifetime", "snapshot=30s"]);
    let sign = |roles: &[&str], days: &str| {
        let snapshot = format!("snapshot={days}");
        let sign = repository.sign(roles).arg("--json");
        let signed = sign.args(["--lifetime", &snapshot]).run();
        signed.done();
        signed.json()[0]["signed"].as_array().unwrap().len()
    };
    assert_eq!(sign(&["timestamp"], "80days"), 1);
    assert_eq!(sign(&["snapshot", "timestamp"], "80days"), 2);
    assert_eq!(sign(&["snapshot", "timestamp"], "80days"), 1);
    let check = repository.release(&["check", "--expires-within", "13days"]);
    check.run().done();
}

#[test]
fn a_rollout_grows_without_the_component_at_hand() {
    let repository = Repository::new(&[]);
    repository
        .add("1.0.0")
        .args(["--rollout", "1"])
        .run()
        .done();
    repository.release(&["sign"]).run().done();
    fs::remove_file(repository.component()).unwrap();
    let rollout = |version: &str| repository.release(&["rollout", version, "50"]).run();
    rollout("1.1.0").failed(2, &["no release 1.1.0", "1.0.0"]);
    rollout("1.0.0").done();
    repository.release(&["sign"]).run().done();
    let found = repository.found().unwrap();
    assert_eq!(u8::from(found.releases[0].manifest.rollout), 50);
}

#[test]
fn the_same_bytes_under_the_same_version_may_be_added_again_and_no_others() {
    let repository = Repository::new(&[]);
    repository.add("1.0.0").run().done();
    repository.release(&["sign"]).run().done();
    repository
        .add("1.0.0")
        .args(["--rollout", "7"])
        .run()
        .done();
    repository.release(&["sign"]).run().done();
    let found = repository.found().unwrap();
    assert_eq!(u8::from(found.releases[0].manifest.rollout), 7);
    let other = sealift_tests::guest("panics");
    let add = repository.release(&["add", "--version", "1.0.0"]);
    add.arg(other).run().failed(1, &["1.0.0", "other bytes"]);
    let renamed = repository.add("1.0.0").args(["--name", "other.wasm"]).run();
    renamed.failed(1, &["uploader-1.0.0.wasm already"]);
    let named = ["--name", "uploader-1.0.0.wasm"];
    let taken = repository.add("1.1.0").args(named).run();
    taken.failed(1, &["is version 1.0.0's already", "--name"]);
    assert!(!repository.has_drafts());
}

#[test]
fn a_component_that_was_exchanged_on_the_server_fails_the_check() {
    let repository = Repository::new(&[]);
    repository.add("1.0.0").run().done();
    repository.release(&["sign"]).run().done();
    repository.release(&["check"]).run().done();
    let targets = fs::read_dir(repository.directory().join("targets"));
    let target = targets.unwrap().next().unwrap().unwrap().path();
    fs::write(&target, b"other").unwrap();
    let file = target.to_str().unwrap();
    repository
        .release(&["check"])
        .run()
        .failed(1, &[file, "not the component"]);
}
