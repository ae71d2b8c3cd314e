//! Keys that are made on a token, and take another's place there.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use sealift_config::{CertificateReference, KeyReference};
use sealift_keystore::{
    CertificateChain, DeviceKey, Fingerprint, GenerateError, IdentityFiles, IdentityStore, KeySpec,
    Rotation, RotationError, Subject, TokenError, certificate_request, generate_key,
};
use support::soft_token::{SoftToken, uri};
use support::{LEAF, P256, Workshop, now};

/// A key of this label, made on the token.
fn made(
    token: &SoftToken,
    label: &str,
    spec: KeySpec,
) -> Result<Arc<dyn DeviceKey>, GenerateError> {
    let text = format!("pkcs11:token=token;object={label}?pin-source=pin");
    generate_key(&KeyReference::Pkcs11(uri(&text)), &token.settings(), spec)
}

/// The certificate `name`, for the request of a key that only the token has.
fn certify(token: &SoftToken, key: &dyn DeviceKey, name: &str) {
    let workshop = &token.workshop;
    let request = certificate_request(key, &Subject::of_common_name(name)).unwrap();
    workshop.write("request", request);
    workshop.write("extensions", LEAF);
    workshop.openssl(["req", "-in", "request", "-verify", "-noout"]);
    let issue = [
        "x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key",
    ];
    let rest = [
        "-CAcreateserial",
        "-days",
        "30",
        "-extfile",
        "extensions",
        "-out",
        name,
    ];
    workshop.openssl([&issue[..], &rest].concat());
}

/// A device whose next key is made and certified as `new`.
fn about_to_rotate() -> (SoftToken, IdentityFiles) {
    let token = SoftToken::new(P256);
    let files = token.files();
    let key = Rotation::of(&files).unwrap().next_key(None).unwrap();
    certify(&token, &*key, "new");
    (token, files)
}

fn in_force(files: &IdentityFiles) -> Fingerprint {
    let identity = files.load(now()).unwrap();
    identity.chain().leaf().fingerprint()
}

fn of_file(workshop: &Workshop, name: &str) -> Fingerprint {
    let chain = CertificateChain::open(&workshop.path(name)).unwrap();
    chain.leaf().fingerprint()
}

/// How many private keys the token has.
fn keys(token: &SoftToken) -> usize {
    let listed = token.pkcs11_tool(&["--list-objects", "--type", "privkey"]);
    listed.matches("Private Key Object").count()
}

#[test]
fn openssl_verifies_the_requests_of_keys_that_were_made_on_the_token() {
    let token = SoftToken::new(P256);
    for spec in [KeySpec::P256, KeySpec::P384, KeySpec::Rsa2048] {
        let key = made(&token, spec.name(), spec).unwrap();
        assert_eq!(key.algorithm(), spec.algorithm());
        certify(&token, &*key, spec.name());
        let reference = key.reference().to_string();
        assert!(reference.contains(";id=%"), "{reference}");
    }
}

#[test]
fn what_was_made_never_leaves_the_token() {
    let token = SoftToken::new(P256);
    made(&token, "own", KeySpec::P256).unwrap();
    let listed = token.pkcs11_tool(&["--list-objects", "--type", "privkey"]);
    let own = listed
        .split("Private Key Object")
        .find(|key| key.contains("own"));
    let access = own.unwrap().lines().find(|line| line.contains("Access:"));
    let access = access.unwrap();
    for property in ["always sensitive", "never extractable"] {
        assert!(access.contains(property), "{access}");
    }
}

#[test]
fn a_key_that_is_there_stays_the_only_one() {
    let token = SoftToken::new(P256);
    let error = made(&token, "key", KeySpec::P256).unwrap_err();
    assert!(
        matches!(&error, GenerateError::Token(TokenError::KeyExists { .. })),
        "{error}"
    );
    assert_eq!(keys(&token), 1);
    let nameless = KeyReference::Pkcs11(uri("pkcs11:token=token?pin-source=pin"));
    let error = generate_key(&nameless, &token.settings(), KeySpec::P256).unwrap_err();
    assert!(
        matches!(&error, GenerateError::Token(TokenError::NamelessKey)),
        "{error}"
    );
}

#[test]
fn the_certificate_tells_which_of_two_keys_is_in_force() {
    let (token, files) = about_to_rotate();
    let workshop = &token.workshop;
    let (old, new) = (of_file(workshop, "certificate"), of_file(workshop, "new"));
    assert_eq!((keys(&token), in_force(&files)), (2, old));
    let store = IdentityStore::open(files.clone(), now()).unwrap();

    let rotation = Rotation::of(&files).unwrap();
    let staged = rotation.stage(&workshop.path("new"), now()).unwrap();
    let candidate = staged.unwrap();
    assert_eq!(in_force(&files), old);
    assert_eq!(in_force(&candidate.files()), new);
    candidate.switch().unwrap();
    assert_eq!(in_force(&files), new);
    assert_eq!(keys(&token), 1, "the old key is removed");
    let current = store.current(now());
    assert_eq!(current.chain().leaf().fingerprint(), new);
    assert_eq!(current.generation(), 2);

    let again = rotation.stage(&workshop.path("new"), now()).unwrap();
    assert!(again.is_none(), "it is in force");
}

#[test]
fn the_next_key_is_made_once() {
    let (token, files) = about_to_rotate();
    let rotation = Rotation::of(&files).unwrap();
    let again = rotation.next_key(None).unwrap();
    let certified = CertificateChain::open(&token.workshop.path("new")).unwrap();
    assert_eq!(again.public_key(), certified.leaf().public_key());
    assert_eq!(keys(&token), 2);
}

#[test]
fn a_rotation_that_was_cut_off_after_the_switch_is_over() {
    let (token, files) = about_to_rotate();
    let new = of_file(&token.workshop, "new");
    token.workshop.replace("certificate", "new");
    assert_eq!(in_force(&files), new);
    // The next rotation makes a key of its own.
    let key = Rotation::of(&files).unwrap().next_key(None).unwrap();
    let identity = files.load(now()).unwrap();
    assert_ne!(key.public_key(), identity.key().public_key());
}

#[test]
fn what_no_other_can_take_the_place_of_is_not_rotated() {
    let token = SoftToken::new(P256);
    let mut files = token.files();
    files.key = KeyReference::Pkcs11(uri("pkcs11:token=token;id=%01?pin-source=pin"));
    let error = Rotation::of(&files).unwrap().next_key(None).unwrap_err();
    assert!(matches!(&error, RotationError::Pinned(_)), "{error}");
    token.import_certificate("certificate", "device", "01");
    files.certificate = CertificateReference::Pkcs11(uri("pkcs11:object=device;type=cert"));
    let error = Rotation::of(&files).unwrap_err();
    assert!(
        matches!(&error, RotationError::CertificateOnToken(_)),
        "{error}"
    );
    assert_eq!(keys(&token), 1);
    assert!(!token.workshop.path("certificate.next-key").exists());
}
