//! `sealift queue`: the service's queue in the hands of people, here without a service.

use std::process::Command;

use sealift_tests::{Cloud, Outcome, Program};
use serde_json::{Value, json};

fn queue(cloud: &Cloud, arguments: &[&str]) -> Outcome {
    Program::on(cloud)
        .args(["--json", "queue"])
        .args(arguments)
        .run()
}

/// The one object that a call prints.
#[track_caller]
fn one(outcome: &Outcome) -> Value {
    outcome.done();
    let mut objects = outcome.json();
    assert_eq!(objects.len(), 1, "{outcome:?}");
    objects.remove(0)
}

#[track_caller]
fn add(cloud: &Cloud, name: &str, options: &[&str]) -> Value {
    let file = cloud.file(name, "1;2;3\n");
    let target = format!("s3://demo/{name}");
    let arguments = [&["add", file.to_str().unwrap(), &target][..], options].concat();
    one(&queue(cloud, &arguments))
}

/// The numbers of the jobs in a state.
#[track_caller]
fn listed(cloud: &Cloud, options: &[&str]) -> Vec<i64> {
    let outcome = queue(cloud, &[&["list"][..], options].concat());
    outcome.done();
    let jobs = outcome.json();
    jobs.iter().map(|job| job["id"].as_i64().unwrap()).collect()
}

#[test]
fn a_job_is_all_that_was_said_of_it() {
    let cloud = Cloud::start();
    let file = cloud.file("a b.csv", "1;2;3\n");
    let added = Program::on(&cloud)
        .inside(file.parent().unwrap())
        .args(["--json", "queue", "add", "a b.csv", "s3://demo/in/"])
        .args(["--priority", "-3", "--after", "move:done"])
        .args([
            "--storage-class",
            "STANDARD_IA",
            "--tag",
            "kind=log",
            "--sse",
        ])
        .run();
    let told = one(&added);
    let source = file.to_str().unwrap();
    assert_eq!(
        told,
        json!({"outcome": "queued", "id": 1, "state": "waiting", "source": source, "bucket": "demo", "key": "in/a b.csv"})
    );
    let job = one(&queue(&cloud, &["show", "1"]));
    let done = cloud.path("done");
    for (name, expected) in [
        ("state", json!("waiting")),
        ("source", json!(source)),
        ("bucket", json!("demo")),
        ("key", json!("in/a b.csv")),
        ("size", json!(6)),
        ("priority", json!(-3)),
        ("after", json!(format!("move:{}", done.display()))),
        ("origin", json!("command")),
        ("attempts", json!(0)),
        (
            "settings",
            json!({"content-type": "text/csv", "storage-class": "STANDARD_IA", "tags": "kind=log", "sse": "AES256"}),
        ),
    ] {
        assert_eq!(job[name], expected, "{name}: {job}");
    }
    let shown = Program::on(&cloud).args(["queue", "show", "1"]).run();
    assert!(
        shown.done().contains("to          s3://demo/in/a b.csv\n"),
        "{shown:?}"
    );
    assert_eq!(cloud.counts().s3_connections, 0);
}

#[test]
fn the_same_file_is_one_job_until_it_has_changed() {
    let cloud = Cloud::start();
    assert_eq!(add(&cloud, "a", &[])["outcome"], "queued");
    let file = cloud.path("a").display().to_string();
    let again = one(&queue(&cloud, &["add", &file, "s3://demo/a"]));
    assert_eq!(
        (&again["outcome"], &again["id"]),
        (&json!("known"), &json!(1))
    );
    one(&queue(&cloud, &["cancel", "1"]));
    let known = one(&queue(&cloud, &["add", &file, "s3://demo/a"]));
    assert_eq!(
        (&known["outcome"], &known["state"]),
        (&json!("known"), &json!("cancelled"))
    );
    let wanted = one(&queue(&cloud, &["add", "--again", &file, "s3://demo/a"]));
    assert_eq!(
        (&wanted["outcome"], &wanted["id"]),
        (&json!("queued"), &json!(2))
    );
    std::fs::write(cloud.path("a"), "4;5;6;7\n").unwrap();
    let changed = one(&queue(&cloud, &["add", &file, "s3://demo/a"]));
    assert_eq!(
        (&changed["outcome"], &changed["id"]),
        (&json!("queued"), &json!(3))
    );
}

