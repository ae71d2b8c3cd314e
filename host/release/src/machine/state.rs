//! What a device knows of its component, across crashes.

use std::fmt::{self, Display, Formatter};

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Choice, Conclusion, FailedDigests, Failure, Step, Tally};
use crate::{Digest, Release};

/// A component that is checked so often without an end to it brings the process down.
pub const MOST_CHECKS: u32 = 3;

/// One of the two places for components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotName {
    /// The first.
    #[default]
    A,
    /// The second.
    B,
}

/// The whole of it. Which slot is which follows from `spare`, so that no slot can be two things: the
/// committed component lies in the other one.
///
/// What guards against going back lies here and not in the slots: the watermark and the failed digests
/// outlive what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct State {
    /// What runs unless a trial does; without one, the component that the host was built with.
    pub(super) committed: Option<Release>,
    /// The slot for what comes next.
    pub(super) spare: SlotName,
    /// How far that is.
    pub(super) stage: Stage,
    /// What somebody has ordered, for as long as it is on its way: the schedule puts nothing else in its place.
    #[serde(default)]
    pub(super) ordered: Option<Digest>,
    /// The newest version that was ever committed.
    pub(super) watermark: Option<Version>,
    /// What is not tried again.
    pub(super) failed: FailedDigests,
    /// Nothing is taken while a person says so.
    pub(super) hold: bool,
    /// Nothing but this version is taken.
    pub(super) pin: Option<Version>,
    /// How the latest release fared.
    pub(super) last: Option<Conclusion>,
    /// Whether whoever has to know of `last` does.
    pub(super) told: bool,
}

/// What the spare slot is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Stage {
    /// Nothing under way.
    Idle {
        /// What was committed before lies there still.
        previous: Option<Release>,
    },
    /// Its bytes are coming in.
    Downloading {
        /// Which.
        release: Release,
    },
    /// Its bytes are on disk and are those that were signed; it is being compiled, its types
    /// compared, and probed.
    Verified {
        /// Which.
        release: Release,
        /// How often that was begun.
        checks: u32,
    },
    /// It may be tried when the maintenance window is open.
    Staged {
        /// Which.
        release: Release,
    },
    /// Some of the jobs run on it.
    Trial(Trial),
    /// It failed, and what ran before is being brought back.
    RollingBack {
        /// Which.
        release: Release,
        /// Why.
        failure: Failure,
    },
}

/// How a component on trial fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trial {
    /// Which.
    pub(super) release: Release,
    /// Jobs that ended and said something about it.
    pub(super) jobs: Tally,
    /// Jobs that run on it.
    pub(super) under_way: u32,
    /// How often the process died while any did.
    pub(super) deaths: u32,
}

/// The state in a word, for people and programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Nothing has happened, or the latest release came to nothing before its trial.
    Idle,
    /// A component is coming in.
    Downloading,
    /// It is as it was signed.
    Verified,
    /// It waits for its trial.
    Staged,
    /// It is on trial.
    Trial,
    /// The latest release is in force.
    Committed,
    /// The latest release failed its trial.
    RolledBack,
}

impl SlotName {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The one that it is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl Display for SlotName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::Idle { previous: None }
    }
}

impl Stage {
    /// The release that is on its way.
    pub fn release(&self) -> Option<&Release> {
        match self {
            Self::Idle { .. } => None,
            Self::Downloading { release }
            | Self::Verified { release, .. }
            | Self::Staged { release }
            | Self::Trial(Trial { release, .. })
            | Self::RollingBack { release, .. } => Some(release),
        }
    }
}

impl State {
    /// The component that runs what is not on trial.
    pub fn settled(&self) -> Choice {
        match &self.committed {
            None => Choice::Factory,
            Some(release) => Choice::Slot {
                slot: self.spare.other(),
                digest: release.digest,
            },
        }
    }

    /// What is committed; nothing where the factory component is.
    pub fn committed(&self) -> Option<&Release> {
        self.committed.as_ref()
    }

    /// What lies in the slots, or is on its way there.
    pub fn in_slots(&self) -> impl Iterator<Item = &Release> {
        let spare = match &self.stage {
            Stage::Idle { previous } => previous.as_ref(),
            under_way => under_way.release(),
        };
        self.committed.iter().chain(spare)
    }

    /// How far the next release is.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The slot of the stage.
    pub fn spare(&self) -> SlotName {
        self.spare
    }

    /// The version below which nothing is taken.
    pub fn watermark(&self) -> Option<&Version> {
        self.watermark.as_ref()
    }

    /// What is not tried again.
    pub fn failed(&self) -> &FailedDigests {
        &self.failed
    }

    /// Whether nothing is taken.
    pub fn is_held(&self) -> bool {
        self.hold
    }

    /// The one version that is taken.
    pub fn pin(&self) -> Option<&Version> {
        self.pin.as_ref()
    }

    /// How the latest release fared.
    pub fn last(&self) -> Option<&Conclusion> {
        self.last.as_ref()
    }

    /// How the latest release fared, if whoever has to know of it does not.
    pub fn untold(&self) -> Option<&Conclusion> {
        self.last.as_ref().filter(|_| !self.told)
    }

    /// The state in a word.
    pub fn phase(&self) -> Phase {
        match &self.stage {
            Stage::Idle { .. } => self.last.as_ref().map_or(Phase::Idle, Conclusion::phase),
            Stage::Downloading { .. } => Phase::Downloading,
            Stage::Verified { .. } => Phase::Verified,
            Stage::Staged { .. } => Phase::Staged,
            Stage::Trial(_) => Phase::Trial,
            Stage::RollingBack { .. } => Phase::RolledBack,
        }
    }

    /// What is so without what lies in the slot, which is damaged.
    #[must_use]
    pub fn without(&self, slot: SlotName) -> Self {
        let mut step = Step {
            state: self.clone(),
            effects: Vec::new(),
        };
        step.damaged(slot);
        step.state
    }

    /// What is left when no record of the state can be read: the factory component runs, and nothing below
    /// the newest version that a slot still tells of is taken.
    pub fn rebuilt(newest: Option<Version>) -> Self {
        Self {
            watermark: newest,
            ..Self::default()
        }
    }
}
