//! Many files dropped at once into a watched folder: P11.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{Effort, PATIENCE, SMALL, put};
use crate::peers::{Peers, Side};
use crate::samples::median;
use crate::service::Service;
use crate::stage::BUCKET;
use crate::table::{Check, Row, time};

/// Of `sealift put -r` of the same files.
const LIMIT: f64 = 1.5;

pub(super) fn measure(peers: &Peers<'_>, effort: Effort) -> Result<Row> {
    let count = effort.dropped;
    let name = format!("dropped-{count}");
    let (mut by_service, mut by_put) = (Vec::new(), Vec::new());
    for _ in 0..=effort.rounds {
        let folder = peers.stage.folder(&name, count, SMALL)?;
        let (usage, _) = put(peers, Side::Sealift, &[folder], SMALL * count as u64)?;
        by_put.push(usage.wall);
        by_service.push(drop_in(peers, &name, count)?);
    }
    // The first of each does not count.
    let [by_service, by_put] = [by_service, by_put].map(|times| median(times.into_iter().skip(1)));
    Ok(Row {
        id: "P11",
        work: format!(
            "{count} files of 4 KiB moved into a watched folder: time from the first to the last object"
        ),
        figures: vec![
            format!("service {}", time(by_service)),
            format!("put -r {}", time(by_put)),
        ],
        checks: vec![Check::times(by_service, LIMIT, by_put, "put -r")],
    })
}

/// Moves the files into a folder that a service watches, and back when all of them arrived.
fn drop_in(peers: &Peers<'_>, name: &str, count: usize) -> Result<Duration> {
    let (stage, arrivals) = (peers.stage, &peers.server.counts.arrivals);
    stage.clear("folder.state")?;
    let (files, watched) = (stage.path(name), stage.empty_folder("folder.watched")?);
    let rule = format!(
        "[[watch]]\npath = \"{}\"\ndestination = \"s3://{BUCKET}/folder/\"",
        watched.display()
    );
    let service = Service::start(peers, &stage.configure_service("folder", &rule)?)?;
    // With this one it has its credentials, and is known to watch.
    fs::write(watched.join("first"), "")?;
    arrivals.of("/first", PATIENCE)?;
    arrivals.forget();
    let begun = Instant::now();
    move_all(&files, &watched)?;
    let took = arrivals.number(count, PATIENCE)? - begun;
    service.stop()?;
    fs::remove_file(watched.join("first"))?;
    move_all(&watched, &files)?;
    Ok(took)
}

fn move_all(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::rename(entry.path(), to.join(entry.file_name()))
            .with_context(|| format!("cannot move `{}`", entry.path().display()))?;
    }
    Ok(())
}
