//! The device's certificate and key: which work, and what is told of those that do not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use localcloud::{Authority, Certificate, KeyType, Validity};
use sealift_tests::{Cloud, Device, Program};

/// A device with this certificate and this key.
fn device(cloud: &Cloud, certificate: &str, key: &str) -> Program {
    let certificate = cloud.file("own.pem.crt", certificate);
    let key = cloud.file("own.pem.key", key);
    chmod(&key, 0o600);
    Program::on(cloud)
        .env("SEALIFT_DEVICE_CERTIFICATE", certificate)
        .env("SEALIFT_DEVICE_KEY", key)
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn issue(cloud: &Cloud, key_type: KeyType, validity: Validity) -> Certificate {
    let certificate = cloud
        .authority()
        .issue("device", key_type, validity)
        .unwrap();
    cloud.enrol(certificate.fingerprint());
    certificate
}

#[test]
fn every_kind_of_key_uploads() {
    for key_type in [
        KeyType::Rsa2048,
        KeyType::EcdsaP256,
        KeyType::EcdsaP384,
        KeyType::Ed25519,
    ] {
        let cloud = Cloud::start();
        let own = Device::with_file(&cloud, "own", key_type);
        let put = own.program().args(["put", "-", "s3://demo/k"]);
        put.run_with(b"x").done();
        assert_eq!(cloud.object("demo", "k").unwrap(), b"x", "{key_type:?}");
        // It was this certificate that opened the door.
        cloud.registry().set_active(own.certificate(), false);
        let again = own.program().arg("credentials").run();
        again.failed(1, &["the certificate is not active"]);
    }
}

#[test]
fn a_certificate_of_another_authority_is_refused_by_the_server() {
    let cloud = Cloud::start();
    let stranger = Authority::new()
        .unwrap()
        .issue("device", KeyType::EcdsaP256, Validity::default())
        .unwrap();
    let program = device(&cloud, stranger.certificate_pem(), stranger.key_pem());
    program.arg("credentials").run().failed(
        1,
        &["TLS handshake", "the server refused the client certificate"],
    );
    assert_eq!(cloud.counts().provider_requests, 0);
}

#[test]
fn a_key_that_is_not_the_certificates_is_found_before_anybody_is_asked() {
    let cloud = Cloud::start();
    let other = issue(&cloud, KeyType::Rsa2048, Validity::default());
    let own = fs::read_to_string(&cloud.paths().certificate).unwrap();
    let outcome = device(&cloud, &own, other.key_pem())
        .arg("credentials")
        .run();
    outcome.failed(
        2,
        &["own.pem.key is not that of the certificate", "own.pem.crt"],
    );
    assert_eq!(cloud.counts().provider_connections, 0);
}

#[test]
fn a_certificate_outside_of_its_time_is_told_with_the_clock() {
    let cloud = Cloud::start();
    let cases = [
        (Validity::expired(), "own.pem.crt expired at"),
        (Validity::not_yet(), "own.pem.crt is not valid before"),
    ];
    for (validity, told) in cases {
        let own = issue(&cloud, KeyType::EcdsaP256, validity);
        let outcome = device(&cloud, own.certificate_pem(), own.key_pem())
            .arg("credentials")
            .run();
        outcome.failed(
            2,
            &[
                told,
                "this device's clock reads",
                "check time synchronisation",
            ],
        );
    }
    assert_eq!(cloud.counts().provider_connections, 0);
}

#[test]
fn a_server_that_the_configured_ca_did_not_sign_is_not_trusted() {
    let cloud = Cloud::start();
    let other = cloud.file("other-ca.pem", Authority::new().unwrap().certificate_pem());
    let program = Program::on(&cloud).env("SEALIFT_DEVICE_CA", &other);
    program
        .arg("credentials")
        .run()
        .failed(1, &["TLS handshake", "device.ca"]);
    assert_eq!(cloud.counts().provider_requests, 0);
}

#[test]
fn a_ca_file_without_certificates_is_wrong_configuration() {
    let cloud = Cloud::start();
    let empty = cloud.file("empty.pem", "no certificate here\n");
    let program = Program::on(&cloud).env("SEALIFT_DEVICE_CA", &empty);
    program.arg("credentials").run().failed(2, &["empty.pem"]);
}

#[test]
fn a_key_that_others_may_read_is_refused_until_that_is_allowed() {
    let cloud = Cloud::start();
    let key = &cloud.paths().key;
    chmod(key, 0o644);
    let outcome = Program::on(&cloud).arg("credentials").run();
    let cure = format!("run `chmod 600 {}`", key.display());
    outcome.failed(
        2,
        &[
            "open to other users (mode 0644)",
            &cure,
            "device.key_permissions = \"any\"",
        ],
    );
    assert_eq!(cloud.counts().provider_connections, 0);
    let allowed = Program::on(&cloud).env("SEALIFT_DEVICE_KEY_PERMISSIONS", "any");
    allowed.arg("credentials").run().done();
    chmod(key, 0o600);
    Program::on(&cloud).arg("credentials").run().done();
}

#[test]
fn a_missing_or_mistaken_file_is_named() {
    let cloud = Cloud::start();
    let with =
        |name: &str, path: &Path| Program::on(&cloud).env(name, path).arg("credentials").run();
    let gone = cloud.path("gone.pem");
    with("SEALIFT_DEVICE_KEY", &gone).failed(2, &["gone.pem", "No such file"]);
    with("SEALIFT_DEVICE_CERTIFICATE", &gone).failed(2, &["gone.pem", "No such file"]);
    let swapped = with("SEALIFT_DEVICE_CERTIFICATE", &cloud.paths().key);
    swapped.failed(2, &["private.pem.key"]);
    assert_eq!(cloud.counts().provider_connections, 0);
}
