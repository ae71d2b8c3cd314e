//! Every object carries the checksum that the configuration asks for.

use std::collections::BTreeMap;

use localcloud::Validity;
use sealift_tests::{Aws, Cloud, Program, Server, tls};

/// The text whose checksums the definitions of the CRCs give as their check values.
const TEXT: &str = "123456789";

/// The name in the configuration, S3's name, and the checksum of [`TEXT`].
const ALGORITHMS: [(&str, &str, &str); 5] = [
    ("crc64nvme", "ChecksumCRC64NVME", "rosUhgp5mIg="),
    ("crc32", "ChecksumCRC32", "y/Q5Jg=="),
    ("crc32c", "ChecksumCRC32C", "4waSgw=="),
    ("sha1", "ChecksumSHA1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
    (
        "sha256",
        "ChecksumSHA256",
        "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
    ),
];

fn put(cloud: &Cloud, algorithm: &str, placement: &str, key: &str) -> serde_json::Value {
    let file = cloud.file("f", TEXT);
    let program = Program::on(cloud).env("SEALIFT_S3_CHECKSUM", algorithm);
    let program = program.env("SEALIFT_S3_CHECKSUM_PLACEMENT", placement);
    let outcome = program
        .args(["--json", "put"])
        .arg(file)
        .arg(format!("s3://demo/{key}"))
        .run();
    outcome.done();
    let [told] = outcome.json().try_into().unwrap();
    told
}

#[test]
fn every_algorithm_arrives_from_header_and_trailer() {
    let cloud = Cloud::start();
    let combinations = || {
        ALGORITHMS
            .into_iter()
            .flat_map(|row| ["header", "trailer"].map(|placement| (row, placement)))
    };
    for ((algorithm, _, checksum), placement) in combinations() {
        let told = put(
            &cloud,
            algorithm,
            placement,
            &format!("{algorithm}-{placement}"),
        );
        assert_eq!(
            (&told["checksum"], &told["checksum_algorithm"]),
            (&checksum.into(), &algorithm.into()),
            "{told}"
        );
    }
    let seen = Aws::on(&cloud).objects("demo");
    for ((algorithm, name, checksum), placement) in combinations() {
        let object = &seen[&format!("{algorithm}-{placement}")];
        assert_eq!(object.bytes(), TEXT.as_bytes());
        assert_eq!(
            object.checksums,
            BTreeMap::from([(name.into(), checksum.into())]),
            "{algorithm} {placement}"
        );
    }
}

#[test]
fn none_sends_no_checksum() {
    let cloud = Cloud::start();
    let told = put(&cloud, "none", "trailer", "k");
    assert!(
        told["checksum"].is_null() && told["checksum_algorithm"].is_null(),
        "{told}"
    );
    assert_eq!(cloud.object("demo", "k").unwrap(), TEXT.as_bytes());

    // S3 makes a checksum where none came; a store that shows its requests tells more.
    let authority = cloud.authority();
    let store = Server::aws(
        tls(authority, authority, &["127.0.0.1"], Validity::default()),
        |exchange| {
            exchange.answer("200 OK", &["etag: \"x\""], b"");
        },
    );
    let file = cloud.file("f", TEXT);
    let program = Program::on(&cloud)
        .env("SEALIFT_S3_ENDPOINT", store.url())
        .env("SEALIFT_S3_CHECKSUM", "none");
    program.arg("put").arg(file).arg("s3://demo/k").run().done();
    let [request] = store.requests().try_into().unwrap();
    for name in [
        "x-amz-trailer",
        "x-amz-sdk-checksum-algorithm",
        "x-amz-checksum-crc64nvme",
        "content-encoding",
    ] {
        assert_eq!(request.header(name), None, "{name}");
    }
}
