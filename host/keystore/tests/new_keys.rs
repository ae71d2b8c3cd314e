//! Keys that are made here, and the requests for their certificates, as OpenSSL sees them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use std::path::Path;
use std::sync::Arc;

use sealift_config::{KeyPermissions, KeyReference};
use sealift_keystore::{
    DeviceKey, FileKey, GenerateError, KeySpec, Subject, TokenSettings, certificate_request,
    generate_key,
};
use support::{KINDS, Workshop};

fn generate(path: &Path, spec: KeySpec) -> Result<Arc<dyn DeviceKey>, GenerateError> {
    let reference = KeyReference::File(path.to_owned());
    generate_key(&reference, &TokenSettings::default(), spec)
}

/// What OpenSSL prints.
fn openssl(arguments: &[&str], workshop: &Workshop) -> String {
    let mut command = Command::new("openssl");
    let output = command
        .args(arguments)
        .current_dir(workshop.path("."))
        .output();
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn openssl_finds_each_kind_of_new_key_sound() {
    let workshop = Workshop::new();
    for spec in KeySpec::ALL {
        let path = workshop.path(spec.name());
        let key = generate(&path, spec).unwrap();
        assert_eq!(key.algorithm(), spec.algorithm());
        assert_eq!(KeySpec::of(key.algorithm()), Some(spec));
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "only we can read it");
        let checked = openssl(&["pkey", "-in", spec.name(), "-noout", "-check"], &workshop);
        assert!(checked.contains("Key is valid"), "{checked}");
        assert!(
            fs::read_to_string(path)
                .unwrap()
                .lines()
                .all(|line| line.len() <= 64)
        );
    }
}

#[test]
fn no_two_keys_are_the_same() {
    let workshop = Workshop::new();
    let keys = ["one", "two"].map(|name| {
        let key = generate(&workshop.path(name), KeySpec::P256).unwrap();
        key.public_key().clone()
    });
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_key_that_is_there_is_never_overwritten() {
    let workshop = Workshop::new();
    let path = workshop.write("key", "precious");
    let error = generate(&path, KeySpec::P256).unwrap_err();
    assert!(matches!(error, GenerateError::Exists(_)), "{error}");
    assert_eq!(workshop.read("key"), b"precious");
    let nowhere = workshop.path("missing/key");
    let error = generate(&nowhere, KeySpec::P256).unwrap_err();
    assert!(matches!(error, GenerateError::Write { .. }), "{error}");
}

#[test]
fn openssl_verifies_the_request_of_each_kind_of_key() {
    let workshop = Workshop::new();
    let subject: Subject = r"CN=gateway\, 17,O=Acme,C=DE,serialNumber=0815"
        .parse()
        .unwrap();
    for (algorithm, kind) in KINDS {
        let path = workshop.key("key", kind);
        let key = FileKey::open(&path, KeyPermissions::Strict, None).unwrap();
        let request = certificate_request(&key, &subject).unwrap();
        workshop.write("request", request);
        openssl(&["req", "-in", "request", "-verify", "-noout"], &workshop);
        let shown = openssl(
            &[
                "req", "-in", "request", "-noout", "-subject", "-nameopt", "RFC2253",
            ],
            &workshop,
        );
        let expected = r"subject=serialNumber=0815,C=DE,O=Acme,CN=gateway\, 17";
        assert_eq!(shown.trim(), expected, "{algorithm}");
        let requested = openssl(&["req", "-in", "request", "-noout", "-pubkey"], &workshop);
        let own = openssl(&["pkey", "-in", "key", "-pubout"], &workshop);
        assert_eq!(requested, own, "{algorithm}");
    }
}
