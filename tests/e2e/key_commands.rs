//! `sealift key`: keys made, certificates requested, and both replaced on a device at work.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use localcloud::{Certified, Fingerprint, Operation, ROLE_ALIAS, THING_NAME, Validity};
use rustix::process::Signal;
use sealift_tests::{Cloud, Outcome, Program, Running, soon, until};

fn key(cloud: &Cloud, arguments: &[&str]) -> Outcome {
    Program::on(cloud).arg("key").args(arguments).run()
}

/// AWS's side of a rotation: the certificate of a request, attached to all that it needs but a policy.
fn certify(cloud: &Cloud, request: &str) -> (Certified, PathBuf) {
    let certified = cloud
        .authority()
        .certify(request, Validity::default())
        .unwrap();
    let (registry, fingerprint) = (cloud.registry(), certified.fingerprint());
    registry.register(fingerprint);
    registry.attach_thing(fingerprint, THING_NAME);
    let file = cloud.file("new.pem.crt", certified.certificate_pem());
    (certified, file)
}

fn allow(cloud: &Cloud, certificate: Fingerprint) {
    cloud.registry().attach_policy(certificate, ROLE_ALIAS);
}

/// The certificate's id, as `key show` tells it.
fn in_force(cloud: &Cloud) -> String {
    let shown = key(cloud, &["show", "--json"]).json();
    let id = &shown[0]["certificate"]["fingerprint"];
    id.as_str().unwrap().to_owned()
}

fn rotate(cloud: &Cloud, certificate: &Path) -> Program {
    Program::on(cloud)
        .args(["key", "rotate", "--certificate"])
        .arg(certificate)
}

fn beside(cloud: &Cloud) -> Vec<String> {
    let entries = fs::read_dir(cloud.path(".")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains(".next")).collect()
}

