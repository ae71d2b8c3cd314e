//! Certificates and keys that belong together, and those that do not.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::process::Command;

use sealift_config::{CertificateReference, Config, Environment, KeyReference};
use sealift_keystore::{
    Certificate, CertificateChain, ChainError, DeviceKey, IdentityError, IdentityFiles,
    KeyAlgorithm, KeyError, PemError,
};
use support::{KINDS, LEAF, P256, Workshop, days, now, report};

fn refusal(files: &IdentityFiles) -> IdentityError {
    files.load(now()).unwrap_err()
}

fn chain_refusal(workshop: &Workshop, content: impl AsRef<[u8]>) -> ChainError {
    CertificateChain::open(&workshop.write("chain", content)).unwrap_err()
}

#[test]
fn an_identity_tells_the_public_facts_of_its_certificate() {
    let workshop = Workshop::new();
    let files = workshop.device(P256);
    let identity = files.load(now()).unwrap();
    let leaf = identity.chain().leaf();
    assert_eq!(leaf.subject(), "CN=certificate");
    assert_eq!(leaf.issuer(), "CN=ca");
    assert_eq!(leaf.algorithm(), Some(KeyAlgorithm::EcdsaP256));
    assert_eq!(identity.key().algorithm(), KeyAlgorithm::EcdsaP256);
    assert_eq!(
        leaf.not_after()
            .0
            .duration_since(leaf.not_before().0)
            .unwrap(),
        days(30)
    );
    assert_eq!(identity.generation(), 0);

    let fingerprint = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(files.certificate.path().unwrap())
        .output()
        .unwrap();
    let fingerprint = String::from_utf8(fingerprint.stdout).unwrap();
    let digits = fingerprint
        .trim()
        .rsplit('=')
        .next()
        .unwrap()
        .replace(':', "");
    assert_eq!(leaf.fingerprint().to_string(), digits.to_lowercase());
}

#[test]
fn the_key_of_another_device_is_refused_naming_both_files() {
    let workshop = Workshop::new();
    let mut files = workshop.device(P256);
    files.key = KeyReference::File(workshop.key("other", P256));
    let error = refusal(&files);
    assert!(matches!(error, IdentityError::Mismatch { .. }), "{error}");
    let message = error.to_string();
    for name in ["certificate", "other"] {
        let path = workshop.path(name).display().to_string();
        assert_eq!(message.matches(&path).count(), 2, "{message}");
    }
    assert!(message.contains("openssl x509 -in"), "{message}");
}

#[test]
fn a_key_of_another_kind_is_a_mismatch_too() {
    let workshop = Workshop::new();
    let mut files = workshop.device(P256);
    for (_, kind) in KINDS {
        files.key = KeyReference::File(workshop.key("other", kind));
        assert!(matches!(refusal(&files), IdentityError::Mismatch { .. }));
    }
}

#[test]
fn a_certificate_is_refused_outside_of_its_time_with_both_dates() {
    let workshop = Workshop::new();
    let files = workshop.device(P256);
    let leaf = files.load(now()).unwrap().chain().leaf().clone();

    let early = leaf.not_before().0 - days(1);
    let error = files.load(early).unwrap_err();
    assert!(
        matches!(error, IdentityError::NotYetValid { .. }),
        "{error}"
    );
    assert!(
        error.to_string().contains(&leaf.not_before().to_string()),
        "{error}"
    );
    assert!(
        error.to_string().contains("time synchronisation"),
        "{error}"
    );

    let late = leaf.not_after().0 + days(1);
    let error = files.load(late).unwrap_err();
    assert!(matches!(error, IdentityError::Expired { .. }), "{error}");
    assert!(
        error.to_string().contains(&leaf.not_after().to_string()),
        "{error}"
    );
}

#[test]
fn both_ends_of_the_validity_are_inclusive() {
    let workshop = Workshop::new();
    let files = workshop.device(P256);
    let leaf = files.load(now()).unwrap().chain().leaf().clone();
    let millis = std::time::Duration::from_millis;
    let (first, last) = (leaf.not_before().0, leaf.not_after().0);
    assert!(files.load(first).is_ok());
    assert!(matches!(
        files.load(first - millis(1)),
        Err(IdentityError::NotYetValid { .. })
    ));
    assert!(files.load(last + millis(999)).is_ok());
    assert!(matches!(
        files.load(last + millis(1000)),
        Err(IdentityError::Expired { .. })
    ));
}

/// A device certificate by an intermediate authority: `certificate`, `middle.pem`
/// and `ca.pem`.
fn three_levels(workshop: &Workshop) -> [Vec<u8>; 3] {
    workshop.authority("ca");
    workshop.key("middle.key", P256);
    workshop.certificate(
        "middle.pem",
        "middle.key",
        "ca",
        "basicConstraints=critical,CA:TRUE",
    );
    workshop.key("key", P256);
    workshop.certificate("certificate", "key", "middle", LEAF);
    ["certificate", "middle.pem", "ca.pem"].map(|name| workshop.read(name))
}

#[test]
fn a_chain_keeps_its_order() {
    let workshop = Workshop::new();
    let certificates = three_levels(&workshop);
    workshop.write("certificate", certificates.concat());
    let identity = workshop.files().load(now()).unwrap();
    let issuers: Vec<_> = identity
        .chain()
        .issuers()
        .iter()
        .map(Certificate::subject)
        .collect();
    assert_eq!(issuers, ["CN=middle.pem", "CN=ca"]);
    assert_eq!(identity.chain().der().len(), 3);
    assert_eq!(&identity.chain().der()[0], identity.chain().leaf().der());
}

