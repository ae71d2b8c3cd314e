//! Objects that are replaced only if they are what the user thinks they are.

use sealift_tests::{Aws, Cloud, Outcome, Program};

/// One request, and three parts: S3 judges conditions at the end of either.
const SIZES: [usize; 2] = [1000, 17 << 20];

fn contents(size: usize, fill: u8) -> Vec<u8> {
    vec![fill; size]
}

fn put(cloud: &Cloud, size: usize, fill: u8, options: &[&str]) -> Outcome {
    let source = cloud.file(&format!("{size}-{fill}"), contents(size, fill));
    let put = Program::on(cloud).arg("put").args(options);
    put.arg(source).arg("s3://demo/key").run()
}

/// The entity tag, as AWS's own client reads it.
fn etag(cloud: &Cloud) -> String {
    let tag = Aws::on(cloud).boto3(
        "print(json.dumps(s3.head_object(Bucket='demo', Key='key')['ETag']))",
        &[],
    );
    tag.as_str().unwrap().to_owned()
}

#[test]
fn the_object_that_is_meant_is_replaced() {
    for size in SIZES {
        let cloud = Cloud::start();
        put(&cloud, size, 1, &[]).done();
        put(&cloud, size, 2, &["--if-match", &etag(&cloud)]).done();
        assert!(cloud.object("demo", "key").unwrap() == contents(size, 2));
    }
}

#[test]
fn an_object_that_is_another_by_now_stays() {
    for size in SIZES {
        let cloud = Cloud::start();
        put(&cloud, size, 1, &[]).done();
        let before = etag(&cloud);
        put(&cloud, size, 2, &[]).done();
        put(&cloud, size, 3, &["--if-match", &before]).failed(1, &["PreconditionFailed"]);
        assert!(cloud.object("demo", "key").unwrap() == contents(size, 2));
    }
}

#[test]
fn an_object_that_is_gone_is_not_made_again() {
    for size in SIZES {
        let cloud = Cloud::start();
        let tag = "\"d41d8cd98f00b204e9800998ecf8427e\"";
        put(&cloud, size, 1, &["--if-match", tag]).failed(1, &["s3://demo/key"]);
        assert!(cloud.object("demo", "key").is_none());
    }
}

#[test]
fn what_is_there_is_not_overwritten() {
    for size in SIZES {
        let cloud = Cloud::start();
        put(&cloud, size, 1, &["--no-overwrite"]).done();
        put(&cloud, size, 2, &["--no-overwrite"]).failed(1, &["s3://demo/key"]);
        assert!(cloud.object("demo", "key").unwrap() == contents(size, 1));
    }
}

/// Nothing is left of the refused uploads.
#[test]
fn a_refused_condition_leaves_no_parts() {
    let cloud = Cloud::start();
    let size = SIZES[1];
    put(&cloud, size, 1, &[]).done();
    let before = etag(&cloud);
    put(&cloud, size, 2, &[]).done();
    put(&cloud, size, 3, &["--if-match", &before]).failed(1, &[]);
    let left = Program::on(&cloud).args(["unfinished", "list", "s3://demo/"]);
    assert_eq!(left.run().done(), "");
}
