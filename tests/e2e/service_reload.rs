//! `sealift run` and SIGHUP in the middle of an upload.

use std::fs;

use localcloud::Operation;
use sealift_tests::{Cloud, Service, soon, until};

/// So slow that a large file is under way while others come and go.
const OLD: &str = r#"
    [network]
    limit_rate = "256KiB"

    [[watch]]
    path = "DIR/out"
    destination = "s3://demo/out/"
    after = "delete"

    [[watch]]
    path = "DIR/more"
    destination = "s3://demo/old/"
    after = "delete"
"#;

const LARGE: usize = 3 << 20;

#[test]
fn an_upload_under_way_ends_by_the_old_configuration_and_the_next_begins_by_the_new_one() {
    let cloud = Cloud::start();
    Service::configure(&cloud, OLD);
    let service = Service::start(&cloud);
    let large = cloud.file("out/large", vec![b'l'; LARGE]);
    until("it is being sent", soon(), || {
        cloud.counts().s3_connections > 0
    });

    let config = &cloud.paths().config;
    let old = fs::read_to_string(config).unwrap();
    fs::write(config, old.replace("256KiB", "fast")).unwrap();
    service.reload();
    service.wait_for_log("the configuration stays as it was");
    let new = old
        .replace("256KiB", "none")
        .replace("demo/old/", "demo/new/");
    fs::write(config, new).unwrap();
    service.reload();

    let small = cloud.file("more/small", vec![b's'; LARGE / 2]);
    assert_eq!(cloud.awaited_object("new/small").len(), LARGE / 2);
    assert!(cloud.object("demo", "out/large").is_none());
    assert_eq!(cloud.awaited_object("out/large").len(), LARGE);
    until("both are dealt with", soon(), || {
        !large.exists() && !small.exists()
    });
    let sent = cloud.counts().body_bytes(Operation::PutObject);
    let most = u64::try_from(LARGE * 2).unwrap();
    assert!(sent < most, "{sent} bytes: the large file was sent again");
    service.stop();
}
