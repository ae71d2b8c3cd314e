//! `sealift release rollout`.

use std::time::SystemTime;

use sealift_release::Rollout;
use semver::Version;

use super::add::percent;
use super::repository::Repository;
use super::told::{self, Told};
use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// `sealift release rollout`.
#[derive(Debug, clap::Args)]
pub(crate) struct RollOut {
    /// Which release
    #[arg(value_name = "VERSION")]
    version: Version,

    /// Which part of the fleet takes it by itself: 0 to 100. Who is in stays in as it grows
    #[arg(value_name = "PERCENT", value_parser = percent)]
    rollout: Rollout,

    #[command(flatten)]
    repository: Repository,
}

pub(super) fn run(global: &Global, args: &RollOut) -> Result<(), Failure> {
    let publisher = args.repository.open(&[])?;
    let release = publisher.roll_out(&args.version, args.rollout, SystemTime::now())?;
    if global.json {
        output::json(&told::Outcome::new("changed", &release))?;
    } else if !global.quiet {
        output::line(&format!("changed {}", Told::from(&release).line()))?;
    }
    told::then_sign(global, &args.repository);
    Ok(())
}
