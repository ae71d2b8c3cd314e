//! Keys on tokens: signatures of every kind, and what is said when there are none.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;

use rustls::SignatureScheme as Scheme;
use sealift_keystore::{DeviceKey, KeyAlgorithm, SignError, TokenError, TokenKey, TokenSettings};
use support::soft_token::{SoftToken, uri};
use support::{KINDS, P256, now, report};

const RSA: &[&str] = KINDS[0].1;
const KEY: &str = "pkcs11:token=token;object=key?pin-source=pin";
const P256_SCHEME: Scheme = Scheme::ECDSA_NISTP256_SHA256;

fn open(token: &SoftToken, text: &str) -> Result<TokenKey, TokenError> {
    TokenKey::open(&uri(text), &token.settings(), None)
}

fn refusal(token: &SoftToken, text: &str) -> String {
    report(&open(token, text).unwrap_err())
}

#[test]
fn openssl_verifies_every_kind_of_signature() {
    for (algorithm, kind) in KINDS.into_iter().take(4) {
        let token = SoftToken::new(kind);
        let key = open(&token, KEY).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        let file = token.workshop.files().load(now()).unwrap();
        assert_eq!(key.public_key(), file.key().public_key());
        assert_eq!(key.schemes(), algorithm.schemes());
        assert!(key.is_slow());
        for scheme in algorithm.schemes() {
            let signature = key.sign(*scheme, b"message").unwrap();
            token.workshop.write("signature", signature);
            token.workshop.write("message", "message");
            verify(&token, *scheme);
        }
    }
}

fn verify(token: &SoftToken, scheme: Scheme) {
    let digest = match scheme {
        Scheme::RSA_PSS_SHA256 | Scheme::RSA_PKCS1_SHA256 | Scheme::ECDSA_NISTP256_SHA256 => {
            "-sha256"
        }
        Scheme::RSA_PSS_SHA384 | Scheme::RSA_PKCS1_SHA384 | Scheme::ECDSA_NISTP384_SHA384 => {
            "-sha384"
        }
        _ => "-sha512",
    };
    let pss = [
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:digest",
    ];
    let is_pss = format!("{scheme:?}").contains("PSS");
    let options = if is_pss { &pss[..] } else { &[] };
    let arguments = [
        "dgst",
        digest,
        "-prverify",
        "key",
        "-signature",
        "signature",
    ];
    token
        .workshop
        .openssl([&arguments[..], options, &["message"]].concat());
}

#[test]
fn a_scheme_of_other_keys_is_refused() {
    let token = SoftToken::new(P256);
    let key = open(&token, KEY).unwrap();
    let refused = key.sign(Scheme::RSA_PSS_SHA256, b"message").unwrap_err();
    assert!(matches!(
        refused,
        SignError::Scheme {
            scheme: Scheme::RSA_PSS_SHA256,
            algorithm: KeyAlgorithm::EcdsaP256
        }
    ));
}

#[test]
fn a_token_without_pss_is_not_asked_for_it() {
    let token = SoftToken::new(RSA);
    token.fail("no PSS");
    let key = open(&token, KEY).unwrap();
    assert_eq!(
        key.schemes(),
        [
            Scheme::RSA_PKCS1_SHA256,
            Scheme::RSA_PKCS1_SHA384,
            Scheme::RSA_PKCS1_SHA512
        ]
    );
}

#[test]
fn a_key_is_found_by_label_by_id_or_as_the_only_one() {
    let token = SoftToken::new(P256);
    for text in [
        KEY,
        "pkcs11:id=%01?pin-source=pin",
        "pkcs11:pin-value=correct-pin",
    ] {
        open(&token, text).unwrap();
    }
}

