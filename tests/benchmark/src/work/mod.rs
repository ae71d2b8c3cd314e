//! What is measured: one module for each kind of work, one or more targets in each.

mod folder;
mod footprint;
pub(crate) mod handshakes;
mod idle;
mod large;
mod many;
mod memory;
mod offline;
pub(crate) mod parts;
mod queue;
mod sandbox;
mod small;
mod swap;
mod urgent;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::discard::Tally;
use crate::peers::{Peers, Side};
use crate::process::{self, Usage};
use crate::table::Row;

/// The targets that are measured here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "verbatim")]
pub(crate) enum Target {
    /// Processor time of 1 GiB in four files.
    P1,
    /// Wall time of the same.
    P2,
    /// One small file, cold process.
    P3,
    /// A thousand small files.
    P4,
    /// Resident memory of 1 GiB in one file.
    P5,
    /// What the sandbox costs.
    P6,
    /// One large file in parts, to a slow store.
    P7,
    /// What uploads notice of a new component.
    P8,
    /// The service with a long queue.
    P9,
    /// Sizes of the program and of the component.
    P10,
    /// Many files dropped at once into a watched folder.
    P11,
    /// How long an urgent file waits while a large one is sent.
    Urgent,
    /// Resident memory of the service that has nothing to do.
    Idle,
    /// Processor time of the service without a link.
    Offline,
    /// Handshakes with each kind of key; a table of its own.
    Handshakes,
}

/// How much work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Counted rounds of large transfers; small ones take more.
    pub(crate) rounds: usize,
    /// The size of each of the four large files in bytes.
    pub(crate) large: u64,
    /// The number of small files.
    pub(crate) many: usize,
    /// The length of the queue.
    pub(crate) queued: usize,
    /// The number of files that are dropped into a folder.
    pub(crate) dropped: usize,
    /// How long the service is without a link.
    pub(crate) offline: Duration,
}

/// The small files' size in bytes.
const SMALL: u64 = 4096;

/// How long the server waits for what should take seconds.
const PATIENCE: Duration = Duration::from_mins(5);

/// Measures what belongs to `targets`; `slow` talk to a server that takes its time.
pub(crate) fn measure(
    targets: &[Target],
    peers: &Peers<'_>,
    slow: &Peers<'_>,
    effort: Effort,
) -> Result<Vec<Row>> {
    let any = |of: &[Target]| of.iter().any(|target| targets.contains(target));
    let mut rows = Vec::new();
    // First, since it wants to see a program that has never run.
    if any(&[Target::P3]) {
        rows.push((Target::P3, small::measure(peers, effort)?));
    }
    if any(&[Target::P1, Target::P2]) {
        let [p1, p2] = large::measure(peers, effort)?;
        rows.extend([(Target::P1, p1), (Target::P2, p2)]);
    }
    if any(&[Target::P6]) {
        rows.push((Target::P6, sandbox::measure(peers, effort)?));
    }
    if any(&[Target::P4]) {
        rows.push((Target::P4, many::measure(peers, effort)?));
    }
    if any(&[Target::P5]) {
        rows.push((Target::P5, memory::measure(peers, effort)?));
    }
    if any(&[Target::P7]) {
        rows.push((Target::P7, parts::measure(slow, effort)?));
    }
    if any(&[Target::P8]) {
        rows.push((Target::P8, swap::measure(peers, effort)?));
    }
    if any(&[Target::P9]) {
        rows.push((Target::P9, queue::measure(peers, effort)?));
    }
    if any(&[Target::P10]) {
        rows.push((Target::P10, footprint::measure(peers.programs)?));
    }
    if any(&[Target::P11]) {
        rows.push((Target::P11, folder::measure(peers, effort)?));
    }
    if any(&[Target::Urgent]) {
        rows.push((Target::Urgent, urgent::measure(peers, effort)?));
    }
    if any(&[Target::Idle]) {
        rows.push((Target::Idle, idle::measure(peers)?));
    }
    if any(&[Target::Offline]) {
        rows.push((Target::Offline, offline::measure(peers, effort)?));
    }
    rows.retain(|(target, _)| targets.contains(target));
    rows.sort_by_key(|(target, _)| *target as u8);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Uploads `files` of `bytes` in all and makes sure that the server got them.
fn put(peers: &Peers<'_>, side: Side, files: &[PathBuf], bytes: u64) -> Result<(Usage, Tally)> {
    counted(peers, side, bytes, || process::run(peers.put(side, files)))
}

fn counted(
    peers: &Peers<'_>,
    side: Side,
    bytes: u64,
    work: impl FnOnce() -> Result<Usage>,
) -> Result<(Usage, Tally)> {
    let before = peers.server.counts.now();
    let usage = work()?;
    let tally = peers.server.counts.now().since(before);
    let name = side.name();
    ensure!(
        tally.body >= bytes,
        "{name} sent {} bytes of {bytes}",
        tally.body
    );
    Ok((usage, tally))
}
