//! A software token in a directory of its own, that can be made to fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sealift_config::{CertificateReference, KeyPermissions, KeyReference, Pkcs11Uri};
use sealift_keystore::{IdentityFiles, TokenSettings};

use crate::support::{LEAF, Workshop};

/// A `SoftHSM` token `token` whose key `key` has the id 01 and is also the file
/// `key` of its workshop, with the `certificate` by `ca`.
pub(crate) struct SoftToken {
    pub(crate) workshop: Workshop,
    /// `SoftHSM` has one configuration for a process.
    _turn: MutexGuard<'static, ()>,
}

static TURN: Mutex<()> = Mutex::new(());

const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub(crate) const PIN: &str = "correct-pin";

impl SoftToken {
    pub(crate) fn new(kind: &[&str]) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let workshop = Workshop::new();
        workshop.device(kind);
        let tokens = workshop.path("tokens");
        fs::create_dir(&tokens).unwrap();
        let conf = format!("directories.tokendir = {}\n", tokens.display());
        fs::write(workshop.path("softhsm2.conf"), conf).unwrap();
        workshop.write("pin", PIN);
        let token = Self {
            workshop,
            _turn: turn,
        };
        token.make_module();
        token.make_token("token");
        token.import("key", "key", "01");
        token
    }

    /// The module, with a path of its own.
    pub(crate) fn module(&self) -> PathBuf {
        self.workshop.path("module.so")
    }

    pub(crate) fn settings(&self) -> TokenSettings {
        TokenSettings {
            module: Some(self.module()),
            credentials_directory: Some(self.workshop.path("")),
        }
    }

    /// The identity with the key on the token and the certificate in its file.
    pub(crate) fn files(&self) -> IdentityFiles {
        IdentityFiles {
            certificate: CertificateReference::File(self.workshop.path("certificate")),
            key: KeyReference::Pkcs11(uri("pkcs11:token=token;object=key?pin-source=pin")),
            key_permissions: KeyPermissions::Strict,
            tokens: self.settings(),
        }
    }

    /// Makes another token.
    pub(crate) fn make_token(&self, label: &str) {
        let arguments = ["--init-token", "--free", "--label", label];
        self.run(
            "softhsm2-util",
            &arguments,
            &["--so-pin", "so-pin", "--pin", PIN],
        );
    }

    /// Puts a key file of the workshop onto the token.
    pub(crate) fn import(&self, file: &str, label: &str, id: &str) {
        let path = self.workshop.path(file);
        let arguments = ["--import", path.to_str().unwrap(), "--token", "token"];
        self.run(
            "softhsm2-util",
            &arguments,
            &["--label", label, "--id", id, "--pin", PIN],
        );
    }

    /// Puts a certificate of the workshop onto the token.
    pub(crate) fn import_certificate(&self, file: &str, label: &str, id: &str) {
        self.workshop
            .openssl(["x509", "-in", file, "-outform", "DER", "-out", "der"]);
        let path = self.workshop.path("der");
        let object = ["--type", "cert", "--label", label, "--id", id];
        let write = ["--write-object", path.to_str().unwrap()];
        self.pkcs11_tool(&[&write[..], &object].concat());
    }

    /// What `pkcs11-tool`, logged in, prints.
    pub(crate) fn pkcs11_tool(&self, arguments: &[&str]) -> String {
        let login = [
            "--module",
            SOFTHSM,
            "--token-label",
            "token",
            "--login",
            "--pin",
            PIN,
        ];
        self.run("pkcs11-tool", &login, arguments)
    }

    /// Has the module fail like that from now on; see `faulty_module.c`.
    pub(crate) fn fail(&self, fault: &str) {
        // At once, so that the module never reads half of a word.
        fs::write(self.workshop.path("new-fault"), fault).unwrap();
        self.workshop.replace("fault", "new-fault");
    }

    /// Ends the fault.
    pub(crate) fn recover(&self) {
        fs::remove_file(self.workshop.path("fault")).unwrap();
    }

    /// How many logins were tried.
    pub(crate) fn logins(&self) -> usize {
        fs::read(self.workshop.path("logins")).map_or(0, |logins| logins.len())
    }

    /// A certificate of the device's key by another authority, `name.pem`.
    pub(crate) fn issue(&self, certificate: &str, key: &str, authority: &str) {
        self.workshop.certificate(certificate, key, authority, LEAF);
    }

    fn make_module(&self) {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/faulty_module.c");
        let softhsm = format!("-DSOFTHSM=\"{SOFTHSM}\"");
        let compile = ["-shared", "-fPIC", "-w", &softhsm, "-o", "module.so"];
        self.run("cc", &compile, &[source.to_str().unwrap(), "-ldl"]);
    }

    fn run(&self, program: &str, arguments: &[&str], more: &[&str]) -> String {
        let output = Command::new(program)
            .args(arguments)
            .args(more)
            .env("SOFTHSM2_CONF", self.workshop.path("softhsm2.conf"))
            .current_dir(self.workshop.path(""))
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}; tests/run installs it"));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {told}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

pub(crate) fn uri(text: &str) -> Pkcs11Uri {
    text.parse().unwrap()
}