#[test]
fn all_files_of_a_call_are_queued_or_none() {
    let cloud = Cloud::start();
    let good = cloud.file("good", "1").display().to_string();
    let missing = cloud.path("missing").display().to_string();
    let directory = cloud.path("cloud").display().to_string();
    let fifo = cloud.path("fifo").display().to_string();
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    for (bad, status, told) in [
        (&missing, 1, "cannot read"),
        (&directory, 2, "is a directory: name files"),
        (&fifo, 1, "not a regular file"),
    ] {
        let outcome = queue(&cloud, &["add", &good, bad, "s3://demo/in/"]);
        outcome.failed(status, &[told]);
        assert_eq!(outcome.stdout, "");
    }
    let stream = queue(&cloud, &["add", "-", "s3://demo/key"]);
    stream.failed(2, &["not standard input"]);
    let several = queue(&cloud, &["add", &good, &good, "s3://demo/key"]);
    several.failed(2, &["end the key with `/`"]);
    let key = cloud.file("key", "k".repeat(32)).display().to_string();
    let secret = queue(
        &cloud,
        &["add", &good, "s3://demo/key", "--sse-c-key", &key],
    );
    secret.failed(2, &["the queue keeps no keys"]);
    let outcome = queue(&cloud, &["list"]);
    outcome.done();
    assert!(
        outcome.stderr.contains("there is no queue at"),
        "{outcome:?}"
    );
}

#[test]
fn jobs_are_cancelled_retried_listed_and_pruned() {
    let cloud = Cloud::start();
    for name in ["a", "b", "c"] {
        add(&cloud, name, &[]);
    }
    let cancelled = queue(&cloud, &["cancel", "1", "3"]);
    cancelled.done();
    assert_eq!(
        cancelled.json(),
        [
            json!({"id": 1, "state": "cancelled"}),
            json!({"id": 3, "state": "cancelled"})
        ]
    );
    assert_eq!(listed(&cloud, &[]), [1, 2, 3]);
    assert_eq!(listed(&cloud, &["--state", "cancelled"]), [1, 3]);
    assert_eq!(
        listed(&cloud, &["--state", "waiting", "--state", "failed"]),
        [2]
    );
    let retried = one(&queue(&cloud, &["retry", "3"]));
    assert_eq!(retried, json!({"id": 3, "state": "waiting"}));
    let none = one(&queue(&cloud, &["retry", "--failed"]));
    assert_eq!(none, json!({"outcome": "retried", "jobs": 0}));
    let young = one(&queue(&cloud, &["prune", "--older-than", "1h"]));
    assert_eq!(young, json!({"outcome": "pruned", "jobs": 0}));
    let other = one(&queue(
        &cloud,
        &["prune", "--older-than", "0s", "--state", "failed"],
    ));
    assert_eq!(other["jobs"], 0);
    let pruned = one(&queue(&cloud, &["prune", "--older-than", "0s"]));
    assert_eq!(pruned["jobs"], 1);
    assert_eq!(listed(&cloud, &[]), [2, 3]);
}

#[test]
fn a_list_for_people_has_a_line_for_each_job_and_none_for_what_a_name_says() {
    let cloud = Cloud::start();
    add(&cloud, "a\nb\u{1b}[2J", &[]);
    let list = Program::on(&cloud).args(["queue", "list"]).run();
    let lines: Vec<_> = list.done().lines().collect();
    assert_eq!(lines.len(), 2, "{list:?}");
    assert!(lines[0].trim_start().starts_with("ID  STATE"), "{list:?}");
    assert!(
        lines[1].contains("waiting") && lines[1].contains("a b\u{fffd}[2J"),
        "{list:?}"
    );
    let nothing = Program::on(&cloud)
        .args(["queue", "list", "--state=done"])
        .run();
    assert_eq!(nothing.done(), "");
}

