//! The private key is nowhere in the memory of a component that used it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use sealift::gateway::{Gateway, Unobserved, Upload};
use sealift::sandbox::{Limits, Options, Sandbox};
use sealift_config::{Config, Environment};
use sealift_payload::Source;
use sealift_tests::{Cloud, KeptMemories};

/// Enough of a number to be no coincidence.
const TELLING: usize = 16;

#[test]
fn of_the_device_key_nothing_is_in_the_memory_of_the_component() {
    let cloud = Cloud::start();
    let memories = KeptMemories::default();
    let access_key_id = upload(&cloud, &memories);
    assert_eq!(cloud.counts().objects_put, 1);
    // One instance fetched the credentials, another one uploaded.
    assert!(memories.count() >= 2);

    let contains = |what: &str| memories.contain(what.as_bytes());
    assert!(contains(&access_key_id), "what the component used is found");
    assert!(contains("s3_role_alias") && contains("AWS4-HMAC-SHA256"));

    let pem = fs::read_to_string(&cloud.paths().key).unwrap();
    let lines = pem
        .lines()
        .filter(|line| !line.starts_with("-----") && line.len() >= TELLING);
    for line in lines {
        assert!(!contains(line), "a line of the key file");
    }
    assert!(!contains("RSA PRIVATE KEY"));
    for (name, number) in secrets(&pem) {
        let mut reversed = number.clone();
        reversed.reverse();
        for order in [number, reversed] {
            for piece in order.chunks_exact(TELLING) {
                assert!(!memories.contain(piece), "a piece of the key's {name}");
            }
        }
    }
}

/// Uploads a file with a component whose memories are kept, and tells the access key id that it signed with.
fn upload(cloud: &Cloud, memories: &KeptMemories) -> String {
    let environment = Environment::from_iter([("XDG_CACHE_HOME", cloud.path("cache"))]);
    let config = Config::load(Some(&cloud.paths().config), &environment).unwrap();
    let sandbox = Sandbox::with_engine(limits(), None, |engine| memories.provide(engine)).unwrap();
    let gateway = Gateway::open_in(&sandbox, config, None).unwrap();
    let source = Source::open(&cloud.file("measurements.csv", "1;2;3\n")).unwrap();
    let upload = Upload {
        bucket: "demo".into(),
        key: "key".into(),
        source: source.into(),
        options: Options::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        gateway.upload(upload, Arc::new(Unobserved)).await.unwrap();
        gateway
            .credentials()
            .await
            .unwrap()
            .access_key_id()
            .to_owned()
    })
}

fn limits() -> Limits {
    Limits {
        memory: 64 << 20,
        computing: Duration::from_secs(10),
        open_requests: 8,
        bytes_out: 1 << 20,
        response: 1 << 20,
        log: 1 << 10,
        stall: Duration::from_secs(30),
    }
}

/// The numbers of an RSA key that are secret.
fn secrets(pem: &str) -> Vec<(&'static str, Vec<u8>)> {
    // RFC 8017, A.1.2: after the version and the public part.
    let names = [
        "private exponent",
        "first prime",
        "second prime",
        "first exponent",
        "second exponent",
        "coefficient",
    ];
    names
        .into_iter()
        .zip(integers(pem).into_iter().skip(3))
        .collect()
}

/// All numbers of an RSA key in PKCS#1 form, big-endian.
fn integers(pem: &str) -> Vec<Vec<u8>> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap();
    let (mut rest, _) = element(key.secret_der(), 0x30);
    let mut numbers = Vec::new();
    while !rest.is_empty() {
        let (number, after) = element(rest, 0x02);
        numbers.push(number.to_vec());
        rest = after;
    }
    // So that they are what they are called; a positive 2048-bit number begins with a zero byte.
    assert_eq!((numbers.len(), numbers[1].len()), (9, 257));
    numbers
}

/// The contents of a DER element of that tag, and what follows it (X.690, 8.1).
fn element(der: &[u8], tag: u8) -> (&[u8], &[u8]) {
    assert_eq!(der[0], tag);
    let (length, start) = match der[1] {
        short @ 0..0x80 => (usize::from(short), 2),
        long => {
            let start = 2 + usize::from(long & 0x7f);
            (
                der[2..start]
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte)),
                start,
            )
        }
    };
    der[start..].split_at(length)
}
