//! `SoftHSM`: keys in files, and the cryptography in the process that loads the module.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::Token;

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

impl Token {
    /// An empty `SoftHSM` token.
    pub fn software() -> io::Result<Self> {
        let mut token = Self::empty(MODULE.into())?;
        let (tokens, configuration) = (token.path("tokens"), token.path("softhsm2.conf"));
        fs::create_dir(&tokens)?;
        let text = format!("directories.tokendir = {}\n", tokens.display());
        fs::write(&configuration, text)?;
        token.environment = vec![("SOFTHSM2_CONF", configuration.into())];
        let mut init = Command::new("softhsm2-util");
        init.args(["--init-token", "--free", "--label", Self::LABEL]);
        init.args(["--pin", Self::PIN, "--so-pin", Self::SO_PIN]);
        token.run(&mut init)?;
        Ok(token)
    }

    /// Takes a `SoftHSM` token away from whoever uses it. Its module is left without one.
    pub fn pull_out(&self) -> io::Result<()> {
        move_all(&self.path("tokens"), &self.path("away"))
    }

    /// Puts it back.
    pub fn put_back(&self) -> io::Result<()> {
        move_all(&self.path("away"), &self.path("tokens"))
    }

    /// Puts a PKCS #8 key onto a `SoftHSM` token.
    pub fn import_into_software(&self, key: &Path, label: &str) -> io::Result<()> {
        let mut import = Command::new("softhsm2-util");
        import.arg("--import").arg(key);
        import.args(["--token", Self::LABEL, "--pin", Self::PIN]);
        import.args(["--label", label, "--id", "01"]);
        self.run(&mut import).map(drop)
    }
}

/// Moves the tokens, each of which is a folder.
fn move_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for token in fs::read_dir(from)? {
        let token = token?;
        fs::rename(token.path(), to.join(token.file_name()))?;
    }
    Ok(())
}
