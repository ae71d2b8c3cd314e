//! Key files: every format and kind that works, and what is said of the others.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::path::Path;

use rustls::SignatureScheme;
use sealift_config::KeyPermissions;
use sealift_keystore::{
    DeviceKey, FileError, FileKey, KeyAlgorithm, KeyError, PemError, SignError,
};
use support::{KINDS, P256, Workshop, report, set_mode};

fn open(path: &Path) -> Result<FileKey, KeyError> {
    FileKey::open(path, KeyPermissions::Strict, None)
}

fn refusal(path: &Path) -> KeyError {
    open(path).unwrap_err()
}

#[test]
fn every_kind_is_read_from_every_format_it_has() {
    let workshop = Workshop::new();
    for (algorithm, kind) in KINDS {
        let pkcs8 = open(&workshop.key("pkcs8", kind)).unwrap();
        assert_eq!(pkcs8.algorithm(), algorithm);
        assert_eq!(
            KeyAlgorithm::of_public_key(pkcs8.public_key()),
            Some(algorithm)
        );
        if algorithm == KeyAlgorithm::Ed25519 {
            continue;
        }
        workshop.openssl([
            "pkey",
            "-in",
            "pkcs8",
            "-traditional",
            "-out",
            "traditional",
        ]);
        let traditional = open(&workshop.path("traditional")).unwrap();
        assert_eq!(traditional.algorithm(), algorithm);
        assert_eq!(traditional.public_key(), pkcs8.public_key());
    }
}

#[test]
fn the_public_key_is_the_one_that_openssl_computes() {
    let workshop = Workshop::new();
    for (algorithm, kind) in KINDS {
        let key = open(&workshop.key("key", kind)).unwrap();
        workshop.openssl([
            "pkey", "-in", "key", "-pubout", "-outform", "DER", "-out", "public",
        ]);
        assert_eq!(
            key.public_key().as_ref(),
            workshop.read("public"),
            "{algorithm}"
        );
    }
}

#[test]
fn openssl_verifies_what_the_key_signs() {
    let workshop = Workshop::new();
    for (algorithm, kind, scheme, digest, options) in [
        (
            KINDS[0].0,
            KINDS[0].1,
            SignatureScheme::RSA_PKCS1_SHA256,
            "-sha256",
            &[][..],
        ),
        (
            KINDS[0].0,
            KINDS[0].1,
            SignatureScheme::RSA_PSS_SHA384,
            "-sha384",
            &[
                "-sigopt",
                "rsa_padding_mode:pss",
                "-sigopt",
                "rsa_pss_saltlen:digest",
            ][..],
        ),
        (
            KINDS[1].0,
            KINDS[1].1,
            SignatureScheme::ECDSA_NISTP256_SHA256,
            "-sha256",
            &[][..],
        ),
        (
            KINDS[2].0,
            KINDS[2].1,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            "-sha384",
            &[][..],
        ),
        (
            KINDS[3].0,
            KINDS[3].1,
            SignatureScheme::ECDSA_NISTP521_SHA512,
            "-sha512",
            &[][..],
        ),
    ] {
        let key = open(&workshop.key("key", kind)).unwrap();
        assert!(key.schemes().contains(&scheme), "{algorithm}");
        workshop.write("signature", key.sign(scheme, b"message").unwrap());
        workshop.write("message", "message");
        workshop.openssl(["pkey", "-in", "key", "-pubout", "-out", "public"]);
        let verify = [
            "dgst",
            digest,
            "-verify",
            "public",
            "-signature",
            "signature",
        ];
        workshop.openssl([&verify[..], options, &["message"]].concat());
    }
}

#[test]
fn a_scheme_of_another_kind_is_refused() {
    let workshop = Workshop::new();
    let key = open(&workshop.key("key", P256)).unwrap();
    let error = key.sign(SignatureScheme::ED25519, b"message").unwrap_err();
    let SignError::Scheme { scheme, algorithm } = error else {
        panic!("{error}");
    };
    assert_eq!(
        (scheme, algorithm),
        (SignatureScheme::ED25519, KeyAlgorithm::EcdsaP256)
    );
}