#[test]
fn what_cannot_be_done_is_told_for_each_job_and_the_rest_is_done() {
    let cloud = Cloud::start();
    add(&cloud, "a", &[]);
    let outcome = queue(&cloud, &["cancel", "7", "1", "8"]);
    outcome.failed(1, &["there is no job 7", "there is no job 8"]);
    assert_eq!(
        outcome.json(),
        [
            json!({"id": 7, "error": "there is no job 7"}),
            json!({"id": 1, "state": "cancelled"}),
            json!({"id": 8, "error": "there is no job 8"}),
        ]
    );
    queue(&cloud, &["show", "9"]).failed(1, &["there is no job 9"]);
    let waiting = queue(
        &cloud,
        &["prune", "--older-than", "1h", "--state", "waiting"],
    );
    waiting.failed(2, &["have not ended"]);
    for usage in [
        &["list", "--state", "gone"][..],
        &["retry"],
        &["retry", "1", "--failed"],
        &["cancel"],
    ] {
        queue(&cloud, usage).failed(2, &["error: "]);
    }
}

#[test]
fn where_nothing_was_queued_there_is_nothing_to_do() {
    let cloud = Cloud::start();
    let absent = "there is no queue at";
    for bulk in [
        &["list"][..],
        &["retry", "--failed"],
        &["prune", "--older-than", "1h"],
    ] {
        let outcome = queue(&cloud, bulk);
        outcome.done();
        assert!(outcome.stderr.contains(absent), "{outcome:?}");
    }
    for one in [&["show", "1"], &["retry", "1"], &["cancel", "1"]] {
        queue(&cloud, one).failed(1, &[absent, "there is no job 1"]);
    }
    assert!(!cloud.path("state/sealift/queue.sqlite").exists());
}

/// Root writes where the mode forbids it, so that the file system must: a mount of this test's own.
#[test]
fn a_queue_that_can_only_be_read_is_listed_and_not_changed() {
    let cloud = Cloud::start();
    add(&cloud, "a", &[]);
    let state = cloud.path("state/sealift").display().to_string();
    let read_only = |arguments: &[&str]| -> Outcome {
        let call = Program::on(&cloud)
            .args(["queue"])
            .args(arguments)
            .command();
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c"]);
        command.arg("mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"");
        command
            .arg(&state)
            .arg(call.get_program())
            .args(call.get_args());
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        for (name, value) in call.get_envs() {
            command.env(name, value.unwrap());
        }
        command.output().unwrap().into()
    };
    let list = read_only(&["list"]);
    assert!(list.done().contains("waiting"), "{list:?}");
    read_only(&["cancel", "1"]).failed(1, &["can only be read; remount"]);
    let file = cloud.path("a").display().to_string();
    read_only(&["add", &file, "s3://demo/b"]).failed(1, &["can only be read; remount"]);
    assert_eq!(listed(&cloud, &["--state", "waiting"]), [1]);
}

#[test]
fn what_a_damaged_queue_held_is_saved_and_told() {
    let cloud = Cloud::start();
    add(&cloud, "a", &[]);
    let path = cloud.path("state/sealift/queue.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20..64].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let file = cloud.file("b", "1").display().to_string();
    let outcome = queue(&cloud, &["add", &file, "s3://demo/b"]);
    outcome.done();
    assert!(
        outcome.stderr.contains("warning: the queue was damaged"),
        "{outcome:?}"
    );
    assert!(cloud.path("state/sealift/queue.sqlite.damaged-1").exists());
}
