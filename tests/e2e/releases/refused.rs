//! What no publisher can give to devices by mistake.

use std::fs;
use std::path::Path;

use sealift_tests::{Repository, guest};

/// `\0asm` and the version of a core module; of a component.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

#[track_caller]
fn refused(file: impl AsRef<Path>, parts: &[&str]) {
    let repository = Repository::new(&[]);
    let add = repository.release(&["add", "--version", "1.0.0"]);
    let outcome = add.arg(file.as_ref()).run();
    outcome.failed(1, parts);
    assert_eq!(outcome.stdout, "");
    assert!(!repository.has_drafts());
    let targets = repository.directory().join("targets");
    assert_eq!(fs::read_dir(targets).unwrap().count(), 0);
}

#[track_caller]
fn bytes_refused(bytes: &[u8], parts: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("given.wasm");
    fs::write(&file, bytes).unwrap();
    refused(&file, &[parts, &["given.wasm"]].concat());
}

#[test]
fn a_module_is_no_component() {
    bytes_refused(MODULE, &["not a WebAssembly component"]);
    bytes_refused(b"#!/bin/sh\n", &["not a WebAssembly component"]);
}

#[test]
fn a_component_of_another_world_is_told_what_it_lacks() {
    let missing = [
        "sealift:gateway/credentials@0.1.0",
        "sealift:gateway/transfer@0.1.0",
        "sealift:gateway/aws@0.1.0",
        "sealift:gateway/plugin@0.1.0",
        "does not export",
    ];
    bytes_refused(COMPONENT, &missing);
}

#[test]
fn a_component_that_asks_for_sockets_is_told_that_nobody_gives_them() {
    let parts = [
        "opens_socket.wasm",
        "wasi:sockets/",
        "which no component is given",
    ];
    refused(guest("opens_socket"), &parts);
}

#[test]
fn what_is_written_wrongly_is_refused_before_anything_is_drafted() {
    let repository = Repository::new(&[]);
    for (option, value, told) in [
        ("--version", "1.2", "unexpected end"),
        ("--rollout", "101", "0 to 100"),
        ("--rollout", "half", "0 to 100"),
        ("--origin", "*", "origin"),
        ("--minimum-host-version", "new", "unexpected"),
        ("--name", "../up.wasm", "the name of a component"),
        ("--lifetime", "targets", "ROLE=DURATION"),
    ] {
        let add = repository
            .release(&["add", option, value])
            .arg(repository.component());
        let add = if option == "--version" {
            add
        } else {
            add.args(["--version", "1.0.0"])
        };
        add.run().failed(2, &[told]);
        assert!(!repository.has_drafts());
    }
    let nowhere = Repository::nowhere();
    nowhere
        .add("1.0.0")
        .run()
        .failed(1, &["is no repository", "release init"]);
    let missing = repository.release(&["add", "none.wasm", "--version", "1.0.0"]);
    missing
        .run()
        .failed(2, &["cannot read the component `none.wasm`"]);
}
