//! Components that do what makes no sense.

use sealift_tests::{Cloud, Program, guest};

use super::{CONTENTS, NO_LIMIT, fails, put};

#[test]
pub(crate) fn uses_unknown_handle() {
    fails(
        "uses_unknown_handle",
        NO_LIMIT,
        &[
            "the component failed and was ended",
            "unknown handle index 4242",
        ],
    );
}

#[test]
pub(crate) fn panics() {
    let cloud = Cloud::start();
    let outcome = put(&cloud, guest("panics")).arg("-v").run();
    outcome.failed(
        1,
        &[
            "there should be no job",
            "the component failed and was ended",
            "unreachable",
        ],
    );
}

#[test]
fn an_instance_that_was_ended_does_not_stop_the_next() {
    let cloud = Cloud::start();
    let component = guest("panics");
    put(&cloud, component)
        .run()
        .failed(1, &["the component failed"]);
    let file = cloud.file("measurements.csv", CONTENTS);
    Program::on(&cloud)
        .arg("put")
        .arg(file)
        .arg("s3://demo/key")
        .run()
        .done();
    assert_eq!(cloud.object("demo", "key").unwrap(), CONTENTS);
}

#[test]
pub(crate) fn attaches_beyond_the_payload() {
    let cloud = fails(
        "attaches_beyond_the_payload",
        NO_LIMIT,
        &["do not exist: it has 6"],
    );
    assert_eq!(cloud.counts().s3_connections, 0);
}

#[test]
pub(crate) fn attaches_twice() {
    let cloud = fails(
        "attaches_twice",
        NO_LIMIT,
        &["the request already has a body"],
    );
    assert_eq!(cloud.counts().s3_connections, 0);
}

#[test]
pub(crate) fn takes_the_payload_twice() {
    fails(
        "takes_the_payload_twice",
        NO_LIMIT,
        &["the payload of a job was taken twice"],
    );
}
