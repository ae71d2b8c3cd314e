//! What there is, for people.

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{SlotName, Stage, State};
use crate::{Digest, Release};

/// A component on this device, besides the factory's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Where it lies.
    pub slot: SlotName,
    /// Its version.
    pub version: Version,
    /// Its digest.
    pub digest: Digest,
    /// What it is there for.
    pub state: Standing,
}

/// What a component is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It runs.
    Committed,
    /// It ran before.
    Previous,
    /// It is coming in.
    Downloading,
    /// It is being checked.
    Verified,
    /// It waits for its trial.
    Staged,
    /// It is on trial.
    Trial,
    /// It failed its trial.
    RollingBack,
}

impl State {
    /// The components in the slots.
    pub fn listing(&self) -> Vec<Listed> {
        let listed = |slot, release: &Release, state| Listed {
            slot,
            version: release.version().clone(),
            digest: release.digest,
            state,
        };
        let committed = self
            .committed
            .as_ref()
            .map(|release| listed(self.spare.other(), release, Standing::Committed));
        let spare = match &self.stage {
            Stage::Idle { previous } => previous
                .as_ref()
                .map(|release| (release, Standing::Previous)),
            Stage::Downloading { release } => Some((release, Standing::Downloading)),
            Stage::Verified { release, .. } => Some((release, Standing::Verified)),
            Stage::Staged { release } => Some((release, Standing::Staged)),
            Stage::Trial(trial) => Some((&trial.release, Standing::Trial)),
            Stage::RollingBack { release, .. } => Some((release, Standing::RollingBack)),
        };
        let spare = spare.map(|(release, state)| listed(self.spare, release, state));
        committed.into_iter().chain(spare).collect()
    }
}
