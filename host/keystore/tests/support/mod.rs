//! Keys and certificates as OpenSSL makes them.

#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "tests")]

pub(crate) mod soft_token;

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use sealift_config::{CertificateReference, KeyPermissions, KeyReference};
use sealift_keystore::{IdentityFiles, KeyAlgorithm, TokenSettings};
use tempfile::TempDir;

/// The kinds of keys that are supported, with the arguments that make OpenSSL
/// generate one.
pub(crate) const KINDS: [(KeyAlgorithm, &[&str]); 5] = [
    (
        KeyAlgorithm::Rsa { bits: 2048 },
        &["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    ),
    (
        KeyAlgorithm::EcdsaP256,
        &["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ),
    (
        KeyAlgorithm::EcdsaP384,
        &["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    ),
    (
        KeyAlgorithm::EcdsaP521,
        &["EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    ),
    (KeyAlgorithm::Ed25519, &["ED25519"]),
];

/// Arguments for a key that is quickly made.
pub(crate) const P256: &[&str] = KINDS[1].1;

/// A directory with keys and certificates.
pub(crate) struct Workshop(TempDir);

impl Workshop {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `openssl` in the directory.
    pub(crate) fn openssl<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(self.0.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Generates a PKCS #8 key that only we can read.
    pub(crate) fn key(&self, name: &str, kind: &[&str]) -> PathBuf {
        let arguments = [&["genpkey", "-out", name, "-algorithm"], kind].concat();
        self.openssl(arguments);
        self.path(name)
    }

    /// Makes `name.pem` and `name.key` of a certificate authority.
    pub(crate) fn authority(&self, name: &str) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        self.key(&key, P256);
        let subject = format!("/CN={name}");
        self.openssl([
            "req",
            "-x509",
            "-new",
            "-key",
            &key,
            "-subj",
            &subject,
            "-days",
            "30",
            "-out",
            &certificate,
        ]);
    }

    /// Makes a certificate for a key, valid from now on for 30 days, with the
    /// extensions of `openssl`'s extension files.
    pub(crate) fn certificate(
        &self,
        name: &str,
        key: &str,
        authority: &str,
        extensions: &str,
    ) -> PathBuf {
        let subject = format!("/CN={name}");
        self.openssl([
            "req", "-new", "-key", key, "-subj", &subject, "-out", "request",
        ]);
        fs::write(self.path("extensions"), extensions).unwrap();
        let (ca, ca_key) = (format!("{authority}.pem"), format!("{authority}.key"));
        self.openssl([
            "x509",
            "-req",
            "-in",
            "request",
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            "extensions",
            "-out",
            name,
        ]);
        self.path(name)
    }

    /// A device's `key` and `certificate`, by the authority `ca`.
    pub(crate) fn device(&self, kind: &[&str]) -> IdentityFiles {
        self.authority("ca");
        self.key("key", kind);
        self.certificate("certificate", "key", "ca", LEAF);
        self.files()
    }

    pub(crate) fn files(&self) -> IdentityFiles {
        IdentityFiles {
            certificate: CertificateReference::File(self.path("certificate")),
            key: KeyReference::File(self.path("key")),
            key_permissions: KeyPermissions::Strict,
            tokens: TokenSettings::default(),
        }
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Writes a file that only we can read.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        set_mode(&path, 0o600);
        path
    }

    /// Puts `new` in the place of `old`, as a careful rotation does.
    pub(crate) fn replace(&self, old: &str, new: &str) {
        fs::rename(self.path(new), self.path(old)).unwrap();
    }
}

/// The extensions of a certificate that issues no others.
pub(crate) const LEAF: &str = "basicConstraints=critical,CA:FALSE";

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

pub(crate) fn days(days: u64) -> Duration {
    Duration::from_hours(24 * days)
}

/// A little later than the certificates were made, whose dates are in seconds.
pub(crate) fn now() -> SystemTime {
    SystemTime::now() + Duration::from_secs(1)
}

/// An error with all its causes, as users see it.
pub(crate) fn report(error: &dyn std::error::Error) -> String {
    let mut report = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        report.push_str(": ");
        report.push_str(&cause.to_string());
        source = cause.source();
    }
    report
}
