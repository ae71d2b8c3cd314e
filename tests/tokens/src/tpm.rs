//! A TPM 2.0 in software: swtpm, reached by tpm2-pkcs11 through tpm2-abrmd.
//!
//! A TPM has room for three objects at once, and the commands of tpm2-tools leave theirs behind. The
//! kernel's resource manager makes room behind `/dev/tpmrm0`; here it is tpm2-abrmd, on a D-Bus of
//! its own.

use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Daemon, Token};

/// Where Debian puts the module: below the folder of the architecture.
const MODULE: &str = "libtpm2_pkcs11.so.1";

/// A bus for whoever finds it.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=BUS</listen>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"#;

impl Token {
    /// An empty token in a TPM, as `docs/keys.md` says to make it.
    pub fn tpm() -> io::Result<Self> {
        let mut token = Self::empty(module()?)?;
        fs::create_dir(token.path("store"))?;
        token.start_tpm()?;
        token.run(Command::new("tpm2_ptool").arg("init"))?;
        let mut add = Command::new("tpm2_ptool");
        add.args(["addtoken", "--pid=1", "--label", Self::LABEL]);
        add.args(["--userpin", Self::PIN, "--sopin", Self::SO_PIN]);
        token.run(&mut add)?;
        Ok(token)
    }

    /// Brings a key that was made elsewhere into a TPM. `algorithm` is `tpm2_ptool`'s name: `rsa` or `ecc`.
    pub fn import_into_tpm(&self, key: &Path, algorithm: &str, label: &str) -> io::Result<()> {
        let mut import = Command::new("tpm2_ptool");
        import.args(["import", "--label", Self::LABEL, "--userpin", Self::PIN]);
        import.args(["--key-label", label, "--algorithm", algorithm]);
        import.arg("--privkey").arg(key);
        self.run(&mut import).map(drop)
    }

    fn start_tpm(&mut self) -> io::Result<()> {
        let mut tpm = self.swtpm()?;
        let sockets = [self.path("tpm"), self.path("tpm.ctrl")];
        tpm.wait_until(|| {
            let listens = |socket: &PathBuf| UnixStream::connect(socket).is_ok();
            sockets.iter().all(listens)
        })?;
        let configuration = BUS.replace("BUS", &self.path("bus").display().to_string());
        fs::write(self.path("bus.conf"), configuration)?;
        let mut bus = Command::new("dbus-daemon");
        bus.arg("--config-file").arg(self.path("bus.conf"));
        bus.args(["--nofork", "--nopidfile"]);
        let mut bus = Daemon::start(&mut bus, &self.path("bus.log"))?;
        let socket = self.path("bus");
        bus.wait_until(|| UnixStream::connect(&socket).is_ok())?;
        let address = format!("unix:path={}", socket.display());
        self.environment = vec![
            ("DBUS_SESSION_BUS_ADDRESS", address.into()),
            ("TPM2TOOLS_TCTI", "tabrmd:bus_type=session".into()),
            ("TPM2_PKCS11_TCTI", "tabrmd:bus_type=session".into()),
            ("TPM2_PKCS11_STORE", self.path("store").into()),
            // Libraries say on standard error what their callers judge.
            ("TSS2_LOG", "all+none".into()),
        ];
        let manager = self.resource_manager()?;
        self.daemons = vec![tpm, manager, bus];
        Ok(())
    }

    fn swtpm(&self) -> io::Result<Daemon> {
        let state = self.path("state");
        fs::create_dir_all(&state)?;
        let socket = |name: &str| format!("type=unixio,path={}", self.path(name).display());
        let mut command = Command::new("swtpm");
        command.args(["socket", "--tpm2", "--flags", "startup-clear,not-need-init"]);
        command
            .arg("--tpmstate")
            .arg(format!("dir={}", state.display()));
        command.arg("--server").arg(socket("tpm"));
        // tpm2-tss looks for it beside the other.
        command.arg("--ctrl").arg(socket("tpm.ctrl"));
        Daemon::start(&mut command, &self.path("tpm.log"))
    }

    fn resource_manager(&self) -> io::Result<Daemon> {
        let mut command = Command::new("tpm2-abrmd");
        command
            .arg("--session")
            .arg(format!("--tcti=swtpm:path={}", self.path("tpm").display()));
        // It warns of it, and does it only if told so.
        command.arg("--allow-root").envs(self.environment());
        let mut manager = Daemon::start(&mut command, &self.path("abrmd.log"))?;
        let answers = || {
            let mut ask = Command::new("tpm2_getrandom");
            ask.args(["--hex", "1"]).envs(self.environment());
            let asked = ask.stdout(Stdio::null()).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        };
        manager.wait_until(answers)?;
        Ok(manager)
    }
}

fn module() -> io::Result<PathBuf> {
    let mut folders = fs::read_dir("/usr/lib")?.filter_map(Result::ok);
    let module = folders.find_map(|folder| {
        let path = folder.path().join(MODULE);
        path.exists().then_some(path)
    });
    module.ok_or_else(|| io::Error::other(format!("no {MODULE}; tests/run installs it")))
}
