//! Components with defects that only an update meets: named for what they are, tried out in `updates`.

use sealift_tests::{Cloud, Server, guest};

use super::put;

/// Named on the command line, each of them does a job well that asks for nothing but bytes to be sent.
fn works_for_one_job(name: &str) {
    let cloud = Cloud::start();
    let store = Server::https(cloud.authority(), |exchange| {
        exchange.read_body();
        exchange.answer("200 OK", &["etag: \"e\""], b"");
    });
    put(&cloud, guest(name))
        .env("SEALIFT_S3_ENDPOINT", store.url())
        .run()
        .done();
}

#[test]
pub(crate) fn traps_in_its_probe() {
    works_for_one_job("traps_in_its_probe");
}

#[test]
pub(crate) fn fails_its_probe() {
    works_for_one_job("fails_its_probe");
}

#[test]
pub(crate) fn traps_on_the_third_job() {
    works_for_one_job("traps_on_the_third_job");
}
