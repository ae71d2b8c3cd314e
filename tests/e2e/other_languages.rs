//! Components that are not written in Rust.

use std::path::PathBuf;

use sealift_tests::{Aws, Cloud, Program};

/// The example in JavaScript, which `tests/run` builds.
fn in_javascript(cloud: &Cloud) -> Program {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let component = tests.join("../examples/guest-js/uploader.wasm");
    assert!(component.exists(), "it is built by tests/run");
    Program::on(cloud).arg("--component").arg(component)
}

#[test]
fn a_component_in_javascript_fetches_credentials_and_uploads_and_its_errors_are_told() {
    let cloud = Cloud::start();
    // More than one piece, and a character that is escaped in a path.
    let contents = "{\"reading\": 1}\n".repeat(100_000);
    let file = cloud.file("a.jsonl", &contents);
    let put = |target: &str| {
        in_javascript(&cloud)
            .arg("put")
            .arg(&file)
            .arg(target)
            .run()
    };
    put("s3://demo/plant 7/ü!.jsonl").done();
    assert!(cloud.object("demo", "plant 7/ü!.jsonl").unwrap() == contents.as_bytes());
    let aws = Aws::on(&cloud);
    let key = ["--bucket=demo", "--key=plant 7/ü!.jsonl", "--output=text"];
    let asked = |operation: &str, query: &str| {
        let query = format!("--query={query}");
        let what = [&["s3api", operation][..], &key[..], &[query.as_str()][..]].concat();
        aws.command_line(&what).done().trim().to_owned()
    };
    assert_eq!(asked("get-object-tagging", "TagSet[0].Value"), "100000");
    assert_eq!(asked("head-object", "ContentType"), "application/jsonl");

    let credentials = in_javascript(&cloud).arg("credentials").run();
    assert!(credentials.done().contains("SessionToken"));

    let stream = in_javascript(&cloud).args(["put", "-", "s3://demo/key"]);
    stream
        .run()
        .failed(1, &["this component uploads files, not streams"]);
    put("s3://no-such-bucket/key").failed(1, &["the store answered 404"]);
}
