#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use clap::Parser;
use sealift::put::{Input, Item};

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    put: Put,
}

fn parse(options: &[&str]) -> Result<Put, clap::Error> {
    let line = ["put", "f", "s3://bucket/k"].iter().chain(options);
    Line::try_parse_from(line).map(|line| line.put)
}

/// `name=value` of each setting.
fn settings(options: &[&str]) -> Vec<String> {
    let options = parse(options).unwrap().options().unwrap();
    let settings = options.iter();
    settings
        .map(|setting| format!("{}={}", setting.name, setting.value))
        .collect()
}

#[test]
fn what_is_not_given_is_not_set() {
    assert_eq!(settings(&[]), [""; 0]);
}

#[test]
fn each_option_becomes_the_setting_that_the_contract_names() {
    for (given, setting) in [
        ("--content-type text/csv; a=b", "content-type=text/csv; a=b"),
        ("--cache-control max-age=60", "cache-control=max-age=60"),
        ("--content-disposition inline", "content-disposition=inline"),
        ("--content-encoding gzip", "content-encoding=gzip"),
        ("--content-language de, fr", "content-language=de, fr"),
        (
            "--expires 2027-01-31T12:00:00Z",
            "expires=Sun, 31 Jan 2027 12:00:00 GMT",
        ),
        ("--metadata plant=Werk 7", "metadata=plant=Werk%207"),
        ("--tag retain=no", "tags=retain=no"),
        (
            "--acl bucket-owner-full-control",
            "acl=bucket-owner-full-control",
        ),
        ("--storage-class GLACIER_IR", "storage-class=GLACIER_IR"),
        ("--legal-hold on", "legal-hold=ON"),
        ("--sse", "sse=AES256"),
        ("--sse aws:kms:dsse", "sse=aws:kms:dsse"),
        (
            "--multipart-threshold 16MiB",
            "multipart-threshold=16777216",
        ),
        ("--part-size 8MiB", "part-size=8388608"),
        ("--concurrency 4", "concurrency=4"),
        ("--attempts 5", "attempts=5"),
        ("--deadline 1h 30m", "deadline=5400"),
        ("--checksum none", "checksum=none"),
        ("--checksum crc64nvme", "checksum=crc64nvme"),
        ("--checksum-placement header", "checksum-placement=header"),
        ("--skip-existing", "skip-existing=true"),
        ("--no-overwrite", "if-none-match=*"),
        ("--if-match abc", "if-match=\"abc\""),
        (
            "--expected-bucket-owner 123456789012",
            "expected-bucket-owner=123456789012",
        ),
        ("--request-payer", "request-payer=requester"),
        ("--request-payer requester", "request-payer=requester"),
    ] {
        let given: Vec<_> = given.splitn(2, ' ').collect();
        assert_eq!(settings(&given), [setting]);
    }
}

#[test]
fn options_that_belong_together_are_set_together() {
    assert_eq!(
        settings(&[
            "--sse",
            "aws:kms",
            "--sse-kms-key-id",
            "alias/gateway",
            "--sse-kms-context",
            "{\"plant\": \"7\"}",
            "--bucket-key-enabled",
        ]),
        [
            "sse=aws:kms",
            "sse-kms-key-id=alias/gateway",
            "sse-kms-context={\"plant\":\"7\"}",
            "sse-bucket-key=true",
        ]
    );
    assert_eq!(
        settings(&[
            "--object-lock-mode",
            "compliance",
            "--object-lock-retain-until",
            "2027-01-31T12:00:00+01:00",
        ]),
        [
            "object-lock-mode=COMPLIANCE",
            "object-lock-retain-until=2027-01-31T11:00:00Z",
        ]
    );
    assert_eq!(
        settings(&["--tag", "a=1", "--tag", "b=2"]),
        ["tags=a=1&b=2"]
    );
}

#[test]
fn a_customer_key_comes_from_its_file_and_is_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    std::fs::write(&file, [7; 32]).unwrap();
    let put = parse(&["--sse-c-key", file.to_str().unwrap()]).unwrap();
    let options = put.options().unwrap();
    let [setting] = &*options else {
        panic!("{options:?}");
    };
    assert_eq!(setting.name, "sse-customer-key");
    assert!(setting.value.starts_with("BwcHBwcH"));
    for shown in [format!("{options:?}"), format!("{put:?}")] {
        assert!(
            !shown.contains("BwcH") && !shown.contains("7, 7"),
            "{shown}"
        );
    }
}

#[test]
fn the_content_type_is_guessed_from_the_name_unless_told_otherwise() {
    let guess = |options: &[&str], input: Input| {
        let item = Item {
            input,
            key: "key.json".into(),
            size: None,
            within: None,
        };
        let setting = parse(options).unwrap().object.guess(&item);
        setting.map(|setting| setting.value)
    };
    let file = |name: &str| Input::File(Path::new("d").join(name));
    assert_eq!(guess(&[], file("a.csv")).as_deref(), Some("text/csv"));
    assert_eq!(guess(&[], file("a.CSV")).as_deref(), Some("text/csv"));
    assert_eq!(
        guess(&[], file("a.csv.gz")).as_deref(),
        Some("application/gzip")
    );
    assert_eq!(guess(&[], file("a.xyz-unknown")), None);
    assert_eq!(
        guess(&[], Input::Stdin).as_deref(),
        Some("application/json")
    );
    assert_eq!(guess(&["--no-guess-mime-type"], file("a.csv")), None);
    assert_eq!(guess(&["--content-type", "a/b"], file("a.csv")), None);
}

#[test]
fn includes_and_excludes_keep_their_order() {
    let takes = |options: &[&str]| {
        let put = parse(options).unwrap();
        let filter = put.select.selection().unwrap().filter;
        filter.takes(Path::new("d/a.csv"))
    };
    assert!(takes(&["--exclude", "*", "--include", "*.csv"]));
    assert!(!takes(&["--include", "*.csv", "--exclude", "*"]));
    assert!(!takes(&[
        "--exclude",
        "*",
        "--include",
        "*.csv",
        "--exclude",
        "d/*"
    ]));
    assert!(takes(&["--exclude=d/*", "--include=*.csv"]));
}
