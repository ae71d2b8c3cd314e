//! What a client's processes used.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait4::Wait4;

/// The cost of some work.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// From the first start to the last end.
    pub(crate) wall: Duration,
    /// User and system time, of children too.
    pub(crate) cpu: Duration,
    /// The largest resident set of any one process, in bytes. The kernel counts from before the
    /// `exec`, so that nothing is below the size of this program.
    pub(crate) peak: u64,
}

/// Runs commands one after the other; all of them have to succeed.
pub(crate) fn run(commands: Vec<Command>) -> Result<Usage> {
    let mut total = Usage::default();
    for mut command in commands {
        let name = command.get_program().to_string_lossy().into_owned();
        let usage = run_one(&mut command).with_context(|| format!("`{name}` failed"))?;
        total.wall += usage.wall;
        total.cpu += usage.cpu;
        total.peak = total.peak.max(usage.peak);
    }
    Ok(total)
}

fn run_one(command: &mut Command) -> Result<Usage> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let mut complaint = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut complaint)?;
    }
    let ended = child.wait4()?;
    if !ended.status.success() {
        bail!("{}: {}", ended.status, complaint.trim());
    }
    Ok(Usage {
        wall: begun.elapsed(),
        cpu: ended.rusage.utime + ended.rusage.stime,
        peak: ended.rusage.maxrss,
    })
}