#[test]
fn what_is_not_found_is_told_with_what_is_there() {
    let token = SoftToken::new(P256);
    token.make_token("other");
    let missing = refusal(&token, "pkcs11:token=mine?pin-source=pin");
    assert!(missing.contains("no such token; it has "), "{missing}");
    assert!(missing.contains("`token` (serial "), "{missing}");
    assert!(missing.contains("`other` (serial "), "{missing}");

    let several = refusal(&token, "pkcs11:object=key?pin-source=pin");
    assert!(
        several.starts_with("several tokens are meant: "),
        "{several}"
    );

    assert_eq!(
        refusal(&token, "pkcs11:token=token;object=kee?pin-source=pin"),
        "the token `token` has no such private key; it has `key` (id=%01)"
    );
    assert_eq!(
        refusal(&token, "pkcs11:token=other?pin-source=pin"),
        "the token `other` has no such private key; it has none"
    );

    token.import("key", "key", "02");
    assert_eq!(
        refusal(&token, KEY),
        "several private keys of the token `token` are meant: `key` (id=%01), `key` (id=%02); \
         name one by object and id"
    );
    open(
        &token,
        "pkcs11:token=token;object=key;id=%02?pin-source=pin",
    )
    .unwrap();
}

#[test]
fn a_key_of_a_kind_that_aws_does_not_take_is_named() {
    let token = SoftToken::new(P256);
    let small = &["RSA", "-pkeyopt", "rsa_keygen_bits:1024"];
    token.workshop.key("small", small);
    token.import("small", "small", "03");
    assert_eq!(
        refusal(&token, "pkcs11:token=token;object=small?pin-source=pin"),
        "the private key on the token `token` is of the kind RSA-1024; supported are RSA with 2048 to \
         4096 bits, and EC on the curves P-256, P-384 and P-521"
    );
}

#[test]
fn a_wrong_pin_is_tried_once_and_again_only_when_its_file_has_changed() {
    let token = SoftToken::new(P256);
    token.workshop.write("pin", "wrong-pin");
    let path = token.workshop.path("pin");
    let wrong = open(&token, KEY).unwrap_err();
    assert_eq!(
        report(&wrong),
        format!(
            "the token `token` refuses the PIN of {} and has fewer tries left now; correct it before \
             anything else",
            path.display()
        )
    );
    for _ in 0..3 {
        let again = open(&token, KEY).unwrap_err();
        assert!(
            matches!(again, TokenError::PinRefusedBefore { .. }),
            "{again}"
        );
    }
    assert_eq!(token.logins(), 1);
    token.workshop.write("new-pin", support::soft_token::PIN);
    token.workshop.replace("pin", "new-pin");
    open(&token, KEY).unwrap();
    assert_eq!(token.logins(), 2);
}

#[test]
fn the_last_try_and_a_locked_token_are_left_alone() {
    let token = SoftToken::new(P256);
    token.fail("last try");
    assert!(matches!(open(&token, KEY), Err(TokenError::LastTry { .. })));
    token.fail("locked");
    assert!(matches!(
        open(&token, KEY),
        Err(TokenError::PinLocked { .. })
    ));
    assert_eq!(token.logins(), 0);
    token.fail("locks");
    assert!(matches!(
        open(&token, KEY),
        Err(TokenError::PinLocked { .. })
    ));
    token.recover();
    open(&token, KEY).unwrap();
}

#[test]
fn no_message_and_no_debug_shows_a_pin() {
    let token = SoftToken::new(P256);
    for pin in ["wrong-pin", "correct-pin"] {
        let text = format!("pkcs11:token=token;pin-value={pin}");
        let shown = match open(&token, &text) {
            Ok(key) => format!("{key:?} {}", key.reference()),
            Err(error) => format!("{error:?} {}", report(&error)),
        };
        assert!(!shown.contains(pin), "{shown}");
    }
}

#[test]
fn a_pin_that_is_missing_is_asked_for() {
    let token = SoftToken::new(P256);
    let missing = open(&token, "pkcs11:token=token;object=key").unwrap_err();
    assert!(matches!(missing, TokenError::PinMissing { .. }));
    let gone = open(&token, "pkcs11:token=token?pin-source=file:/nonexistent").unwrap_err();
    assert!(matches!(gone, TokenError::PinFile(_)), "{gone}");
    assert_eq!(token.logins(), 0);
}

