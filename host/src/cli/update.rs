//! `sealift update`: this device takes a signed release.

use std::sync::Arc;

use sealift::updates::{ReleasesError, UpdateError, Updater, conclude, line_up};
use sealift_release::{Refusal, Requester, Stage, State};
use serde::Serialize;

use super::args::Global;
use super::component::Device;
use super::{ExitStatus, Failure, output, setup};

/// `sealift update`.
#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    /// Only look what there is; take nothing
    #[arg(long)]
    check: bool,

    /// Take a release that has failed on this device before
    #[arg(long)]
    force: bool,
}

/// What came of it, as `--json` tells it.
#[derive(Serialize)]
pub(super) struct Told {
    /// `available`, `on-trial`, `staged`, `up-to-date`, or `none`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Uploads that decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    trial_jobs: Option<u32>,
    /// Why there is none, or how it fared.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What the look cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

pub(super) async fn run(global: &Global, update: &Update) -> Result<(), Failure> {
    let device = Device::of(global)?;
    let gateway = Arc::new(setup::gateway(global)?);
    let releases = Arc::new(device.releases);
    let updater = Updater::new(Arc::clone(&gateway), Arc::clone(&releases));
    let by = Requester::Person {
        force: update.force,
    };
    if update.check {
        return setup::until_interrupted(check(global, &updater, by)).await?;
    }
    // What an earlier process left is ended first.
    conclude(&releases, gateway.config()).map_err(Failure::failed)?;
    match setup::until_interrupted(updater.update(by)).await? {
        Ok(()) => {}
        Err(UpdateError::Refused(refusal)) => return refused(global, refusal),
        Err(error) => return Err(error.into()),
    }
    let state = line_up(&gateway, &releases)
        .await
        .map_err(Failure::failed)?;
    let jobs = gateway.config().release.trial_jobs.get();
    Told::of(&state, jobs)?.tell(global)
}

async fn check(global: &Global, updater: &Updater, by: Requester) -> Result<(), Failure> {
    let found = updater.check(by).await?;
    let cost = (found.checked.requests, found.checked.bytes);
    let told = match found.choice {
        Ok(release) => Told {
            version: Some(release.version().to_string()),
            digest: Some(release.digest.to_string()),
            ..Told::new("available")
        },
        Err(Refusal::UpToDate { version }) => Told {
            version: Some(version.to_string()),
            ..Told::new("up-to-date")
        },
        Err(refusal) => Told {
            reason: Some(refusal.to_string()),
            ..Told::new("none")
        },
    };
    Told {
        requests: Some(cost.0),
        bytes: Some(cost.1),
        ..told
    }
    .tell(global)
}

/// There is nothing newer, which is no failure; or something is, and may not be taken.
fn refused(global: &Global, refusal: Refusal) -> Result<(), Failure> {
    match refusal {
        Refusal::UpToDate { version } => Told {
            version: Some(version.to_string()),
            ..Told::new("up-to-date")
        }
        .tell(global),
        refusal => Err(Failure::failed(refusal)),
    }
}

impl Told {
    fn new(outcome: &'static str) -> Self {
        Self {
            outcome,
            version: None,
            digest: None,
            trial_jobs: None,
            reason: None,
            requests: None,
            bytes: None,
        }
    }

    /// Where a release stands that was taken; how it fared, if that was soon over.
    pub(super) fn of(state: &State, jobs: u32) -> Result<Self, Failure> {
        let (outcome, release) = match state.stage() {
            Stage::Trial(trial) => ("on-trial", trial.release()),
            Stage::Downloading { release }
            | Stage::Verified { release, .. }
            | Stage::Staged { release } => ("staged", release),
            Stage::Idle { .. } | Stage::RollingBack { .. } => {
                let last = state
                    .last()
                    .map(|last| format!("version {} {}", last.version, last.outcome));
                return Err(Failure::failed(
                    last.unwrap_or_else(|| "nothing was taken".to_owned()),
                ));
            }
        };
        Ok(Self {
            version: Some(release.version().to_string()),
            digest: Some(release.digest.to_string()),
            trial_jobs: (outcome == "on-trial").then_some(jobs),
            ..Self::new(outcome)
        })
    }

    pub(super) fn tell(&self, global: &Global) -> Result<(), Failure> {
        if global.json {
            return output::json(self);
        }
        let version = self.version.as_deref().unwrap_or_default();
        output::line(&match self.outcome {
            "available" => format!("version {version} is available; `sealift update` takes it"),
            "up-to-date" => format!("up to date: version {version} is the newest, and it runs"),
            "on-trial" => {
                let jobs = self.trial_jobs.unwrap_or_default();
                format!("version {version} is on trial: the next {jobs} uploads decide")
            }
            "staged" => format!("version {version} waits for its trial"),
            _ => format!(
                "nothing to take: {}",
                self.reason.as_deref().unwrap_or_default()
            ),
        })
    }
}

impl From<UpdateError> for Failure {
    fn from(error: UpdateError) -> Self {
        let status = match &error {
            UpdateError::NoRepository | UpdateError::Root { .. } => ExitStatus::Usage,
            error if error.is_temporary() => ExitStatus::TryLater,
            _ => ExitStatus::Failed,
        };
        Self::new(status, error)
    }
}

impl From<ReleasesError> for Failure {
    fn from(error: ReleasesError) -> Self {
        Self::failed(error)
    }
}
