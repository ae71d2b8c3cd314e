//! What a process that goes on has used so far, as the kernel tells it in `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// What the kernel counts processor time in for `/proc`, on all machines that matter here.
const TICK: Duration = Duration::from_millis(10);

/// Resident memory, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// The most that there was of both kinds at once.
    pub(crate) peak: u64,
    /// Memory of the process.
    pub(crate) own: u64,
    /// Pages of files, most of them of the program's own, which the kernel shares and drops as it likes.
    pub(crate) files: u64,
}

impl Memory {
    /// That of a process, by its number.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        Self::parse(&status).context("the kernel does not tell of resident memory")
    }

    /// Of both kinds.
    pub(crate) fn now(self) -> u64 {
        self.own + self.files
    }

    fn parse(status: &str) -> Option<Self> {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
            Some(kibibytes << 10)
        };
        Some(Self {
            peak: field("VmHWM:")?,
            own: field("RssAnon:")?,
            files: field("RssFile:")? + field("RssShmem:")?,
        })
    }
}

/// User and system time of all threads of a process, by its number; to a hundredth of a second.
pub(crate) fn cpu(process: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let ticks = ticks(&stat).context("the kernel does not tell of processor time")?;
    Ok(TICK * u32::try_from(ticks)?)
}

/// The 14th and 15th word (`proc_pid_stat(5)`); the second is in parentheses and may contain anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut times = after_name.split_whitespace().skip(11);
    let mut next = || times.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_apart_by_what_is_behind_it() {
        let status = "Name:\tVmHWM: 9 kB\nVmHWM:\t   30 kB\nRssAnon:\t    6 kB\nRssFile:\t   20 kB\nRssShmem:\t    1 kB\n";
        let memory = Memory::parse(status);
        let expected = Memory {
            peak: 30 << 10,
            own: 6 << 10,
            files: 21 << 10,
        };
        assert_eq!(memory, Some(expected));
        assert_eq!(Memory::parse("VmHWM:\t 30 kB\n"), None);
    }

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 900 0 0 0 12 30 0 0 20 0 3 0 5000";
        assert_eq!(ticks(stat), Some(42));
    }
}
