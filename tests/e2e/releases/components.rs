//! `sealift component inspect`: what a component is before, or while, it runs.

use std::fs;

use sealift::factory;
use sealift::sandbox::WORLD;
use sealift_release::Digest;
use sealift_tests::{Cloud, Looker, Outcome, Program, Repository, guest};
use serde_json::Value;

fn told(outcome: &Outcome) -> Value {
    outcome.done();
    outcome.json().remove(0)
}

#[test]
fn the_factory_component_is_of_our_world_and_unsigned() {
    let inspect = Program::new().args(["component", "inspect", "factory"]);
    let text = inspect.run();
    let digest = Digest::of(factory::COMPONENT).to_string();
    for part in [
        &*digest,
        WORLD,
        "sealift:gateway/transfer@0.1.0",
        "wasi:http/outgoing-handler@0.2",
    ] {
        assert!(text.done().contains(part), "{part} in {}", text.stdout);
    }
    let inspect = ["component", "inspect", "factory", "--json"];
    let told = told(&Program::new().args(inspect).run());
    assert_eq!(told["digest"], digest);
    assert_eq!(told["size"], factory::COMPONENT.len());
    assert_eq!(told["world"], WORLD);
    assert_eq!(told["runs"], true);
    assert_eq!(told["signed"], false);
    assert_eq!(told["origins"], Value::Null);
}

#[test]
fn a_component_that_this_host_cannot_run_is_shown_with_the_reason() {
    let inspect = Program::new().args(["--json", "component", "inspect"]);
    let told = told(&inspect.arg(guest("opens_socket")).run());
    assert_eq!(told["runs"], false);
    assert_eq!(told["world"], WORLD);
    let error = told["error"].as_str().unwrap();
    assert!(error.contains("wasi:sockets/"), "{error}");
    let imports = told["imports"].as_array().unwrap().iter();
    let mut imports = imports.map(|import| import.as_str().unwrap());
    assert!(imports.any(|import| import.starts_with("wasi:sockets/")));
}

#[test]
fn what_is_no_component_has_nothing_to_show() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("current");
    fs::write(&file, b"\0asm\x01\0\0\0").unwrap();
    let inspect = || {
        Program::new()
            .args(["component", "inspect"])
            .inside(directory.path())
    };
    let outcome = inspect().arg("./current").run();
    outcome.failed(1, &["not a WebAssembly component"]);
    assert_eq!(outcome.stdout, "");
    inspect()
        .arg("none")
        .run()
        .failed(2, &["cannot read the component `none`"]);
}

#[test]
fn what_runs_is_the_factory_s_until_a_release_is_committed_and_then_told_with_its_signed_facts() {
    let cloud = Cloud::start();
    let inspect = || {
        let inspect = ["component", "inspect", "current", "--json"];
        told(&Program::on(&cloud).args(inspect).run())
    };
    assert_eq!(inspect()["component"], "current (factory)");
    assert_eq!(inspect()["signed"], false);

    let repository = Repository::new(&[]);
    let add = repository.release(&["add", "--version", "3.1.4"]);
    let add = add.args(["--origin", "https://a.granted.example"]);
    add.arg(guest("panics")).run().done();
    repository.release(&["sign"]).run().done();
    let state = cloud.path("state/sealift");
    Looker::new(&state, &repository.directory()).install();
    let now = inspect();
    assert_eq!(now["component"], "current");
    assert_eq!(now["signed"], true);
    assert_eq!(now["version"], "3.1.4");
    assert_eq!(now["name"], "panics-3.1.4.wasm");
    assert_eq!(
        now["origins"],
        serde_json::json!(["https://a.granted.example"])
    );
    let digest = Digest::of(&fs::read(guest("panics")).unwrap());
    assert_eq!(now["digest"], digest.to_string());

    // Damage is told, and what would run in its place is what is shown.
    for slot in ["a", "b"] {
        let file = state.join("slots").join(slot).join("component.wasm");
        if file.exists() {
            fs::write(file, b"other").unwrap();
        }
    }
    let damaged = Program::on(&cloud).args(["component", "inspect", "current", "--json"]);
    let damaged = damaged.run();
    damaged.failed(0, &["warning: ", "slot"]);
    assert_eq!(damaged.json()[0]["component"], "current (factory)");
}
