//! What a component says of an upload, and what the host saw of it.

use sealift_tests::{Cloud, Program, Server, guest};

use super::{NO_LIMIT, fails, put};

#[test]
pub(crate) fn answers_a_short_checksum() {
    let cloud = Cloud::start();
    // A store that takes whatever comes, so that there is an upload to claim something of.
    let store = Server::https(cloud.authority(), |exchange| {
        exchange.answer("200 OK", &["etag: \"e\""], b"");
    });
    let outcome = put(&cloud, guest("answers_a_short_checksum"))
        .env("SEALIFT_S3_ENDPOINT", store.url())
        .run();
    outcome.failed(1, &["checksum of the wrong length"]);
}

#[test]
pub(crate) fn claims_success() {
    let parts = ["reports an upload that the host did not see"];
    let cloud = fails("claims_success", NO_LIMIT, &parts);
    assert_eq!(cloud.counts().s3_connections, 0);
}

#[test]
pub(crate) fn claims_an_upload() {
    fails(
        "claims_an_upload",
        NO_LIMIT,
        &["an upload that the host did not see"],
    );
}

#[test]
pub(crate) fn understates_the_length() {
    let cloud = Cloud::start();
    let store = Server::https(cloud.authority(), |exchange| {
        let body = exchange.read_body();
        exchange.answer("200 OK", &[&format!("etag: \"{}\"", body.len())], b"");
    });
    let outcome = Program::put_into(&store, &cloud)
        .arg("--component")
        .arg(guest("understates_the_length"))
        .run();
    outcome.done();
    // The host wrote the length of what was attached, whatever the component had said.
    let [put] = store.requests().try_into().unwrap();
    assert_eq!(put.header("content-length"), Some("6"));
}

#[test]
pub(crate) fn sends_the_payload_elsewhere() {
    let cloud = Cloud::start();
    let store = Server::https(cloud.authority(), |exchange| {
        exchange.answer("200 OK", &["etag: \"e\""], b"");
    });
    let outcome = Program::put_into(&store, &cloud)
        .arg("--component")
        .arg(guest("sends_the_payload_elsewhere"))
        .run();
    outcome.failed(1, &["an upload that the host did not see"]);
    assert_eq!(outcome.stdout, "");
}

#[test]
pub(crate) fn leaves_out_a_part() {
    let cloud = Cloud::start();
    let store = Server::https(cloud.authority(), |exchange| {
        exchange.read_body();
        let answer = match exchange.request.method.as_str() {
            "POST" => "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>",
            _ => "",
        };
        exchange.answer("200 OK", &["etag: \"e\""], answer.as_bytes());
    });
    let outcome = Program::put_into(&store, &cloud)
        .arg("--component")
        .arg(guest("leaves_out_a_part"))
        .run();
    outcome.failed(1, &["an upload that the host did not see"]);
    assert_eq!(store.requests().len(), 3);
}
