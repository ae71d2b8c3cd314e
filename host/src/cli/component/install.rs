//! `sealift component install`: a component that nobody signed, for those who write one.

use std::path::PathBuf;
use std::sync::Arc;

use sealift::updates::{Updater, conclude, host_version, line_up, worlds};
use sealift_release::{Digest, Manifest, Release, Rollout, State};
use semver::{BuildMetadata, Version};

use super::device::Device;
use super::read;
use crate::cli::args::Global;
use crate::cli::update::Told;
use crate::cli::{ExitStatus, Failure, setup};

/// `sealift component install`.
#[derive(Debug, clap::Args)]
pub(crate) struct Install {
    /// The component
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Its version [default: a little newer than the newest that has run here]
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
}

pub(super) async fn run(global: &Global, install: Install) -> Result<(), Failure> {
    let device = Device::of(global)?;
    if !device.config.release.unsigned {
        let refusal = "this device takes signed releases alone; `release.unsigned = true` in the configuration allows others";
        return Err(Failure::new(ExitStatus::Usage, refusal));
    }
    let bytes = read(&install.file)?;
    let state = device.state()?;
    let release = unsigned(&device, &state, install.version, &bytes)?;
    let gateway = Arc::new(setup::gateway(global)?);
    let releases = Arc::new(device.releases);
    conclude(&releases, gateway.config()).map_err(Failure::failed)?;
    let updater = Updater::new(Arc::clone(&gateway), Arc::clone(&releases));
    setup::until_interrupted(updater.install(release, &bytes)).await??;
    let state = line_up(&gateway, &releases)
        .await
        .map_err(Failure::failed)?;
    Told::of(&state, gateway.config().release.trial_jobs.get())?.tell(global)
}

/// What a publisher would say of it: it may go wherever the configuration allows.
fn unsigned(
    device: &Device,
    state: &State,
    version: Option<Version>,
    bytes: &[u8],
) -> Result<Release, Failure> {
    let digest = Digest::of(bytes);
    let version = match version {
        Some(version) => version,
        None => newer(state, digest).map_err(Failure::failed)?,
    };
    let world = worlds().into_iter().next();
    let world = world.ok_or_else(|| Failure::failed("this host offers no world"))?;
    Ok(Release {
        file: format!("{digest}.wasm").parse().map_err(Failure::failed)?,
        digest,
        length: bytes.len() as u64,
        manifest: Manifest {
            version,
            world,
            minimum_host_version: host_version(),
            origins: device.config.network.allow.clone(),
            rollout: Rollout::EVERYONE,
        },
    })
}

/// Newer than what has run, and older than the next release.
fn newer(state: &State, digest: Digest) -> Result<Version, semver::Error> {
    let mut version = state.watermark().cloned().unwrap_or(Version::new(0, 0, 0));
    let number = version
        .build
        .strip_prefix("local.")
        .and_then(|rest| rest.split('.').next()?.parse::<u64>().ok())
        .map_or(1, |number| number.saturating_add(1));
    let mark = digest.to_string();
    let mark = mark.get(..8).unwrap_or_default();
    version.build = BuildMetadata::new(&format!("local.{number}.d{mark}"))?;
    Ok(version)
}
