//! Files become objects.

use std::fs::File;
use std::process::Stdio;

use sealift_tests::{Aws, Cloud, Outcome, Program};

#[test]
fn a_file_becomes_an_object() {
    let cloud = Cloud::start();
    let file = cloud.file("measurements.csv", "1;2;3\n");
    let outcome = Program::on(&cloud)
        .args(["--json", "put"])
        .arg(file)
        .arg("s3://demo/data/today.csv")
        .run();
    outcome.done();
    let [told] = outcome.json().try_into().unwrap();
    assert_eq!(
        (&told["bucket"], &told["key"], &told["bytes"]),
        (&"demo".into(), &"data/today.csv".into(), &6.into())
    );
    assert_eq!(told["outcome"], "stored");
    assert_eq!(cloud.object("demo", "data/today.csv").unwrap(), b"1;2;3\n");
}

#[test]
fn json_tells_what_became_of_the_file() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "123456789");
    let outcome = Program::on(&cloud)
        .args(["put", "--json"])
        .arg(&file)
        .arg("s3://demo/k")
        .run();
    outcome.done();
    let [told] = outcome.json().try_into().unwrap();
    assert_eq!(told["source"], file.to_str().unwrap());
    assert_eq!(told["etag"], "25f9e794323b453885f5181f1b624d0b");
    assert_eq!(
        (&told["checksum"], &told["checksum_algorithm"]),
        (&"rosUhgp5mIg=".into(), &"crc64nvme".into())
    );
    assert_eq!(
        (&told["attempts"], &told["reasons"]),
        (&1.into(), &serde_json::json!([]))
    );
    assert!(told["seconds"].as_f64().unwrap() > 0.0, "{told}");
}

#[test]
fn an_empty_file_becomes_an_empty_object() {
    let cloud = Cloud::start();
    let file = cloud.file("empty", "");
    Program::on(&cloud)
        .arg("put")
        .arg(file)
        .arg("s3://demo/empty")
        .run()
        .done();
    assert_eq!(cloud.object("demo", "empty").unwrap(), b"");
}

#[test]
fn megabytes_arrive_unchanged() {
    let cloud = Cloud::start();
    let contents: Vec<u8> = (0_u32..3 << 20)
        .map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap())
        .collect();
    let file = cloud.file("large", &contents);
    Program::on(&cloud)
        .arg("put")
        .arg(file)
        .arg("s3://demo/large")
        .run()
        .done();
    assert!(cloud.object("demo", "large").unwrap() == contents);
}

#[test]
fn what_was_there_is_replaced() {
    let cloud = Cloud::start();
    for contents in ["longer, and written first", "second"] {
        let file = cloud.file("f", contents);
        Program::on(&cloud)
            .arg("put")
            .arg(file)
            .arg("s3://demo/k")
            .run()
            .done();
        assert_eq!(cloud.object("demo", "k").unwrap(), contents.as_bytes());
    }
}

#[test]
fn a_line_tells_source_and_destination() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "x");
    let outcome = Program::on(&cloud)
        .arg("put")
        .arg(&file)
        .arg("s3://demo/dir/")
        .run();
    let [line] = outcome
        .done()
        .lines()
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    assert!(
        line.starts_with(&format!("{} -> s3://demo/dir/f", file.display())),
        "{line}"
    );
    assert_eq!(outcome.stderr, "");
}

#[test]
fn quiet_prints_nothing_and_what_json_asks_for_is_printed_all_the_same() {
    let cloud = Cloud::start();
    let (a, b) = (cloud.file("a", "x"), cloud.file("b", "y"));
    for (json, lines) in [(None, 0), (Some("--json"), 2)] {
        let put = Program::on(&cloud).args(["--quiet", "put"]).args(json);
        let outcome = put.arg(&a).arg(&b).arg("s3://demo/").run();
        assert_eq!(outcome.done().lines().count(), lines, "{}", outcome.stdout);
        assert_eq!(outcome.stderr, "");
    }
    assert!(cloud.object("demo", "a").is_some());
}

#[test]
fn the_content_type_arrives() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "{}");
    let put =
        Program::on(&cloud).args(["put", "--content-type", "application/vnd.plant+json; v=1"]);
    put.arg(file).arg("s3://demo/k").run().done();
    assert_eq!(
        Aws::on(&cloud).objects("demo")["k"].content_type,
        "application/vnd.plant+json; v=1"
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let cloud = Cloud::start();
    let (first, second) = (cloud.file("1", "x"), cloud.file("2", "y"));
    let mut command = Program::on(&cloud)
        .arg("put")
        .arg(first)
        .arg(second)
        .arg("s3://demo/")
        .command();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let outcome: Outcome = child.wait_with_output().unwrap().into();
    outcome.done();
    assert!(
        outcome.stderr.starts_with("2 of 2 files uploaded"),
        "{}",
        outcome.stderr
    );
    assert!(cloud.object("demo", "1").is_some() && cloud.object("demo", "2").is_some());
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "x");
    let mut command = Program::on(&cloud)
        .arg("put")
        .arg(file)
        .arg("s3://demo/k")
        .command();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let outcome: Outcome = command.stdout(full).output().unwrap().into();
    outcome.failed(1, &["No space left"]);
}
