//! `sealift component pin`, `hold` and `rollback`: what a person wants.

use sealift_release::{Event, RollBackTo};
use semver::Version;
use serde::Serialize;

use super::device::Device;
use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// `sealift component pin`.
#[derive(Debug, clap::Args)]
pub(crate) struct Pin {
    /// Which version
    #[arg(value_name = "VERSION")]
    version: Version,
}

/// `sealift component rollback`.
#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    /// Go back to the component that this program was built with
    #[arg(long)]
    factory: bool,
}

/// What holds now, as `--json` tells it.
#[derive(Serialize)]
struct Told {
    /// The version that runs; none for the factory component.
    version: Option<String>,
    held: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pin: Option<String>,
}

pub(super) fn pin(global: &Global, pin: Pin) -> Result<(), Failure> {
    let version = pin.version;
    change(global, Event::Pin { version })
}

pub(super) fn unpin(global: &Global) -> Result<(), Failure> {
    change(global, Event::Unpin)
}

pub(super) fn hold(global: &Global) -> Result<(), Failure> {
    change(global, Event::Hold)
}

pub(super) fn resume(global: &Global) -> Result<(), Failure> {
    change(global, Event::Release)
}

pub(super) fn roll_back(global: &Global, args: &Rollback) -> Result<(), Failure> {
    let to = if args.factory {
        RollBackTo::Factory
    } else {
        RollBackTo::Previous
    };
    change(global, Event::RollBack { to })
}

fn change(global: &Global, event: Event) -> Result<(), Failure> {
    let device = Device::of(global)?;
    device.tell(event)?;
    let state = device.state()?;
    let version = state
        .committed()
        .map(|release| release.version().to_string());
    let pin = state.pin().map(ToString::to_string);
    let held = state.is_held();
    if global.json {
        return output::json(&Told { version, held, pin });
    }
    let runs = match version {
        Some(version) => format!("version {version} runs"),
        None => "the factory component runs".to_owned(),
    };
    let pinned = pin
        .map(|pin| format!("; pinned to {pin}"))
        .unwrap_or_default();
    let held = if held { "; updates are held" } else { "" };
    output::line(&format!("{runs}{pinned}{held}"))
}
