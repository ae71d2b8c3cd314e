//! A server that runs beside a test.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Far more than a start takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks.
const GLANCE: Duration = Duration::from_millis(5);

/// How long a process may take to end its own children.
const LEAVE: Duration = Duration::from_secs(5);

/// A process that does not end by itself. It ends with the value.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts it. What it says goes into the file `log`.
    pub fn start(command: &mut Command, log: &Path) -> io::Result<Self> {
        let output = File::create(log)?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let child = command.spawn().map_err(|error| {
            let program = command.get_program().display();
            io::Error::other(format!("{program}: {error}; tests/run installs it"))
        })?;
        Ok(Self {
            child,
            log: log.to_owned(),
        })
    }

    /// Waits until it is ready; an error if it ends before.
    pub fn wait_until(&mut self, ready: impl Fn() -> bool) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !ready() {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                return Err(io::Error::other(format!("not ready: {}", self.said())));
            }
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        let said = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let deadline = Instant::now() + LEAVE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(GLANCE);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
