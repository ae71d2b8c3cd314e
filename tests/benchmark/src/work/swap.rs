//! What uploads notice of a new component.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{Effort, PATIENCE};
use crate::peers::Peers;
use crate::samples::median;
use crate::service::Service;
use crate::stage::BUCKET;
use crate::table::{Check, Row, time};

const LIMIT: Duration = Duration::from_millis(50);

/// Uploads that decide.
const TRIAL: usize = 5;

/// So many files before the release is published, and at most so many until it is committed.
const BEFORE: usize = 50;
const MOST: usize = 3000;

pub(super) fn measure(peers: &Peers<'_>, effort: Effort) -> Result<Row> {
    let (mut typical, mut pauses) = (Vec::new(), Vec::new());
    for round in 0..effort.rounds.max(1) {
        let waits = swap(peers, round)?;
        let usual = median(waits.before.iter().copied());
        let worst = waits.during.into_iter().max().unwrap_or_default();
        typical.push(usual);
        pauses.push(worst.saturating_sub(usual));
    }
    let typical = median(typical.into_iter());
    let pause = median(pauses.into_iter());
    Ok(Row {
        id: "P8",
        work: "small files one after the other while a release is fetched, checked, tried and committed: the longest that \
               one of them takes beyond what is usual; all of them arrive"
            .to_owned(),
        figures: vec![format!("usual {}", time(typical))],
        checks: vec![Check::within(pause, LIMIT, "pause")],
    })
}

/// From a file's appearance to its last byte at the server.
struct Waits {
    before: Vec<Duration>,
    during: Vec<Duration>,
}

fn swap(peers: &Peers<'_>, round: usize) -> Result<Waits> {
    let (stage, arrivals) = (peers.stage, &peers.server.counts.arrivals);
    stage.clear("swap.state")?;
    let folder = stage.empty_folder("swap.folder")?;
    let repository = Publisher::new(peers, &format!("swap.repository-{round}"))?;
    let rules = format!(
        "[[watch]]\npath = \"{}\"\ndestination = \"s3://{BUCKET}/swap/\"\n\n{}",
        folder.display(),
        repository.section()
    );
    let config = stage.configure_service("swap", &rules)?;
    let service = Service::start(peers, &config)?;
    service.ready()?;
    arrivals.forget();
    let mut number = 0;
    let mut upload = || -> Result<Duration> {
        let (hidden, key) = (stage.path("swap.next"), format!("file-{round}-{number}"));
        number += 1;
        fs::write(&hidden, "a few bytes")?;
        let begun = Instant::now();
        fs::rename(&hidden, folder.join(&key))?;
        let arrived = arrivals.of(&format!("/swap/{key}"), PATIENCE)?;
        Ok(arrived - begun)
    };
    let before = (0..BEFORE).map(|_| upload()).collect::<Result<_>>()?;
    repository.publish()?;
    let mut during = Vec::new();
    while !is_committed(&config)? {
        during.push(upload()?);
        ensure!(
            during.len() < MOST,
            "the release is not committed; see the service's log"
        );
    }
    // Those that run on it.
    for _ in 0..TRIAL {
        during.push(upload()?);
    }
    service.stop()?;
    Ok(Waits { before, during })
}

fn is_committed(config: &Path) -> Result<bool> {
    let log = fs::read_to_string(config.with_extension("log"))?;
    ensure!(
        !log.contains("failed and rolled back"),
        "the release failed its trial: {log}"
    );
    Ok(log.contains("committed"))
}

/// A repository of one release: the factory component with a mark.
struct Publisher<'a> {
    program: &'a Path,
    directory: PathBuf,
}

impl<'a> Publisher<'a> {
    fn new(peers: &'a Peers<'_>, name: &str) -> Result<Self> {
        peers.stage.clear(name)?;
        let publisher = Self {
            program: &peers.programs.sealift,
            directory: peers.stage.path(name),
        };
        publisher.release(&["init"])?;
        Ok(publisher)
    }

    fn section(&self) -> String {
        let directory = self.directory.display();
        format!(
            "[release]\nrepository = \"{directory}\"\nroot = \"{directory}/metadata/1.root.json\"\ncheck = \"1s\"\n\
             trial_jobs = {TRIAL}\n"
        )
    }

    fn publish(&self) -> Result<()> {
        let file = self.directory.join("component.wasm");
        let name = file
            .to_str()
            .context("the stage has a path that is not UTF-8")?;
        self.run(&["component", "export", "--factory", name])?;
        // A custom section without a name makes it another one.
        let mut component = fs::read(&file)?;
        component.extend([0, 1, 0]);
        fs::write(&file, component)?;
        self.release(&["add", "--version", "1.1.0", name])?;
        self.release(&["sign"])
    }

    fn release(&self, arguments: &[&str]) -> Result<()> {
        let directory = self.directory.to_str();
        let directory = directory.context("the stage has a path that is not UTF-8")?;
        self.run(&[&["release"], arguments, &["--repo", directory]].concat())
    }

    fn run(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new(self.program).args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "`sealift {}` failed: {said}",
            arguments.join(" ")
        );
        Ok(())
    }
}