#[test]
fn a_key_that_others_may_touch_is_refused_unless_configured() {
    let workshop = Workshop::new();
    let path = workshop.key("key", P256);
    for mode in [0o604, 0o640, 0o620, 0o601, 0o777] {
        set_mode(&path, mode);
        let error = refusal(&path);
        assert!(matches!(&error, KeyError::Permissions { mode: found, .. } if *found == mode));
        let line = format!("run `chmod 600 {}`", path.display());
        assert!(error.to_string().contains(&line), "{error}");
        assert!(FileKey::open(&path, KeyPermissions::Any, None).is_ok());
    }
    set_mode(&path, 0o400);
    assert!(open(&path).is_ok());
}

/// Whether a key file is taken, strictly, with a directory of credentials.
fn is_taken(path: &Path, credentials: &Path) -> bool {
    FileKey::open(path, KeyPermissions::Strict, Some(credentials)).is_ok()
}

/// As systemd lays it down from version 254 on: it belongs to root, and the service reads it by an ACL.
#[test]
fn a_credential_of_systemd_is_taken_with_the_permissions_that_its_acl_shows() {
    let workshop = Workshop::new();
    let path = workshop.key("device-key", P256);
    let directory = path.parent().unwrap();
    set_mode(directory, 0o550);
    set_mode(&path, 0o440);
    assert!(is_taken(&path, directory));
    for mode in [0o444, 0o460, 0o450, 0o404] {
        set_mode(&path, mode);
        assert!(!is_taken(&path, directory), "{mode:o}");
    }
}

#[test]
fn nothing_but_a_credential_may_be_read_by_a_group() {
    let workshop = Workshop::new();
    let path = workshop.key("device-key", P256);
    let (directory, elsewhere) = (path.parent().unwrap(), tempfile::tempdir().unwrap());
    set_mode(&path, 0o440);
    assert!(!is_taken(&path, elsewhere.path()), "in another directory");
    let above = directory.parent().unwrap();
    assert!(!is_taken(&path, above), "further below");
    let link = elsewhere.path().join("device-key");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(!is_taken(&link, elsewhere.path()), "by a symbolic link");
    for mode in [0o570, 0o702, 0o777] {
        set_mode(directory, mode);
        assert!(!is_taken(&path, directory), "{mode:o}");
    }
}

#[test]
fn a_directory_of_somebody_else_is_none_of_credentials() {
    // Only root can give a directory away.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let workshop = Workshop::new();
    let path = workshop.key("device-key", P256);
    let directory = path.parent().unwrap();
    set_mode(directory, 0o550);
    set_mode(&path, 0o440);
    std::os::unix::fs::chown(directory, Some(65534), None).unwrap();
    assert!(!is_taken(&path, directory));
}

#[test]
fn harmless_dressing_does_not_matter() {
    let workshop = Workshop::new();
    let pem = String::from_utf8(std::fs::read(workshop.key("key", P256)).unwrap()).unwrap();
    for dressed in [
        pem.replace('\n', "\r\n"),
        format!("\u{feff}{pem}"),
        format!("Key Attributes: <No Attributes>\n{pem}\n\n"),
    ] {
        assert!(open(&workshop.write("dressed", dressed)).is_ok());
    }
    workshop.openssl([
        "ecparam",
        "-name",
        "prime256v1",
        "-genkey",
        "-out",
        "parameters",
    ]);
    set_mode(&workshop.path("parameters"), 0o600);
    assert!(
        open(&workshop.path("parameters")).is_ok(),
        "EC PARAMETERS in front of the key"
    );
}

#[test]
fn an_encrypted_key_is_refused_with_the_command_that_decrypts_it() {
    let workshop = Workshop::new();
    workshop.key("key", KINDS[0].1);
    let password = ["-passout", "pass:hunter2", "-in", "key", "-out"];
    workshop.openssl([&["pkcs8", "-topk8"], &password[..], &["pkcs8"]].concat());
    workshop.openssl(
        [
            &["rsa", "-traditional", "-aes256"],
            &password[..],
            &["traditional"],
        ]
        .concat(),
    );
    for name in ["pkcs8", "traditional"] {
        set_mode(&workshop.path(name), 0o600);
        let error = refusal(&workshop.path(name));
        assert!(matches!(error, KeyError::Encrypted { .. }), "{error}");
        let command = format!("openssl pkey -in {}", workshop.path(name).display());
        assert!(error.to_string().contains(&command), "{error}");
    }
}

