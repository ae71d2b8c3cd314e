//! Identities with a key, and perhaps a certificate, on a token.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use sealift_config::CertificateReference;
use sealift_keystore::{
    Certificate, ChainError, IdentityError, IdentityStore, KeyError, TokenError,
};
use support::soft_token::{PIN, SoftToken, uri};
use support::{LEAF, P256, now, report};

const CERTIFICATE: &str = "pkcs11:token=token;object=device;type=cert";

#[test]
fn a_certificate_on_the_token_brings_its_issuers_along_but_no_root() {
    let token = SoftToken::new(P256);
    token.workshop.authority("ca");
    token.workshop.key("middle.key", P256);
    let middle = "basicConstraints=critical,CA:TRUE";
    token
        .workshop
        .certificate("middle.pem", "middle.key", "ca", middle);
    token.workshop.certificate("leaf", "key", "middle", LEAF);
    for (file, label, id) in [
        ("ca.pem", "root", "07"),
        ("leaf", "device", "01"),
        ("middle.pem", "middle", "08"),
    ] {
        token.import_certificate(file, label, id);
    }
    let mut files = token.files();
    files.certificate = CertificateReference::Pkcs11(uri(CERTIFICATE));
    let identity = files.load(now()).unwrap();
    assert_eq!(identity.chain().leaf().subject(), "CN=leaf");
    let issuers: Vec<_> = identity
        .chain()
        .issuers()
        .iter()
        .map(Certificate::subject)
        .collect();
    assert_eq!(issuers, ["CN=middle.pem"]);
    assert_eq!(identity.chain().reference(), &files.certificate);
}

#[test]
fn a_certificate_that_is_not_on_the_token_is_told_with_those_that_are() {
    let token = SoftToken::new(P256);
    token.import_certificate("certificate", "other", "01");
    let mut files = token.files();
    files.certificate = CertificateReference::Pkcs11(uri(CERTIFICATE));
    let error = files.load(now()).unwrap_err();
    assert!(matches!(
        &error,
        IdentityError::Chain(ChainError::Token {
            source: TokenError::NoCertificate { .. },
            ..
        })
    ));
    assert_eq!(
        report(&error),
        "the certificate pkcs11:token=token;object=device;type=cert cannot be used: \
         the token `token` has no such certificate; it has `other` (id=%01)"
    );
}

#[test]
fn the_certificate_must_be_the_keys() {
    let token = SoftToken::new(P256);
    token.workshop.key("new-key", P256);
    token.issue("certificate", "new-key", "ca");
    assert!(matches!(
        token.files().load(now()),
        Err(IdentityError::Mismatch { .. })
    ));
}

#[test]
fn a_renewed_certificate_is_noticed_without_another_login() {
    let token = SoftToken::new(P256);
    let store = IdentityStore::open(token.files(), now()).unwrap();
    let first = store.current(now());
    token.issue("renewed", "key", "ca");
    token.workshop.replace("certificate", "renewed");
    let second = store.current(now());
    assert_eq!(second.generation(), 2);
    assert_ne!(first.chain().leaf(), second.chain().leaf());
    assert!(Arc::ptr_eq(first.key(), second.key()));
    assert_eq!(token.logins(), 1);
}

#[test]
fn a_wrong_pin_does_not_end_the_identity_in_force_nor_lock_the_token() {
    let token = SoftToken::new(P256);
    let store = IdentityStore::open(token.files(), now()).unwrap();
    token.workshop.write("pin", "wrong-pin");
    for _ in 0..5 {
        assert_eq!(store.current(now()).generation(), 1);
    }
    // The token is still logged in to; a new login would have been the first try.
    assert!(token.logins() <= 2);
    token.workshop.write("pin", PIN);
    assert_eq!(store.current(now()).generation(), 1);
    assert!(store.refused().is_none());
}

#[test]
fn an_unusable_key_is_named_without_its_pin() {
    let token = SoftToken::new(P256);
    let mut files = token.files();
    files.key = "pkcs11:token=token;object=none;pin-value=hunter22"
        .parse()
        .unwrap();
    let error = files.load(now()).unwrap_err();
    assert!(matches!(
        &error,
        IdentityError::Key(KeyError::Token {
            source: TokenError::PinWrong { .. },
            ..
        })
    ));
    let shown = format!("{} {error:?} {files:?}", report(&error));
    assert!(!shown.contains("hunter22"), "{shown}");
    assert!(shown.contains("pin-value=***"), "{shown}");
}
