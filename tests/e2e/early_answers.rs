//! A server that says "done" before it has the object.

use sealift_tests::{Cloud, Program, Server};

/// More than all buffers between the file and the server hold.
const SIZE: usize = 48 << 20;

#[test]
fn success_before_the_last_byte_is_no_success() {
    for checksum in ["none", "crc64nvme"] {
        let cloud = Cloud::start();
        let store = Server::https(cloud.authority(), |exchange| {
            exchange.write("HTTP/1.1 200 OK\r\netag: \"early\"\r\ncontent-length: 0\r\n\r\n");
            exchange.hold();
        });
        let outcome = Program::on(&cloud)
            .env("SEALIFT_S3_ENDPOINT", store.url())
            .env("SEALIFT_S3_CHECKSUM", checksum)
            .env("SEALIFT_S3_MULTIPART_THRESHOLD", "5GiB")
            .arg("put")
            .arg(cloud.file("large", vec![7; SIZE]))
            .arg("s3://demo/key")
            .run();
        outcome.failed(1, &["answered before it had all bytes"]);
        assert_eq!(outcome.stdout, "");
    }
}
