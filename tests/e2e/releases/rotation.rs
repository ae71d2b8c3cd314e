//! Keys that change while devices are in the field.

use std::fs;

use sealift_tests::Repository;
use serde_json::Value;

fn ids(repository: &Repository, role: usize) -> Vec<String> {
    let checked = repository.release(&["check", "--json"]).run();
    let keys = checked.json()[0]["roles"][role]["keys"].clone();
    let keys = keys.as_array().unwrap().iter();
    keys.map(|key| key.as_str().unwrap().to_owned()).collect()
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
