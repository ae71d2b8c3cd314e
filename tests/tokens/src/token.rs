//! A token, whatever it is made of.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Daemon;

/// A token that is called [`Token::LABEL`] and opens to [`Token::PIN`].
#[derive(Debug)]
pub struct Token {
    // In the order in which they must end.
    pub(crate) daemons: Vec<Daemon>,
    pub(crate) directory: TempDir,
    pub(crate) module: PathBuf,
    pub(crate) environment: Vec<(&'static str, OsString)>,
}

impl Token {
    /// Its label.
    pub const LABEL: &str = "gateway";

    /// Long enough to be found in a memory, if it is there, and to be no coincidence then.
    pub const PIN: &str = "correct-horse-battery-pin";

    /// The PIN of its security officer.
    pub(crate) const SO_PIN: &str = "officer-pin";

    pub(crate) fn empty(module: PathBuf) -> io::Result<Self> {
        let directory = tempfile::tempdir()?;
        let pin = directory.path().join("pin");
        fs::write(&pin, Self::PIN)?;
        fs::set_permissions(pin, Permissions::from_mode(0o600))?;
        Ok(Self {
            daemons: Vec::new(),
            directory,
            module,
            environment: Vec::new(),
        })
    }

    /// The PKCS#11 module that knows it.
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// What its module finds it by.
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, &OsString)> {
        self.environment.iter().map(|(name, value)| (*name, value))
    }

    /// A path in its directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The file that holds its PIN.
    pub fn pin_file(&self) -> PathBuf {
        self.path("pin")
    }

    /// The PKCS#11 URI of an object of this label, with the PIN from its file.
    pub fn uri(&self, label: &str) -> String {
        let (token, pin) = (Self::LABEL, self.pin_file());
        format!(
            "pkcs11:token={token};object={label}?pin-source=file:{}",
            pin.display()
        )
    }

    /// Its daemons, the one that knows the keys first.
    pub fn daemons(&self) -> &[Daemon] {
        &self.daemons
    }

    /// What `pkcs11-tool`, logged in, prints.
    pub fn pkcs11_tool(&self, arguments: &[&str]) -> io::Result<String> {
        let mut command = Command::new("pkcs11-tool");
        command.arg("--module").arg(&self.module);
        command.args(["--token-label", Self::LABEL, "--login", "--pin", Self::PIN]);
        self.run(command.args(arguments))
    }

    /// Runs a program that uses it.
    pub(crate) fn run(&self, command: &mut Command) -> io::Result<String> {
        command
            .envs(self.environment())
            .current_dir(self.directory.path());
        let program = command.get_program().display().to_string();
        let output = command.output().map_err(|error| {
            io::Error::other(format!("{program}: {error}; tests/run installs it"))
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!(
            "{program} {}: {said}",
            output.status
        )))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::PathBuf;

    use crate::Token;

    const MAKE: [&str; 5] = [
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--label",
        "key",
    ];

    #[test]
    fn each_kind_of_token_makes_keys_for_whoever_has_its_pin() {
        for token in [Token::software(), Token::tpm()] {
            let token = token.unwrap();
            token.pkcs11_tool(&MAKE).unwrap();
            let keys = token.pkcs11_tool(&["--list-objects"]).unwrap();
            assert!(keys.contains("Private Key Object"), "{keys}");
            let wrong = token.pkcs11_tool(&["--list-objects", "--pin", "wrong-pin"]);
            let wrong = wrong.unwrap_err().to_string();
            assert!(wrong.contains("CKR_PIN_INCORRECT"), "{wrong}");
        }
    }

    #[test]
    fn nothing_runs_when_it_is_gone() {
        let token = Token::tpm().unwrap();
        let process = |daemon: &super::Daemon| PathBuf::from(format!("/proc/{}", daemon.id()));
        let processes: Vec<_> = token.daemons().iter().map(process).collect();
        assert!(processes.len() == 3 && processes.iter().all(|process| process.exists()));
        drop(token);
        assert!(!processes.iter().any(|process| process.exists()));
    }
}