#[test]
fn show_tells_who_the_device_is_and_aws_certificate_id() {
    let cloud = Cloud::start();
    let shown = key(&cloud, &["show"]);
    let text = shown.done();
    for part in [
        "private.pem.key (file)",
        "RSA-2048",
        "CN=AWS IoT Certificate",
        "2049-12-31T23:59:59Z",
        &cloud.device().to_string(),
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let fingerprint = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(&cloud.paths().certificate)
        .output()
        .unwrap();
    let fingerprint = String::from_utf8(fingerprint.stdout).unwrap();
    let digits = fingerprint.trim().split_once('=').unwrap().1;
    assert_eq!(in_force(&cloud), digits.replace(':', "").to_lowercase());
}

#[test]
fn show_tells_what_it_can_of_an_identity_that_cannot_be_used() {
    let cloud = Cloud::start();
    fs::remove_file(&cloud.paths().key).unwrap();
    let outcome = key(&cloud, &["generate"]);
    outcome.done();
    let shown = key(&cloud, &["show"]);
    shown.failed(1, &["is not that of the certificate"]);
    assert!(shown.stdout.contains("ECDSA P-256"), "{}", shown.stdout);
    assert!(
        shown.stdout.contains("CN=AWS IoT Certificate"),
        "{}",
        shown.stdout
    );
}

#[test]
fn a_device_is_born_with_a_key_that_it_made() {
    let cloud = Cloud::start();
    let own = cloud.path("own.key");
    key(&cloud, &["generate", own.to_str().unwrap()]).done();
    key(&cloud, &["generate", own.to_str().unwrap()]).failed(1, &["never overwritten"]);
    let request = key(&cloud, &["csr", own.to_str().unwrap()]);
    let (certified, certificate) = certify(&cloud, request.done());
    allow(&cloud, certified.fingerprint());
    let put = Program::on(&cloud)
        .env("SEALIFT_DEVICE_KEY", own)
        .env("SEALIFT_DEVICE_CERTIFICATE", certificate);
    put.args(["put", "-", "s3://demo/k"]).run_with(b"x").done();
    assert_eq!(cloud.object("demo", "k").unwrap(), b"x");
}

#[test]
fn a_rotation_needs_a_subject_and_a_configuration_only() {
    let cloud = Cloud::start();
    let config = fs::read_to_string(&cloud.paths().config).unwrap();
    let nameless: Vec<_> = config
        .lines()
        .filter(|line| !line.starts_with("thing_name"))
        .collect();
    fs::write(&cloud.paths().config, nameless.join("\n")).unwrap();
    key(&cloud, &["csr"]).failed(2, &["device.thing_name", "--subject"]);
    let named = key(&cloud, &["csr", "--subject", "CN=a,O=b"]);
    assert!(named.done().starts_with("-----BEGIN CERTIFICATE REQUEST"));
    key(&cloud, &["csr", "--subject", "a"]).failed(2, &["name=value"]);
    key(&cloud, &["rotate", "--algorithm", "dsa"]).failed(2, &["rsa-2048"]);
}

/// The old identity goes only when AWS has accepted the new one.
#[test]
fn a_new_certificate_takes_over_once_aws_accepts_it() {
    let cloud = Cloud::start();
    let old = in_force(&cloud);
    let request = key(&cloud, &["rotate"]);
    let (certified, certificate) = certify(&cloud, request.done());
    let refused = rotate(&cloud, &certificate).run();
    refused.failed(1, &["policy"]);
    assert_eq!(in_force(&cloud), old);
    Program::on(&cloud).arg("credentials").run().done();

    allow(&cloud, certified.fingerprint());
    rotate(&cloud, &certificate).run().done();
    assert_eq!(in_force(&cloud), certified.fingerprint().to_string());
    assert_eq!(beside(&cloud), [""; 0]);
    cloud.registry().set_active(cloud.device(), false);
    Program::on(&cloud).arg("credentials").run().done();
    let again = rotate(&cloud, &certificate).run();
    assert!(again.done().contains("in force already"));
}

/// After each kill, whichever certificate is in force has its key, and AWS accepts it.
#[test]
fn a_rotation_that_is_killed_at_any_moment_is_run_again() {
    let cloud = Cloud::start();
    for round in 0..8_u64 {
        let request = key(&cloud, &["rotate"]);
        let (certified, certificate) = certify(&cloud, request.done());
        allow(&cloud, certified.fingerprint());
        let before = cloud.counts().provider_connections;
        let running = Running::start(rotate(&cloud, &certificate));
        // From its connection on, the rest takes a few milliseconds: so each round dies a little later.
        until("it tries the new certificate out", soon(), || {
            cloud.counts().provider_connections > before
        });
        std::thread::sleep(Duration::from_micros(round * 800));
        running.signal(Signal::KILL);
        running.end();
        Program::on(&cloud).arg("credentials").run().done();
        rotate(&cloud, &certificate).run().done();
        assert_eq!(in_force(&cloud), certified.fingerprint().to_string());
        assert_eq!(beside(&cloud), [""; 0]);
    }
}

#[test]
fn an_upload_under_way_goes_on_while_the_identity_is_replaced() {
    const MIB: usize = 1 << 20;
    let cloud = Cloud::start();
    let contents = vec![7; 40 * MIB];
    let program = Program::on(&cloud).args(["put", "-", "s3://demo/k", "--json"]);
    let mut running = Running::start(program);
    let mut stdin = running.stdin();
    stdin.write_all(&contents[..28 * MIB]).unwrap();
    until("a part is there", soon(), || {
        cloud.counts().body_bytes(Operation::UploadPart) > 0
    });

    let request = key(&cloud, &["rotate"]);
    let (certified, certificate) = certify(&cloud, request.done());
    allow(&cloud, certified.fingerprint());
    rotate(&cloud, &certificate).run().done();
    cloud.registry().set_active(cloud.device(), false);

    cloud.set_faults(vec!["UploadPart:expired-token,times=1".parse().unwrap()]);
    stdin.write_all(&contents[28 * MIB..]).unwrap();
    drop(stdin);
    let outcome = running.end();
    outcome.done();
    assert!(cloud.object("demo", "k").unwrap() == contents);
    assert_eq!(cloud.counts().requests(Operation::GetCredentials), 3);
}
