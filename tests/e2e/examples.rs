//! The examples do what they say.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sealift_tests::{Program, Running};

/// Runs the example's script with the programs that `tests/run` built.
fn run(name: &str) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target: PathBuf = Program::path().ancestors().nth(2).unwrap().into();
    let mut script = Command::new(project.join("examples").join(name).join("run"));
    script
        .env("SEALIFT", Program::path())
        .env("XDG_CACHE_HOME", Program::cache())
        .env("WASMTIME", project.join("target/tools/bin/wasmtime"))
        .env(
            "COMMAND",
            target.join("wasm32-wasip2/component/sealift-command.wasm"),
        );
    let mut running = Running::of(script);
    drop(running.stdin());
    // One of them compiles an engine for JavaScript.
    let outcome = running.end_by(Instant::now() + Duration::from_mins(5));
    assert!(outcome.done().contains("ok: "), "{}", outcome.stdout);
}

#[test]
fn a_component_in_javascript() {
    run("guest-js");
}

#[test]
fn the_program_in_node() {
    run("node");
}

#[test]
fn the_released_component_in_node() {
    run("node-host");
}

#[test]
fn the_program_under_the_wasmtime_cli() {
    run("wasmtime");
}

#[test]
fn every_example_is_run() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let entries = std::fs::read_dir(examples).unwrap().map(Result::unwrap);
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["guest-js", "node", "node-host", "wasmtime"]);
}
