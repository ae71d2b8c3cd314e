//! Keys that change while devices are in the field.

use std::fs;

use sealift_tests::{Looker, Repository};
use serde_json::Value;

fn ids(repository: &Repository, role: usize) -> Vec<String> {
    let checked = repository.release(&["check", "--json"]).run();
    let keys = checked.json()[0]["roles"][role]["keys"].clone();
    let keys = keys.as_array().unwrap().iter();
    keys.map(|key| key.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_key_that_was_taken_from_the_targets_signs_nothing_more() {
    let repository = Repository::new(&[]);
    repository.add("1.0.0").run().done();
    repository.release(&["sign"]).run().done();
    let state = tempfile::tempdir().unwrap();
    let device = Looker::new(state.path(), &repository.directory());
    device.look().unwrap();

    let [old] = &ids(&repository, 1)[..] else {
        panic!("one key");
    };
    let old_key = repository.keys("targets").remove(0);
    let stolen = repository.path("stolen.pem");
    fs::rename(&old_key, &stolen).unwrap();
    let rotate = ["rotate", "--role", "targets", "--add", "1", "--json"];
    let rotated = repository
        .release(&rotate)
        .args(["--remove", &old[..12]])
        .run();
    rotated.done();
    let made = &rotated.json()[0]["made"][0];
    assert_eq!(made["role"], "targets");
    // The root says so, and not whoever holds the other keys.
    let others = ["targets", "snapshot", "timestamp"];
    let refused = repository.sign(&others).run();
    refused.failed(1, &["nothing was signed", "root"]);
    repository.release(&["sign"]).run().done();
    assert_eq!(ids(&repository, 1), [made["key"].as_str().unwrap()]);

    repository.add("1.1.0").run().done();
    let refused = repository.sign_with([&stolen]).run();
    refused.failed(1, &[old.as_str(), made["key"].as_str().unwrap()]);
    repository.sign(&others).run().done();
    let found = device.look().unwrap().releases;
    assert_eq!(found.last().unwrap().version().to_string(), "1.1.0");
    assert_eq!(repository.versions(), ["1.0.0", "1.1.0"]);
}

#[test]
fn a_new_root_needs_the_signatures_of_the_old_keys_and_of_the_new_ones() {
    let repository = Repository::new(&["--root", "1/1"]);
    let old = repository.keys("root").remove(0);
    let id = ids(&repository, 0).remove(0);
    let rotate = ["rotate", "--role", "root", "--add", "2", "--threshold", "2"];
    let rotate = repository.release(&rotate).args(["--remove", &id]).run();
    rotate.done();
    let again = repository.release(&["rotate", "--role", "root"]).run();
    again.failed(1, &["lacks signatures still", "release sign"]);
    let mut new = repository.keys("root");
    new.retain(|key| *key != old);
    let signed = repository.sign_with(&new).run();
    assert!(
        signed.done().contains("not published yet"),
        "{}",
        signed.stdout
    );
    assert!(!repository.directory().join("metadata/2.root.json").exists());
    let signed = repository.sign_with([&old]).run();
    assert!(signed.done().ends_with("published\n"), "{}", signed.stdout);
    let root = fs::read(repository.directory().join("metadata/2.root.json")).unwrap();
    let root: Value = serde_json::from_slice(&root).unwrap();
    assert_eq!(root["signed"]["roles"]["root"]["threshold"], 2);
    assert_eq!(root["signed"]["keys"].as_object().unwrap().len(), 5);
    assert_eq!(ids(&repository, 0).len(), 2);
}

#[test]
fn a_role_is_never_left_with_fewer_keys_than_it_needs_signatures() {
    let repository = Repository::new(&[]);
    let id = ids(&repository, 1).remove(0);
    let rotate = |rest: &[&str]| {
        let rotate = ["rotate", "--role", "targets"];
        repository.release(&rotate).args(rest).run()
    };
    rotate(&["--remove", &id]).failed(2, &["1 signatures of the role targets", "0 keys"]);
    rotate(&["--threshold", "2"]).failed(2, &["2 signatures", "1 keys"]);
    rotate(&["--remove", "0123456789ab"]).failed(2, &["no key 0123456789ab", "check"]);
    rotate(&["--remove", "root"]).failed(2, &["hexadecimal"]);
    repository
        .release(&["rotate", "--role", "boss"])
        .run()
        .failed(2, &["root, targets"]);
    assert!(!repository.has_drafts());
    assert_eq!(repository.keys("targets").len(), 1);
}
