//! The service with a long queue, started again and again: P9.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::{Effort, PATIENCE};
use crate::peers::Peers;
use crate::process;
use crate::resident::Memory;
use crate::samples::median;
use crate::service::Service;
use crate::stage::BUCKET;
use crate::table::{Check, Row, mebibytes, time};

const MEMORY: u64 = 32 << 20;
const FIRST_UPLOAD: Duration = Duration::from_secs(1);

/// Jobs that are added with one command: their paths have to fit into it.
const AT_ONCE: usize = 10_000;

/// Uploads, as a share of the queue, after which it counts as having begun to work.
const BEGINNING: usize = 200;

pub(super) fn measure(peers: &Peers<'_>, effort: Effort) -> Result<Row> {
    let config = peers.stage.configure_service("queue", "")?;
    peers.stage.clear("queue.state")?;
    fill(peers, &config, effort.queued)?;
    let (mut in_order, mut killed) = (Vec::new(), Vec::new());
    let (mut peak, mut own) = (0, 0);
    for _ in 0..=effort.rounds {
        // How the last one ended is what this one finds.
        let last = begin(peers, &config, effort)?;
        in_order.push(last.first_object);
        drop(last.service);
        let last = begin(peers, &config, effort)?;
        killed.push(last.first_object);
        (peak, own) = (last.memory.peak.max(peak), last.memory.own.max(own));
        last.service.stop()?;
    }
    // The first of each does not count.
    let [in_order, killed] = [in_order, killed].map(|times| median(times.into_iter().skip(1)));
    Ok(Row {
        id: "P9",
        work: format!(
            "service with {} jobs in its queue: peak resident memory, time from its start to the first object",
            effort.queued
        ),
        figures: vec![
            format!(
                "of the memory {} its own, the rest pages of files",
                mebibytes(own)
            ),
            format!("first object after an end in order {}", time(in_order)),
            format!("after a kill {}", time(killed)),
        ],
        checks: vec![
            Check::at_most(peak, MEMORY, mebibytes),
            Check::within(in_order, FIRST_UPLOAD, "in order"),
            Check::within(killed, FIRST_UPLOAD, "after a kill"),
        ],
    })
}

/// A service that has begun to work.
struct Begun {
    service: Service,
    /// From its start to the first object.
    first_object: Duration,
    memory: Memory,
}

fn begin(peers: &Peers<'_>, config: &Path, effort: Effort) -> Result<Begun> {
    let arrivals = &peers.server.counts.arrivals;
    arrivals.forget();
    let service = Service::start(peers, config)?;
    let first = arrivals.number(1, PATIENCE)?;
    arrivals.number(effort.queued / BEGINNING, PATIENCE)?;
    Ok(Begun {
        first_object: first - service.begun,
        memory: service.memory()?,
        service,
    })
}

/// Puts so many small files into the queue.
fn fill(peers: &Peers<'_>, config: &Path, count: usize) -> Result<()> {
    let folder = peers.stage.folder(&format!("queued-{count}"), count, 1)?;
    let files: Result<Vec<PathBuf>, _> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect();
    for files in files?.chunks(AT_ONCE) {
        let mut add = Command::new(&peers.programs.sealift);
        add.arg("--config").arg(config).args(["queue", "add"]);
        add.args(files).arg(format!("s3://{BUCKET}/queued/"));
        process::run(vec![add])?;
    }
    Ok(())
}
