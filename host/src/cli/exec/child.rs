//! A child process: what it is told of signals, and how it ended.

use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus as Status};

use rustix::process::{Pid, getpgrp, kill_process};
use rustix::termios::tcgetpgrp;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::{ExitStatus, Failure};

/// A program that was started. It does not end with this value: that is its own business.
pub(super) struct Child {
    process: std::process::Child,
    ended: Signal,
    signals: Signals,
}

/// Signals that are meant for the child.
struct Signals {
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
    hang_up: Signal,
}

/// There is no child.
#[derive(Debug, thiserror::Error)]
#[error("cannot run `{}`", sealift::report::line(program))]
struct NotStarted {
    program: String,
    source: io::Error,
}

impl Child {
    /// Starts it. Signals that come from now on are the child's.
    pub(super) fn start(mut command: Command) -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(Failure::failed);
        let ended = listen(SignalKind::child())?;
        let signals = Signals {
            interrupt: listen(SignalKind::interrupt())?,
            quit: listen(SignalKind::quit())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
        };
        let process = command.spawn().map_err(|source| {
            let status = match source.kind() {
                io::ErrorKind::NotFound => ExitStatus::NotFound,
                _ => ExitStatus::NotExecutable,
            };
            let program = command.get_program().to_string_lossy().into_owned();
            Failure::new(status, NotStarted { program, source })
        })?;
        Ok(Self {
            process,
            ended,
            signals,
        })
    }

    /// Waits for its end, and passes signals on until then. The answer is the status that a shell would
    /// tell.
    pub(super) async fn wait(&mut self) -> Result<u8, Failure> {
        loop {
            if let Some(status) = self.process.try_wait().map_err(Failure::failed)? {
                return Ok(told(status));
            }
            tokio::select! {
                _ = self.ended.recv() => {}
                signal = self.signals.next() => self.pass_on(signal),
            }
        }
    }

    fn pass_on(&self, signal: rustix::process::Signal) {
        // One that has ended meanwhile needs no signal.
        if let Err(error) = kill_process(Pid::from_child(&self.process), signal) {
            tracing::debug!(%error, "the signal did not reach the program");
        }
    }
}

impl Signals {
    async fn next(&mut self) -> rustix::process::Signal {
        use rustix::process::Signal;
        loop {
            let (signal, typed) = tokio::select! {
                _ = self.interrupt.recv() => (Signal::INT, true),
                _ = self.quit.recv() => (Signal::QUIT, true),
                _ = self.terminate.recv() => (Signal::TERM, false),
                _ = self.hang_up.recv() => (Signal::HUP, false),
            };
            // A terminal tells all of the group that is in front of it: twice is once too often for programs
            // that give up on a second one.
            if !(typed && is_in_front()) {
                return signal;
            }
        }
    }
}

/// Whether what is typed at the terminal goes to this process and its children.
fn is_in_front() -> bool {
    let terminal = File::open("/dev/tty");
    terminal.is_ok_and(|terminal| tcgetpgrp(terminal) == Ok(getpgrp()))
}

/// As shells tell it.
fn told(status: Status) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_told_as_shells_tell_it() {
        // wait(2): the code is in the second byte, a signal in the lowest seven bits.
        for (raw, expected) in [(0, 0), (7 << 8, 7), (255 << 8, 255), (15, 143), (9, 137)] {
            assert_eq!(told(Status::from_raw(raw)), expected, "{raw:#x}");
        }
    }
}
