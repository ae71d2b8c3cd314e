//! The host as a library in other programs.

use std::path::PathBuf;
use std::sync::Arc;

use sealift::gateway::{Gateway, Unobserved, Upload, limits};
use sealift::sandbox::Sandbox;
use sealift_config::{Config, Environment};
use sealift_payload::Source;
use sealift_tests::{Cloud, Program};

fn example(name: &str, cloud: &Cloud) -> Program {
    let built: PathBuf = Program::path().with_file_name("examples").join(name);
    assert!(built.exists(), "build it with `cargo build --examples`");
    Program::running(built, cloud).arg(&cloud.paths().config)
}

#[test]
fn a_program_uploads_with_a_few_lines() {
    let cloud = Cloud::start();
    let file = cloud.file("a.csv", "1,2");
    let embedded = example("embed", &cloud)
        .arg(file)
        .args(["demo", "a.csv"])
        .run();
    embedded.done();
    assert_eq!(cloud.object("demo", "a.csv").unwrap(), b"1,2");
    assert!(
        embedded.stderr.contains("Attempt(1)"),
        "{}",
        embedded.stderr
    );
}

#[test]
fn a_program_answers_for_the_devices_key_itself() {
    let cloud = Cloud::start();
    let file = cloud.file("a.csv", "1,2");
    let paths = cloud.paths();
    let (certificate, key) = (paths.certificate.clone(), paths.key.clone());
    // The configuration's own would not do.
    cloud.file("elsewhere/none.pem", "");
    let embedded = example("own_key", &cloud)
        .env("SEALIFT_DEVICE_KEY", cloud.path("elsewhere/none.pem"))
        .env(
            "SEALIFT_DEVICE_CERTIFICATE",
            cloud.path("elsewhere/none.pem"),
        )
        .args([&certificate, &key, &file])
        .args(["demo", "a.csv"])
        .run();
    assert!(
        embedded.done().contains("after 1 signatures"),
        "{}",
        embedded.stdout
    );
    assert_eq!(cloud.object("demo", "a.csv").unwrap(), b"1,2");
}

#[test]
fn two_devices_with_sandboxes_of_their_own_share_a_process() {
    let clouds = [Cloud::start(), Cloud::start()];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let devices = clouds.each_ref().map(|cloud| {
        let environment = Environment::from_iter([("XDG_CACHE_HOME", Program::cache())]);
        let config = Config::load(Some(&cloud.paths().config), &environment).unwrap();
        let sandbox = Sandbox::new(limits(&config), None).unwrap();
        Arc::new(Gateway::open_in(&sandbox, config, None).unwrap())
    });
    let uploads = [0, 1].map(|which| {
        let device = Arc::clone(&devices[which]);
        let file = clouds[which].file("file", format!("of {which}"));
        runtime.spawn(async move {
            let upload = Upload {
                bucket: "demo".into(),
                key: "file".into(),
                source: Source::open(&file).unwrap().into(),
                options: Vec::new().into(),
            };
            device.upload(upload, Arc::new(Unobserved)).await.map(drop)
        })
    });
    for upload in uploads {
        runtime.block_on(upload).unwrap().unwrap();
    }
    for (which, cloud) in clouds.iter().enumerate() {
        let contents = format!("of {which}");
        assert_eq!(cloud.object("demo", "file").unwrap(), contents.as_bytes());
    }
}
