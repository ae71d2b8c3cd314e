//! Uploads keep to the rate that the configuration, the time of day or the command line asks for.

use std::fs;
use std::time::{Duration, Instant};

use sealift_tests::{Cloud, Program};

const SIZE: usize = 100 * 1024;

/// Uploads 100 KiB, and tells how long that took at least to be told.
fn upload(cloud: &Cloud, key: &str, limit: Option<&str>) -> Duration {
    let file = cloud.file("file", vec![b'x'; SIZE]);
    let mut program = Program::on(cloud).arg("put");
    if let Some(limit) = limit {
        program = program.args(["--limit-rate", limit]);
    }
    let begun = Instant::now();
    let program = program.arg(file).arg(format!("s3://demo/{key}"));
    program.run().done();
    let took = begun.elapsed();
    assert_eq!(cloud.object("demo", key).unwrap().len(), SIZE);
    took
}

fn configure(cloud: &Cloud, more: &str) {
    let path = &cloud.paths().config;
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, format!("{text}\n{more}")).unwrap();
}

#[test]
fn an_upload_takes_as_long_as_its_limit_makes_it() {
    let cloud = Cloud::start();
    assert!(upload(&cloud, "k", Some("50KiB")) > Duration::from_millis(1900));
}

#[test]
fn the_timetable_goes_before_the_limit_and_the_command_line_before_both() {
    let cloud = Cloud::start();
    configure(
        &cloud,
        r#"
        [network]
        limit_rate = "1KiB"

        [[network.timetable]]
        from = "00:00"
        to = "24:00"
        limit_rate = "50KiB"
        "#,
    );
    let took = upload(&cloud, "a", None);
    assert!(took > Duration::from_millis(1900));
    assert!(took < Duration::from_mins(1), "1 KiB/s would be 100 s");
    upload(&cloud, "b", Some("none"));
}

#[test]
fn a_rate_that_is_none_is_wrong_usage() {
    let cloud = Cloud::start();
    let program = Program::on(&cloud).args(["put", "--limit-rate", "1MB", "-", "s3://demo/k"]);
    program
        .run()
        .failed(2, &["--limit-rate", "MB", "no unit of size"]);
}
