//! What S3 refuses: the cause is named, with what to do, and nothing is stored.

use localcloud::Operation;
use sealift_tests::{Cloud, Program};

#[test]
fn a_bucket_that_does_not_exist() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "x");
    let outcome = Program::on(&cloud)
        .arg("put")
        .arg(file)
        .arg("s3://nowhere/k")
        .run();
    outcome.failed(
        1,
        &[
            "s3://nowhere/k",
            "NoSuchBucket",
            "hint: ",
            "aws s3 mb s3://nowhere",
        ],
    );
    assert_eq!(cloud.counts().objects_put, 0);
    assert!(!cloud.paths().objects.join("nowhere").exists());
}

#[test]
fn a_bucket_of_another_region_is_followed_and_remembered() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "x");
    let put = |key: &str| {
        let put = Program::on(&cloud)
            .env("SEALIFT_S3_REGION", "eu-west-1")
            .arg("put")
            .arg(&file);
        put.arg(format!("s3://demo/{key}")).run().done();
        cloud.take_counts().requests(Operation::PutObject)
    };
    assert_eq!(put("first"), 2, "one is sent to the wrong region");
    assert_eq!(put("second"), 1);
    assert!(cloud.object("demo", "first").is_some() && cloud.object("demo", "second").is_some());
}

#[test]
fn a_role_that_may_not_put() {
    let cloud =
        Cloud::start_with(|settings| settings.allow = Some(vec!["s3:GetObject".parse().unwrap()]));
    let file = cloud.file("f", "x");
    let outcome = Program::on(&cloud)
        .arg("put")
        .arg(file)
        .arg("s3://demo/k")
        .run();
    outcome.failed(
        1,
        &[
            "s3://demo/k",
            "AccessDenied",
            "allow s3:PutObject on arn:aws:s3:::demo/k",
        ],
    );
    assert!(cloud.object("demo", "k").is_none());
}

#[test]
fn a_role_that_may_do_nothing_but_put() {
    let cloud =
        Cloud::start_with(|settings| settings.allow = Some(vec!["s3:PutObject".parse().unwrap()]));
    let file = cloud.file("f", "x");
    Program::on(&cloud)
        .arg("put")
        .arg(file)
        .arg("s3://demo/k")
        .run()
        .done();
    assert_eq!(cloud.object("demo", "k").unwrap(), b"x");
}

#[test]
fn json_tells_the_cause_and_the_cure() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "x");
    let outcome = Program::on(&cloud)
        .args(["--json", "put"])
        .arg(file)
        .arg("s3://nowhere/k")
        .run();
    outcome.failed(1, &["NoSuchBucket"]);
    let [told] = outcome.json().try_into().unwrap();
    assert_eq!(
        (&told["bucket"], &told["key"]),
        (&"nowhere".into(), &"k".into())
    );
    assert_eq!(told["temporary"], false);
    assert!(
        told["error"].as_str().unwrap().contains("NoSuchBucket"),
        "{told}"
    );
    assert!(
        told["cure"].as_str().unwrap().contains("aws s3 mb"),
        "{told}"
    );
}

#[test]
fn without_credentials_no_file_is_tried() {
    let cloud = Cloud::start();
    cloud
        .registry()
        .detach_thing(cloud.device(), localcloud::THING_NAME);
    let files = ["a", "b", "c"].map(|name| cloud.file(name, name));
    let outcome = Program::on(&cloud)
        .arg("put")
        .args(files)
        .arg("s3://demo/")
        .run();
    outcome.failed(
        1,
        &[
            "cannot get credentials",
            "`thing_x` is not attached",
            "2 of 3 files failed alike",
        ],
    );
    assert_eq!(
        (cloud.counts().provider_requests, cloud.counts().s3_requests),
        (1, 0)
    );
}

#[test]
fn quiet_still_tells_errors() {
    let cloud = Cloud::start();
    let file = cloud.file("f", "x");
    let outcome = Program::on(&cloud)
        .args(["-q", "put"])
        .arg(file)
        .arg("s3://nowhere/k")
        .run();
    outcome.failed(1, &["NoSuchBucket"]);
    assert_eq!(outcome.stdout, "");
}
