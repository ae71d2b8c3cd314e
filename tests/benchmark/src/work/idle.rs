//! Resident memory of the service that has nothing to do.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::PATIENCE;
use crate::peers::Peers;
use crate::resident::Memory;
use crate::service::Service;
use crate::stage::BUCKET;
use crate::table::{Check, Row, mebibytes};

const LIMIT: u64 = 24 << 20;

/// A service that used no processor time for so long has nothing to do.
const QUIET: Duration = Duration::from_secs(1);

pub(super) fn measure(peers: &Peers<'_>) -> Result<Row> {
    let stage = peers.stage;
    stage.clear("idle.state")?;
    let watched = stage.empty_folder("idle.watched")?;
    let rule = format!(
        "[[watch]]\npath = \"{}\"\ndestination = \"s3://{BUCKET}/idle/\"",
        watched.display()
    );
    let config = stage.configure_service("idle", &rule)?;
    // The compiled component.
    stage.clear("cache")?;
    let compiled = start(peers, &config)?;
    let after_compiling = at_rest(&compiled)?;
    compiled.stop()?;
    let service = start(peers, &config)?;
    let before = at_rest(&service)?;
    let arrivals = &peers.server.counts.arrivals;
    arrivals.forget();
    fs::write(watched.join("first"), "")?;
    arrivals.of("/idle/first", PATIENCE)?;
    let after = at_rest(&service)?;
    service.stop()?;
    Ok(Row {
        id: "Idle",
        work: "service that has nothing to do, with one watched folder: resident memory".into(),
        figures: vec![
            tell("before the first upload", before),
            tell("after it", after),
            tell("where it compiled the component", after_compiling),
        ],
        checks: vec![Check::at_most(after.now(), LIMIT, mebibytes)],
    })
}

fn start(peers: &Peers<'_>, config: &Path) -> Result<Service> {
    let service = Service::start(peers, config)?;
    service.ready()?;
    Ok(service)
}

/// The memory of a service when it has gone to sleep.
fn at_rest(service: &Service) -> Result<Memory> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let before = service.cpu()?;
        thread::sleep(QUIET);
        if service.cpu()? == before {
            return service.memory();
        }
        ensure!(Instant::now() < deadline, "the service does not rest");
    }
}

fn tell(when: &str, memory: Memory) -> String {
    let Memory { peak, own, files } = memory;
    format!(
        "{when} {} its own and {} pages of files (peak {})",
        mebibytes(own),
        mebibytes(files),
        mebibytes(peak)
    )
}