#[test]
fn a_module_that_is_none_is_told_from_one_that_is_not_there() {
    let token = SoftToken::new(P256);
    let open = |path: &str| {
        let settings = TokenSettings {
            module: Some(path.into()),
            ..TokenSettings::default()
        };
        TokenKey::open(&uri("pkcs11:object=key"), &settings, None).unwrap_err()
    };
    let missing = open("/nonexistent/module.so");
    assert!(matches!(missing, TokenError::ModuleMissing { .. }));
    let other = open(token.workshop.path("pin").to_str().unwrap());
    assert!(matches!(other, TokenError::NotAModule { .. }), "{other}");
    let libc = fs::read_dir("/lib/x86_64-linux-gnu").is_ok();
    if libc {
        let library = open("/lib/x86_64-linux-gnu/libm.so.6");
        assert!(
            matches!(library, TokenError::NotAModule { .. }),
            "{library}"
        );
    }
}

#[test]
fn a_token_that_was_away_is_logged_in_to_again() {
    let token = SoftToken::new(P256);
    let key = open(&token, KEY).unwrap();
    key.sign(P256_SCHEME, b"message").unwrap();
    assert_eq!(token.logins(), 1);
    token.fail("session lost once");
    key.sign(P256_SCHEME, b"message").unwrap();
    assert_eq!(token.logins(), 2);

    token.fail("removed");
    for _ in 0..2 {
        let away = key.sign(P256_SCHEME, b"message").unwrap_err();
        assert!(
            report(&away).contains("no such token; it has none"),
            "{}",
            report(&away)
        );
    }
    token.recover();
    key.sign(P256_SCHEME, b"message").unwrap();
    assert_eq!(token.logins(), 3);
}

/// `SoftHSM` looks for tokens only when it is entered.
#[test]
fn a_token_that_its_module_finds_only_anew_is_found_again() {
    let token = SoftToken::new(P256);
    let key = open(&token, KEY).unwrap();
    let (tokens, away) = (token.workshop.path("tokens"), token.workshop.path("away"));
    fs::rename(&tokens, &away).unwrap();
    fs::create_dir(&tokens).unwrap();
    for _ in 0..2 {
        let gone = key.sign(P256_SCHEME, b"message").unwrap_err();
        let told = report(&gone);
        assert!(told.contains("no such token; it has none"), "{told}");
    }
    fs::remove_dir(&tokens).unwrap();
    fs::rename(&away, &tokens).unwrap();
    key.sign(P256_SCHEME, b"message").unwrap();
    assert_eq!(token.logins(), 2);
}

#[test]
fn another_token_in_the_place_of_the_first_is_not_signed_with() {
    let token = SoftToken::new(P256);
    let key = open(&token, KEY).unwrap();
    token.pkcs11_tool(&["--delete-object", "--type", "privkey", "--id", "01"]);
    token.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", "01"]);
    token.workshop.key("new-key", P256);
    token.import("new-key", "key", "01");
    token.fail("session lost once");
    let refused = key.sign(P256_SCHEME, b"message").unwrap_err();
    assert!(
        report(&refused).contains("there is another key now"),
        "{}",
        report(&refused)
    );
}

#[test]
fn a_public_key_that_the_token_does_not_tell_is_the_certificates_if_the_key_proves_it() {
    let token = SoftToken::new(P256);
    token.fail("no public keys");
    assert!(matches!(
        open(&token, KEY),
        Err(TokenError::NoPublicKey { .. })
    ));
    let identity = token.files().load(now()).unwrap();
    assert_eq!(
        identity.key().public_key(),
        identity.chain().leaf().public_key()
    );
    token.workshop.key("other-key", P256);
    token.issue("certificate", "other-key", "ca");
    let refused = report(&token.files().load(now()).unwrap_err());
    assert!(
        refused.contains("does not sign for the certificate"),
        "{refused}"
    );
}
