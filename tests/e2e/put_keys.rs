//! Keys are literal: what the user wrote is the object's name.

use sealift_tests::{Aws, Cloud, Program, Seen};

/// Keys that somebody on the way could decode, normalise, split or trim.
const ODD: [&str; 17] = [
    "with space",
    "  spaces around  ",
    "日本語/ü/🚢",
    "a+b",
    "a//b",
    "//",
    "../../up",
    "a/../b",
    "./a/.",
    "%20",
    "a%2Fb%25",
    "/leading",
    "?query=1&b#fragment",
    "a=b;c,d:e@f!g$h'i(j)k*l",
    "back\\slash\"quote`",
    "tab\tnewline\n",
    "<xml>&amp;</xml>",
];

#[test]
fn every_key_is_stored_under_just_that_name() {
    let cloud = Cloud::start();
    // A key that ends in a slash is a prefix; so all of them get an ending.
    let keys: Vec<String> = ODD.iter().map(|key| format!("{key}.")).collect();
    for key in &keys {
        let put = Program::on(&cloud).args(["put", "-", &format!("s3://demo/{key}")]);
        put.run_with(key.as_bytes()).done();
    }
    let seen = Aws::on(&cloud).objects("demo");
    assert_eq!(seen.len(), keys.len(), "{:?}", seen.keys());
    for key in &keys {
        assert_eq!(
            seen.get(key).map(Seen::bytes).as_deref(),
            Some(key.as_bytes()),
            "{key:?}"
        );
    }
}

#[test]
fn file_names_become_keys_literally() {
    let cloud = Cloud::start();
    let names = ["a b", "ü", "100%25", "a+b", "#1?"];
    let files = names.map(|name| cloud.file(&format!("tree/{name}"), name));
    Program::on(&cloud)
        .arg("put")
        .args(files)
        .arg("s3://demo/")
        .run()
        .done();
    for name in names {
        assert_eq!(
            cloud.object("demo", name).as_deref(),
            Some(name.as_bytes()),
            "{name}"
        );
    }
}

#[test]
fn a_key_of_1024_bytes_is_stored() {
    let cloud = Cloud::start();
    let key = format!("{}/{}", "ä".repeat(100), "k".repeat(823));
    assert_eq!(key.len(), 1024);
    Program::on(&cloud)
        .args(["put", "-", &format!("s3://demo/{key}")])
        .run_with(b"x")
        .done();
    assert_eq!(
        Aws::on(&cloud)
            .objects("demo")
            .into_keys()
            .collect::<Vec<_>>(),
        [key]
    );
}

#[test]
fn a_key_of_1025_bytes_is_refused_before_anything_is_sent() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "x");
    let exact = format!("s3://demo/{}ä", "k".repeat(1023));
    Program::on(&cloud)
        .arg("put")
        .arg(&file)
        .arg(exact)
        .run()
        .failed(2, &["1025 bytes", "at most 1024"]);
    let prefix = format!("s3://demo/{}/", "k".repeat(1023));
    Program::on(&cloud)
        .arg("put")
        .arg(&file)
        .arg(prefix)
        .run()
        .failed(1, &["/f`", "more than 1024 bytes"]);
    assert_eq!(
        cloud.counts().provider_requests + cloud.counts().s3_requests,
        0
    );
}

#[test]
fn what_is_no_destination_is_refused() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "x");
    for wrong in ["demo/key", "https://demo/key", "s3:///key", "s3://"] {
        let put = Program::on(&cloud).arg("put").arg(&file).arg(wrong);
        put.run().failed(2, &[wrong, "write s3://BUCKET/KEY"]);
    }
    assert_eq!(cloud.counts().s3_requests, 0);
}