#[test]
fn a_chain_in_another_order_is_refused() {
    let workshop = Workshop::new();
    let [leaf, middle, ca] = three_levels(&workshop);
    let reversed = [ca.clone(), middle.clone(), leaf.clone()].concat();
    let error = chain_refusal(&workshop, reversed);
    assert!(matches!(error, ChainError::Reversed { .. }), "{error}");

    let error = chain_refusal(
        &workshop,
        [leaf.clone(), ca.clone(), middle.clone()].concat(),
    );
    assert!(
        matches!(&error, ChainError::NotLinked { position: 1, issuer, next, .. }
        if issuer == "CN=middle.pem" && next == "CN=ca"),
        "{error}"
    );

    let error = chain_refusal(&workshop, [leaf.clone(), leaf].concat());
    assert!(
        matches!(error, ChainError::NotLinked { position: 1, .. }),
        "{error}"
    );

    // In order, but it begins with the issuer and the key is the issuer's issuer's.
    workshop.write("certificate", [middle, ca].concat());
    let mut files = workshop.files();
    files.key = KeyReference::File(workshop.path("ca.key"));
    let error = refusal(&files);
    assert!(
        matches!(error, IdentityError::LeafNotFirst { position: 2, .. }),
        "{error}"
    );
}

#[test]
fn what_is_no_certificate_is_called_what_it_is() {
    let workshop = Workshop::new();
    workshop.device(P256);
    let certificate = workshop.read("certificate");
    workshop.openssl([
        "x509",
        "-in",
        "certificate",
        "-outform",
        "DER",
        "-out",
        "der",
    ]);

    let error = chain_refusal(&workshop, workshop.read("der"));
    assert!(matches!(error, ChainError::Der { .. }), "{error}");
    let error = chain_refusal(
        &workshop,
        [certificate.clone(), workshop.read("key")].concat(),
    );
    assert!(matches!(error, ChainError::HoldsKey { .. }), "{error}");
    let error = chain_refusal(&workshop, workshop.read("key"));
    assert!(matches!(error, ChainError::HoldsKey { .. }), "{error}");
    let error = chain_refusal(&workshop, workshop.read("request"));
    assert!(
        matches!(&error, ChainError::NotACertificate { found, .. } if found == "CERTIFICATE REQUEST")
    );
    let error = chain_refusal(&workshop, certificate.repeat(11));
    assert!(matches!(error, ChainError::TooLong { .. }), "{error}");
    let error = chain_refusal(&workshop, "");
    assert!(matches!(
        error,
        ChainError::Pem {
            source: PemError::Empty,
            ..
        }
    ));
    let error = chain_refusal(
        &workshop,
        "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n",
    );
    assert!(
        matches!(error, ChainError::Malformed { position: 1, .. }),
        "{}",
        report(&error)
    );
}

#[test]
fn a_bare_tpm_handle_is_typed_as_unsupported() {
    let workshop = Workshop::new();
    let mut files = workshop.device(P256);
    files.key = "handle:0x81000001".parse().unwrap();
    let error = refusal(&files);
    assert!(
        matches!(
            error,
            IdentityError::Key(KeyError::UnsupportedReference { .. })
        ),
        "{error}"
    );
}

#[test]
fn the_configuration_names_the_files() {
    let text =
        "[device]\ncertificate = 'c'\nkey = 'k'\n[credentials]\nendpoint = 'e'\nrole_alias = 'r'";
    let config = Config::parse(text, "/etc/x.toml".as_ref(), &Environment::default()).unwrap();
    let files = IdentityFiles::from(&config.device);
    let certificate = CertificateReference::File("/etc/c".into());
    assert_eq!(files.certificate, certificate);
    assert_eq!(files.key, KeyReference::File("/etc/k".into()));
}

#[test]
fn debug_of_everything_shows_nothing_of_the_key() {
    for (algorithm, kind) in KINDS {
        let workshop = Workshop::new();
        let identity = workshop.device(kind).load(now()).unwrap();
        let store = sealift_keystore::IdentityStore::open(workshop.files(), now()).unwrap();
        let resolver = identity.resolver();
        let key = resolver.resolve(&[], identity.key().schemes()).unwrap();
        let signer = key.key.choose_scheme(identity.key().schemes()).unwrap();
        let shown = format!(
            "{identity:?} {store:?} {resolver:?} {key:?} {signer:?} {:?}",
            identity.key()
        );

        workshop.openssl(["pkey", "-in", "key", "-outform", "DER", "-out", "der"]);
        let public = identity.chain().leaf().der().to_vec();
        let secret = fs::read(workshop.path("der")).unwrap();
        let secret: Vec<_> = secret
            .windows(8)
            .filter(|window| !public.windows(8).any(|other| other == *window))
            .collect();
        assert!(
            secret.len() >= 24,
            "{algorithm}: no secret bytes to look for"
        );
        for window in secret {
            let decimal = format!("{window:?}");
            let hex = window
                .iter()
                .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
            assert!(
                !shown.contains(decimal.trim_matches(['[', ']'])),
                "{algorithm}"
            );
            assert!(!shown.contains(&hex), "{algorithm}");
        }
        let pem = String::from_utf8(workshop.read("key")).unwrap();
        let lines = || pem.lines().filter(|line| !line.starts_with("-----"));
        assert!(lines().all(|line| !shown.contains(line)), "{algorithm}");
    }
}

#[test]
fn a_file_key_is_usable_from_several_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    let workshop = Workshop::new();
    let identity = workshop.device(P256).load(now()).unwrap();
    shared(&identity);
    let key = identity.key();
    let schemes = key.schemes();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| DeviceKey::sign(&**key, schemes[0], b"message").unwrap());
        }
    });
}