#[test]
fn a_der_file_is_refused_with_the_command_that_converts_it() {
    let workshop = Workshop::new();
    for (_, kind) in KINDS {
        workshop.key("key", kind);
        workshop.openssl(["pkey", "-in", "key", "-outform", "DER", "-out", "der"]);
        set_mode(&workshop.path("der"), 0o600);
        let error = refusal(&workshop.path("der"));
        assert!(matches!(error, KeyError::Der { .. }), "{error}");
        assert!(
            error.to_string().contains("openssl pkey -inform DER"),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_key_is_called_what_it_is() {
    let workshop = Workshop::new();
    workshop.device(P256);
    workshop.openssl(["pkey", "-in", "key", "-pubout", "-out", "public"]);
    for (name, label) in [
        ("certificate", "CERTIFICATE"),
        ("public", "PUBLIC KEY"),
        ("request", "CERTIFICATE REQUEST"),
    ] {
        set_mode(&workshop.path(name), 0o600);
        let error = refusal(&workshop.path(name));
        assert!(
            matches!(&error, KeyError::NoKey { found, .. } if found == label),
            "{error}"
        );
    }

    let both = [workshop.read("key"), workshop.read("certificate")].concat();
    let error = refusal(&workshop.write("both", both));
    assert!(
        matches!(&error, KeyError::SeveralBlocks { found, .. } if found == "PRIVATE KEY, CERTIFICATE")
    );

    let tss2 = "-----BEGIN TSS2 PRIVATE KEY-----\nAQID\n-----END TSS2 PRIVATE KEY-----\n";
    assert!(matches!(
        refusal(&workshop.write("tss2", tss2)),
        KeyError::Tss2 { .. }
    ));
}

#[test]
fn a_damaged_file_is_refused_for_its_damage() {
    let workshop = Workshop::new();
    let pem = std::fs::read(workshop.key("key", P256)).unwrap();
    for (content, expected) in [
        (&b""[..], PemError::Empty),
        (&[0; 200], PemError::IsBinary),
        (
            b"arn:aws:iot:eu-west-1:123456789012:thing/x",
            PemError::NotPem,
        ),
        (&pem[..100], PemError::NoEnd { line: 1 }),
        (
            &[&pem, &b"trailing"[..]].concat(),
            PemError::TextBehind { line: 6 },
        ),
    ] {
        let error = refusal(&workshop.write("damaged", content));
        assert!(
            matches!(&error, KeyError::Pem { source, .. } if *source == expected),
            "{error:?}"
        );
    }
    let error = refusal(&workshop.path("gone"));
    assert!(matches!(
        error,
        KeyError::File(FileError::Unreadable { .. })
    ));
}

#[test]
fn a_key_whose_numbers_are_wrong_is_called_damaged() {
    let workshop = Workshop::new();
    let swap = |kind: &[&str], from: &str| {
        let pem = String::from_utf8(std::fs::read(workshop.key("key", kind)).unwrap()).unwrap();
        let line = pem.lines().nth(2).unwrap();
        workshop.write(
            from,
            pem.replace(line, &line.chars().rev().collect::<String>()),
        )
    };
    for kind in [KINDS[0].1, P256] {
        let error = refusal(&swap(kind, "wrong"));
        assert!(matches!(error, KeyError::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_kind_that_we_do_not_sign_with_is_named() {
    let workshop = Workshop::new();
    for (kind, name) in [
        (&["RSA", "-pkeyopt", "rsa_keygen_bits:1024"][..], "RSA-1024"),
        (
            &["EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
            "EC on the curve secp256k1",
        ),
        (
            &["EC", "-pkeyopt", "ec_paramgen_curve:P-224"],
            "EC on the curve P-224",
        ),
        (
            &["EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
            "EC on the curve brainpoolP256r1",
        ),
        (&["X25519"], "X25519"),
        (&["ED448"], "Ed448"),
        (&["RSA-PSS"], "RSASSA-PSS"),
    ] {
        let error = refusal(&workshop.key("key", kind));
        assert!(
            matches!(&error, KeyError::Unsupported { kind, .. } if kind == name),
            "{name}: {}",
            report(&error)
        );
    }
    workshop.key("key", &["EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]);
    workshop.openssl(["pkey", "-in", "key", "-traditional", "-out", "sec1"]);
    let error = refusal(&workshop.path("sec1"));
    assert!(
        matches!(&error, KeyError::Unsupported { kind, .. } if kind == "EC on the curve secp256k1"),
        "{error}"
    );
}
