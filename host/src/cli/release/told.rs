//! What several commands tell.

use std::time::SystemTime;

use sealift_release::Release;
use sealift_release::publish::{Lacking, MadeKey};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::repository::Repository;
use crate::cli::args::Global;
use crate::cli::{Failure, output};

/// A key that was made, as `--json` tells it.
#[derive(Serialize)]
pub(super) struct Made {
    role: String,
    key: String,
    file: String,
}

/// What lacks signatures, as `--json` tells it.
#[derive(Serialize)]
pub(super) struct Wanted {
    role: String,
    has: u64,
    threshold: u64,
    keys: Vec<String>,
}

/// A release, as `--json` tells it.
#[derive(Serialize)]
pub(super) struct Told {
    version: String,
    name: String,
    digest: String,
    /// In bytes.
    size: u64,
    world: String,
    minimum_host_version: String,
    origins: Vec<String>,
    /// In percent of the fleet.
    rollout: u8,
}

/// An outcome with a release.
#[derive(Serialize)]
pub(super) struct Outcome {
    outcome: &'static str,
    #[serde(flatten)]
    release: Told,
}

impl Outcome {
    pub(super) fn new(outcome: &'static str, release: &Release) -> Self {
        Self {
            outcome,
            release: release.into(),
        }
    }
}

impl From<&MadeKey> for Made {
    fn from(key: &MadeKey) -> Self {
        Self {
            role: key.role.to_string(),
            key: key.id.to_string(),
            file: key.file.to_string_lossy().into_owned(),
        }
    }
}

impl Made {
    pub(super) fn print(&self) -> Result<(), Failure> {
        output::line(&format!("{:<10} {} in {}", self.role, self.key, self.file))
    }
}

impl From<&Lacking> for Wanted {
    fn from(lacking: &Lacking) -> Self {
        Self {
            role: lacking.role.to_string(),
            has: lacking.has,
            threshold: lacking.threshold,
            keys: lacking.keys.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Wanted {
    pub(super) fn print(&self) -> Result<(), Failure> {
        let Self {
            role,
            has,
            threshold,
            ..
        } = self;
        output::line(&format!(
            "{role} has {has} of {threshold} signatures; those that count are by"
        ))?;
        self.keys
            .iter()
            .try_for_each(|key| output::line(&format!("{:<10} {key}", "")))
    }
}

impl From<&Release> for Told {
    fn from(release: &Release) -> Self {
        let manifest = &release.manifest;
        Self {
            version: manifest.version.to_string(),
            name: release.file.to_string(),
            digest: release.digest.to_string(),
            size: release.length,
            world: manifest.world.to_string(),
            minimum_host_version: manifest.minimum_host_version.to_string(),
            origins: manifest.origins.iter().map(ToString::to_string).collect(),
            rollout: manifest.rollout.into(),
        }
    }
}

impl Told {
    pub(super) fn line(&self) -> String {
        let Self {
            version,
            name,
            digest,
            rollout,
            minimum_host_version,
            ..
        } = self;
        format!(
            "{version} {name} for {rollout} % of the fleet, hosts from {minimum_host_version} on, SHA-256 {digest}"
        )
    }
}

/// What to do after a change.
pub(super) fn then_sign(global: &Global, repository: &Repository) {
    if global.quiet {
        return;
    }
    let directory = repository.directory().display();
    output::remark(format_args!(
        "hint: devices see it when it is signed: `sealift release sign --repo {directory}`"
    ));
}

/// RFC 3339. Whatever an expiry can be has a form in it.
pub(super) fn time(moment: SystemTime) -> String {
    let moment = OffsetDateTime::from(moment);
    moment.format(&Rfc3339).unwrap_or_default()
}
