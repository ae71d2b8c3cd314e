//! The gateway service, `sealift run`, as a process that goes on.

use std::fs::File;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::peers::Peers;
use crate::resident::{self, Memory};

/// How long a service may take to be ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// A service at work. Dropped, it is killed, as by a loss of power.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    /// Where it tells how it is.
    notices: UnixDatagram,
    _folder: tempfile::TempDir,
    /// When it was started.
    pub(crate) begun: Instant,
}

impl Service {
    /// Starts a service. Its log is beside its configuration.
    pub(crate) fn start(peers: &Peers<'_>, config: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let socket = folder.path().join("notices");
        let notices = UnixDatagram::bind(&socket).context("no socket for readiness")?;
        notices.set_read_timeout(Some(PATIENCE))?;
        let mut command = Command::new(&peers.programs.sealift);
        command
            .arg("--config")
            .arg(config)
            .arg("run")
            .env("XDG_CACHE_HOME", peers.stage.path("cache"))
            .env("NOTIFY_SOCKET", &socket)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(config.with_extension("log"))?);
        let begun = Instant::now();
        Ok(Self {
            child: command.spawn().context("cannot start the service")?,
            notices,
            _folder: folder,
            begun,
        })
    }

    /// Waits until it is ready (`sd_notify(3)`).
    pub(crate) fn ready(&self) -> Result<()> {
        let mut notice = [0; 256];
        loop {
            let length = self.notices.recv(&mut notice);
            let length = length.context("the service is not ready; see its log in the stage")?;
            let mut lines = notice[..length].split(|&byte| byte == b'\n');
            if lines.any(|line| line == b"READY=1") {
                return Ok(());
            }
        }
    }

    /// Its resident memory.
    pub(crate) fn memory(&self) -> Result<Memory> {
        Memory::of(self.child.id())
    }

    /// The processor time that it used so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        resident::cpu(self.child.id())
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the service ended with {status}");
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let killed = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = killed
            && error.kind() != io::ErrorKind::InvalidInput
        {
            eprintln!("cannot end the service: {error}");
        }
    }
}
