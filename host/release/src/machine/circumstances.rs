//! What a decision depends on besides the state.

use std::num::NonZeroU32;

use sealift_config::OriginPattern;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::World;

/// What is so at the time of an event, and not kept.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The host's version.
    pub host_version: Version,
    /// The contracts that it offers.
    pub worlds: Vec<World>,
    /// Where components may send requests.
    pub grants: Vec<OriginPattern>,
    /// The device's name, for rollouts.
    pub thing: String,
    /// Whether a trial may begin.
    pub window: Window,
    /// When a trial is over.
    pub trial: TrialRule,
    /// How jobs fared on the settled component.
    pub settled: Tally,
}

/// The maintenance window, in which trials begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Now is in it, or there is none.
    Open,
    /// Now is not in it.
    Closed,
}

/// When a trial is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialRule {
    /// After so many jobs that say something about the component.
    pub jobs: NonZeroU32,
    /// After so many deaths of the process with one of its jobs under way. One may be a loss of power.
    pub deaths: NonZeroU32,
}

/// How jobs ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tally {
    /// Those that did what they were for.
    pub succeeded: u32,
    /// The others.
    pub failed: u32,
}

impl Tally {
    /// All of them.
    pub fn jobs(self) -> u32 {
        self.succeeded.saturating_add(self.failed)
    }
}
