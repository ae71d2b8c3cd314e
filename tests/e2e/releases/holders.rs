//! Keys in the hands of several people.

use std::fs;

use sealift_tests::{Outcome, Repository, openssl};

fn ids(outcome: &Outcome) -> Vec<String> {
    outcome.done();
    let lacking = &outcome.json()[0]["lacking"][0]["keys"];
    let keys = lacking.as_array().unwrap().iter();
    keys.map(|key| key.as_str().unwrap().to_owned()).collect()
}

/// Each holder has one key and a copy of the directory, which travels as files.
#[test]
fn nothing_is_published_before_the_last_signature_whoever_brings_it() {
    let repository = Repository::new(&["--targets", "2/3"]);
    repository.add("1.0.0").run().done();
    let keys = repository.keys("targets");
    for (number, key) in keys[..2].iter().enumerate() {
        let holder = repository.copy();
        let sign = holder.sign_with([key]).arg("--json");
        let signed = sign.run();
        signed.done();
        let lacking = &signed.json()[0]["lacking"][0];
        let role = ["targets", "snapshot"][number];
        assert_eq!(lacking["role"], role);
        assert_eq!(lacking["has"], [1, 0][number]);
        assert_eq!(holder.versions(), [""; 0]);
        repository.take_from(&holder);
    }
    assert_eq!(repository.versions(), [""; 0]);
    let online = repository.sign(&["snapshot", "timestamp"]).run();
    assert!(online.done().ends_with("published\n"), "{}", online.stdout);
    assert_eq!(repository.versions(), ["1.0.0"]);
}

#[test]
fn one_signature_twice_is_one_signature() {
    let repository = Repository::new(&["--targets", "2/2"]);
    repository.add("1.0.0").run().done();
    let [one, _] = &repository.keys("targets")[..] else {
        panic!("two keys");
    };
    let online = || {
        repository
            .keys("snapshot")
            .into_iter()
            .chain(repository.keys("timestamp"))
    };
    let signed = repository.sign_with([one, one]).arg("--json").run();
    assert_eq!(ids(&signed).len(), 2);
    let again = repository.sign_with([one.clone()].into_iter().chain(online()));
    again.run().failed(1, &["nothing was signed", "targets"]);
    assert_eq!(repository.versions(), [""; 0]);
}

#[test]
fn a_stranger_s_key_is_refused_with_whose_would_do() {
    let repository = Repository::new(&["--targets", "1/2"]);
    repository.add("1.0.0").run().done();
    let stranger = repository.path("stranger.pem");
    fs::write(
        &stranger,
        openssl(&["genpkey", "-algorithm", "ed25519"], ""),
    )
    .unwrap();
    let file = stranger.to_str().unwrap();
    let refused = repository.sign_with([&stranger]).run();
    refused.failed(1, &[file, "the drafts lack those of targets"]);
    // A key of another role is no better.
    let checked = repository.release(&["check", "--json"]).run();
    let told = &checked.json()[0]["roles"];
    let wanted = told[1]["keys"].as_array().unwrap();
    assert_eq!(wanted.len(), 2);
    let root = repository.keys("root");
    let both = repository.sign_with([&stranger, &root[0]]).run();
    for id in wanted {
        refused.failed(1, &[id.as_str().unwrap()]);
        both.failed(1, &["nothing was signed", id.as_str().unwrap()]);
    }
    let draft = repository.directory().join("draft/targets.json");
    let draft: serde_json::Value = serde_json::from_slice(&fs::read(draft).unwrap()).unwrap();
    assert_eq!(draft["signatures"], serde_json::json!([]));
    assert_eq!(repository.versions(), [""; 0]);
}

#[test]
fn what_holds_no_key_is_told_and_not_shown() {
    let repository = Repository::new(&[]);
    let file = repository.path("key.pem");
    let text = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    fs::write(&file, text).unwrap();
    let refused = repository.sign_with([&file]).run();
    refused.failed(1, &["key.pem", "holds no private key", "PKCS #8"]);
    assert!(!refused.stderr.contains("c2VjcmV0"), "{}", refused.stderr);
}

#[test]
fn the_root_s_keys_are_made_where_no_network_is_and_sign_from_there() {
    let repository = Repository::nowhere();
    let vault = repository.path("vault");
    let init = repository.release(&["init", "--json"]);
    let made = init.arg("--root-keys-in").arg(&vault).run();
    made.done();
    assert!(!made.stderr.contains("move the keys"), "{}", made.stderr);
    assert_eq!(repository.keys("root").len(), 0);
    assert_eq!(fs::read_dir(&vault).unwrap().count(), 3);
    let root = made.json()[0]["root"].as_str().unwrap().to_owned();
    assert_eq!(root, repository.root().to_str().unwrap());
    repository
        .release(&["rotate", "--role", "root"])
        .run()
        .done();
    repository
        .release(&["sign"])
        .run()
        .failed(1, &["nothing was signed", "root"]);
    repository.sign_with([&vault]).run().done();
    assert!(repository.directory().join("metadata/2.root.json").exists());
    assert_eq!(repository.versions(), [""; 0]);
}

#[test]
fn a_repository_is_never_made_over_another() {
    let repository = Repository::new(&[]);
    let before = fs::read(repository.root()).unwrap();
    repository
        .release(&["init"])
        .run()
        .failed(1, &["holds a repository already"]);
    assert!(fs::read(repository.root()).unwrap() == before);
    assert_eq!(repository.keys("root").len(), 3);
}

#[test]
fn more_signatures_than_keys_are_refused_before_anything_is_made() {
    let repository = Repository::nowhere();
    for (targets, told) in [("3/2", "2 keys"), ("0/1", "2/3"), ("two", "2/3")] {
        let init = repository.release(&["init", "--targets", targets]);
        init.run().failed(2, &[told]);
        assert!(!repository.directory().exists());
    }
}
