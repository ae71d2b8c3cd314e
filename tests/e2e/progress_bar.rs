//! What is for people at a terminal and for nobody else: the progress bar, and another try.

use std::process::{Command, Output};

use localcloud::ROLE_ALIAS;
use sealift_tests::{Cloud, Program};

const SIZE: usize = 48 * 1024 * 1024;

/// What a terminal shows of a `put`: `script` (bsdutils) gives the program one.
fn on_a_terminal(cloud: &Cloud, options: &[&str]) -> String {
    let file = cloud.file("big", vec![7; SIZE]);
    let put = Program::on(cloud)
        .args(options)
        .arg("put")
        .arg(file)
        .arg("s3://demo/big");
    shown(put)
}

/// What a terminal shows of a call that succeeds.
fn shown(program: Program) -> String {
    let outcome = at_a_terminal(program);
    assert!(outcome.status.success(), "{outcome:?}");
    String::from_utf8_lossy(&outcome.stdout).into_owned()
}

fn at_a_terminal(program: Program) -> Output {
    let put = program.command();
    let words = [put.get_program()].into_iter().chain(put.get_args());
    let line: Vec<_> = words
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let mut script = Command::new("script");
    script
        .args(["-qec", &line.join(" "), "/dev/null"])
        .env("TERM", "xterm")
        .env("COLUMNS", "120");
    for (name, value) in put.get_envs() {
        script.env(name, value.unwrap());
    }
    script.output().unwrap()
}

#[test]
fn a_terminal_sees_name_size_and_rate() {
    let seen = on_a_terminal(&Cloud::start(), &[]);
    assert!(seen.contains("/48.00 MiB") && seen.contains("/s"), "{seen}");
}

#[test]
fn quiet_and_json_show_no_bar() {
    for option in ["--quiet", "--json"] {
        let seen = on_a_terminal(&Cloud::start(), &[option]);
        assert!(!seen.contains("/48.00 MiB"), "{option}: {seen}");
    }
}

#[test]
fn at_a_terminal_what_was_refused_is_asked_for_again() {
    let cloud = Cloud::start();
    cloud.registry().detach_policy(cloud.device(), ROLE_ALIAS);
    let file = cloud.file("file", "x");
    let put = |program: Program| program.arg("put").arg(&file).arg("s3://demo/k");
    put(Program::on(&cloud)).run().failed(1, &["no IoT policy"]);
    put(Program::on(&cloud))
        .run()
        .failed(1, &["it is asked for again in"]);
    assert_eq!(cloud.counts().provider_requests, 1);
    let outcome = at_a_terminal(put(Program::on(&cloud)));
    let shown = String::from_utf8_lossy(&outcome.stdout);
    assert!(shown.contains("no IoT policy"), "{shown}");
    assert!(!shown.contains("it is asked for again in"), "{shown}");
    assert_eq!(cloud.counts().provider_requests, 2);
}

#[test]
fn without_a_terminal_there_is_no_bar() {
    let cloud = Cloud::start();
    let file = cloud.file("big", vec![7; SIZE]);
    let outcome = Program::on(&cloud)
        .arg("put")
        .arg(file)
        .arg("s3://demo/big")
        .run();
    outcome.done();
    assert_eq!(outcome.stderr, "");
}

#[test]
fn many_files_have_one_bar_with_the_sum_of_all() {
    let cloud = Cloud::start();
    for name in ["tree/a", "tree/b", "tree/d/c"] {
        cloud.file(name, vec![7; SIZE / 3]);
    }
    let put = Program::on(&cloud).args(["put", "-r"]);
    let seen = shown(put.arg(cloud.path("tree")).arg("s3://demo/"));
    assert!(
        seen.contains("/3 files") && seen.contains("/48.00 MiB"),
        "{seen}"
    );
    assert!(!seen.contains("/16.00 MiB"), "{seen}");
}
