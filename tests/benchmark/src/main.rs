//! Measures `sealift` against curl, awscrt and the AWS CLI, on loopback, with a server that discards.
//!
//! `tests/bench` builds everything and calls this; see `docs/performance.md` for what the figures mean.

mod authority;
mod discard;
mod machine;
mod native;
mod peers;
mod process;
mod report;
mod resident;
mod samples;
mod service;
mod stage;
mod table;
mod work;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};

use authority::Authority;
use discard::Server;
use machine::Machine;
use peers::{Peers, Programs};
use stage::Stage;
use table::Table;
use work::{Effort, Target, handshakes, parts};

#[derive(Parser)]
#[command(name = "tests/bench", about)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure and print the table.
    Run(Run),
    /// Only the server, until interrupted: its addresses, certificates and a `sealift.toml` in DIR.
    Serve {
        /// Where to write them.
        dir: PathBuf,
        /// Milliseconds to wait before each answer.
        #[arg(long, default_value_t = 0)]
        delay: u64,
    },
    /// Upload files without the sandbox, as the other side of P6.
    Native {
        /// The `sealift.toml`.
        config: PathBuf,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// Connect to the credentials provider again and again, and print how long each time took.
    Handshakes {
        /// The `sealift.toml`.
        config: PathBuf,
        /// How often.
        count: usize,
    },
}

#[derive(Args)]
struct Run {
    /// What to measure; everything when left out.
    targets: Vec<Target>,
    /// Less work, for a first impression: figures are rough.
    #[arg(long, conflicts_with = "write")]
    quick: bool,
    /// Counted rounds of each side.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Put the table, and what it was measured on, into this page.
    #[arg(long, value_name = "PAGE", num_args = 0..=1, default_missing_value = "docs/performance.md")]
    write: Option<PathBuf>,
    /// The program to measure.
    #[arg(long)]
    sealift: PathBuf,
    /// A virtual environment with awscrt and awscli.
    #[arg(long)]
    venv: PathBuf,
    /// The folder of the peers' scripts.
    #[arg(long, default_value = "tests/benchmark/peers")]
    scripts: PathBuf,
    /// Where the files to upload are made, and kept for the next time.
    #[arg(long)]
    stage: PathBuf,
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Task::Run(run) => run.measure(),
        Task::Serve { dir, delay } => serve(&dir, Duration::from_millis(delay)),
        Task::Native { config, files } => native::put(&config, &files),
        Task::Handshakes { config, count } => handshakes::repeat(&config, count),
    }
}

impl Run {
    fn measure(self) -> Result<()> {
        let (authority, effort, targets) = (Authority::new()?, self.effort(), self.targets());
        let server = Server::start(&authority, Duration::ZERO)?;
        let stage = Stage::set(&self.stage, &authority, &server)?;
        let slow_server = Server::start(&authority, Duration::from_millis(parts::DELAY))?;
        let slow_stage = Stage::set(&self.stage.join("slow"), &authority, &slow_server)?;
        let programs = Programs {
            sealift: self.sealift,
            bench: std::env::current_exe().context("cannot find this program")?,
            venv: self.venv.join("bin"),
            scripts: self.scripts,
        };
        let machine = Machine::here(&programs);
        let peers = Peers {
            programs: &programs,
            stage: &stage,
            server: &server,
        };
        let slow = Peers {
            programs: &programs,
            stage: &slow_stage,
            server: &slow_server,
        };
        let mut parts = Vec::new();
        let rows = work::measure(&targets, &peers, &slow, effort)?;
        if !rows.is_empty() {
            let (rounds, table) = (effort.rounds, Table(rows));
            let measured = format!("{machine:#}- medians of {rounds} rounds\n\n{table}");
            parts.push(("measured", measured));
        }
        if targets.contains(&Target::Handshakes) {
            let table = handshakes::measure(&peers, &authority, effort)?;
            parts.push(("handshakes", format!("{machine}\n{table}")));
        }
        for (part, measured) in parts {
            print!("{measured}");
            if let Some(page) = &self.write {
                report::write(page, part, &measured)?;
            }
        }
        Ok(())
    }

    fn targets(&self) -> Vec<Target> {
        if self.targets.is_empty() {
            Target::value_variants().to_vec()
        } else {
            self.targets.clone()
        }
    }

    fn effort(&self) -> Effort {
        if self.quick {
            return Effort {
                rounds: self.rounds.min(3),
                large: 64 << 20,
                many: 100,
                queued: 2_000,
                dropped: 500,
                offline: Duration::from_secs(10),
            };
        }
        Effort {
            rounds: self.rounds,
            large: 256 << 20,
            many: 1000,
            queued: 100_000,
            dropped: 10_000,
            offline: Duration::from_mins(2),
        }
    }
}

fn serve(dir: &Path, delay: Duration) -> Result<()> {
    let authority = Authority::new()?;
    let server = Server::start(&authority, delay)?;
    Stage::set(dir, &authority, &server)?;
    println!(
        "S3 {}\ncredentials provider {}\nready",
        server.s3, server.provider
    );
    loop {
        thread::park();
    }
}
