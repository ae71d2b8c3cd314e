//! The memory of another process, as root sees it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use aho_corasick::AhoCorasick;
use rustix::process::{Pid, Signal, kill_process};

/// What is read at once, in bytes.
const CHUNK: usize = 1 << 20;

/// The memory of a process that stands still while it is looked at.
///
/// Nobody else may look into a process that is not dumpable: the tests that do are run as root.
pub struct ProcessMemory {
    process: Pid,
    memory: File,
    regions: Vec<(u64, u64)>,
}

impl ProcessMemory {
    /// Stops the process. It goes on with the end of the value.
    pub fn of(process: u32) -> Self {
        let raw = i32::try_from(process).unwrap();
        let pid = Pid::from_raw(raw).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
        let read = |what: &str| format!("/proc/{process}/{what}");
        let maps = fs::read_to_string(read("maps")).expect("root looks into the process");
        Self {
            process: pid,
            memory: File::open(read("mem")).unwrap(),
            regions: maps.lines().filter_map(region).collect(),
        }
    }

    /// The names of those pieces that are anywhere in it.
    pub fn find<'n>(&self, pieces: &[(&'n str, Vec<u8>)]) -> BTreeSet<&'n str> {
        let longest = pieces.iter().map(|(_, piece)| piece.len()).max().unwrap();
        let search = AhoCorasick::new(pieces.iter().map(|(_, piece)| piece)).unwrap();
        let mut found = BTreeSet::new();
        let mut chunk = vec![0; CHUNK];
        for (start, end) in &self.regions {
            let mut at = *start;
            while at < *end {
                let length = usize::try_from(end - at).unwrap_or(CHUNK).min(CHUNK);
                // The kernel keeps some regions to itself, though they are marked readable.
                if self.memory.read_exact_at(&mut chunk[..length], at).is_ok() {
                    let here = search.find_overlapping_iter(&chunk[..length]);
                    found.extend(here.map(|piece| pieces[piece.pattern().as_usize()].0));
                }
                if at + length as u64 == *end {
                    break;
                }
                // What lies across two chunks is in the next one.
                at += (length - longest) as u64;
            }
        }
        found
    }

    /// Whether this is anywhere in it.
    pub fn contains(&self, text: &str) -> bool {
        !self.find(&[("text", text.as_bytes().to_vec())]).is_empty()
    }
}

impl Drop for ProcessMemory {
    fn drop(&mut self) {
        // It may have been killed.
        let _ = kill_process(self.process, Signal::CONT);
    }
}

/// A line of `/proc/PID/maps` about memory that can be read: where it begins and ends.
fn region(line: &str) -> Option<(u64, u64)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let readable = rest.starts_with('r');
    let address = |digits| u64::from_str_radix(digits, 16).ok();
    Some((address(start)?, address(end)?)).filter(|_| readable)
}
