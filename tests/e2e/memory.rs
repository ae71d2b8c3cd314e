//! The private key is nowhere in the memory of a component that used it.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use sealift::gateway::{Gateway, Unobserved, Upload};
use sealift::sandbox::{Limits, Options, Sandbox};
use sealift_config::{Config, Environment};
use sealift_payload::Source;
use sealift_tests::{Cloud, KeptMemories, KeyParts};

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
    assert!(!contains("PRIVATE KEY"));
    for (name, piece) in KeyParts::of_pem(&pem).pieces() {
        assert!(!memories.contain(&piece), "a piece of the key's {name}");
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
