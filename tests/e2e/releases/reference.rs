//! The reference implementation of TUF takes our repositories, and we take its.

use std::fs;
use std::path::Path;
use std::process::Command;

use sealift::factory;
use sealift_release::{Digest, Directory, Settled, Store};
use sealift_tests::{Aws, Looker, Outcome, Repository};
use serde_json::{Value, json};

const CLIENT: &str = include_str!("../../src/tuf_client.py");
const PUBLISHER: &str = include_str!("../../src/tuf_publisher.py");

fn run(command: &mut Command) -> Outcome {
    command.output().unwrap().into()
}

/// What the reference client finds, and whether it took it.
fn found(repository: &Repository, target: &str, incoming: &Path) -> Outcome {
    fs::create_dir_all(incoming).unwrap();
    let mut client = Aws::interpreter();
    client.args(["-c", CLIENT]).arg(repository.directory());
    client.arg(repository.root()).arg(target).arg(incoming);
    run(&mut client)
}

#[test]
fn the_reference_client_takes_what_we_publish_from_the_first_root_through_rotations() {
    let repository = Repository::new(&["--targets", "2/2"]);
    let add = repository.add("1.0.0").args(["--rollout", "20"]);
    add.args(["--origin", "https://example.com"]).run().done();
    repository.release(&["sign"]).run().done();
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let rotate = ["rotate", "--role", role, "--add", "1"];
        repository.release(&rotate).run().done();
        repository.release(&["sign"]).run().done();
    }
    let incoming = repository.path("incoming");
    let found = found(&repository, "uploader-1.0.0.wasm", &incoming);
    found.done();
    let told = &found.json()[0];
    assert_eq!(told["versions"]["root"], 5);
    let custom = json!({
        "version": "1.0.0",
        "world": "sealift:gateway/uploader@0.1.0",
        "minimum-host-version": env!("CARGO_PKG_VERSION"),
        "origins": ["https://example.com"],
        "rollout": 20,
    });
    assert_eq!(told["custom"]["sealift"], custom);
    let file = fs::read(told["file"].as_str().unwrap()).unwrap();
    assert!(file == factory::COMPONENT);
}

#[test]
fn the_reference_client_refuses_what_was_changed_after_signing() {
    let repository = Repository::new(&[]);
    repository.add("1.0.0").run().done();
    repository.release(&["sign"]).run().done();
    let list = repository.directory().join("metadata/2.targets.json");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.replace("\"rollout\": 100", "\"rollout\": 10 ")).unwrap();
    let found = found(&repository, "uploader-1.0.0.wasm", &repository.path("in"));
    found.failed(1, &["targets"]);
    repository
        .release(&["check"])
        .run()
        .failed(1, &["a device would not take"]);
}

#[test]
fn a_repository_of_the_reference_implementation_is_taken_and_its_component_fetched() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("given.wasm"), factory::COMPONENT).unwrap();
    let manifest = json!({
        "version": "2.0.0",
        "world": "sealift:gateway/uploader@0.1.0",
        "minimum-host-version": "0.1.0",
        "origins": ["https://a.granted.example"],
        "something-newer": {"of": ["no", "concern"]},
    });
    let mut publisher = Aws::interpreter();
    publisher.args(["-c", PUBLISHER]).arg(at("repository"));
    publisher.arg("given-2.wasm").arg(at("given.wasm"));
    run(publisher.arg(manifest.to_string())).done();

    let device = Looker::new(&at("state"), &at("repository"));
    let found = device.look().unwrap();
    assert_eq!(found.strange, []);
    let [release] = &found.releases[..] else {
        panic!("{found:?}");
    };
    assert_eq!(release.version().to_string(), "2.0.0");
    assert_eq!(release.digest, Digest::of(factory::COMPONENT));
    device.install();
    let settled = Store::new(Directory::new(at("state"))).settled();
    let (Settled::Component { release, bytes }, damage) = settled.unwrap() else {
        panic!("the factory's runs");
    };
    assert_eq!(damage, []);
    assert_eq!(release.file.as_str(), "given-2.wasm");
    assert!(bytes == factory::COMPONENT);

    let list = at("repository/metadata/1.targets.json");
    let mut text: Value = serde_json::from_slice(&fs::read(&list).unwrap()).unwrap();
    text["signatures"].as_array_mut().unwrap().pop();
    fs::write(&list, text.to_string()).unwrap();
    Looker::new(&at("other-state"), &at("repository"))
        .look()
        .unwrap_err();
}
