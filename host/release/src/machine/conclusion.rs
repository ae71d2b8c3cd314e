//! How releases end.

use std::fmt::{self, Display, Formatter};

use semver::Version;
use serde::{Deserialize, Serialize};

use super::Phase;
use crate::{Digest, Note, Release};

/// How a release fared on this device: for the audit log, and for whoever sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Conclusion {
    /// Its version.
    pub version: Version,
    /// Its digest.
    pub digest: Digest,
    /// How it fared.
    pub outcome: Outcome,
}

/// Good, or one of the three ways to fail that AWS IoT Greengrass tells apart as well
/// (`FAILED_NO_STATE_CHANGE`, `FAILED_ROLLBACK_COMPLETE`, `FAILED_UNABLE_TO_ROLLBACK`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Outcome {
    /// It is what runs from now on.
    Committed,
    /// It came to nothing before any job ran on it.
    FailedWithoutRollback {
        /// Why.
        failure: Failure,
    },
    /// It failed its trial, and what ran before runs again.
    FailedAndRolledBack {
        /// Why.
        failure: Failure,
    },
    /// It failed its trial, and what ran before is damaged; the factory component runs.
    FailedAndUnableToRollBack {
        /// Why it failed.
        failure: Failure,
    },
}

/// Why a release came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Failure {
    /// Its bytes could not be had.
    Unavailable {
        /// What happened.
        note: Note,
    },
    /// What was kept of it is not what was written.
    DamagedOnDisk,
    /// It is no component of its world, or does not compile.
    Incompatible {
        /// What is wrong with it.
        note: Note,
    },
    /// Its dry run failed.
    ProbeFailed {
        /// What it said.
        note: Note,
    },
    /// The process died each time that it was compiled or probed.
    DiedInCheck,
    /// It trapped in a job.
    Trapped {
        /// The trap.
        note: Note,
    },
    /// It did not return in time.
    TimedOut,
    /// It took more memory, computing time or requests than it may.
    OverLimits {
        /// Which limit.
        note: Note,
    },
    /// It called a file stored that the host did not see stored.
    Unproven,
    /// More of its jobs failed than of the jobs on the version before it.
    ErrorRate {
        /// Jobs that failed.
        failed: u32,
        /// That many of these might have.
        allowed: u32,
        /// Of so many.
        jobs: u32,
    },
    /// The process died again and again with its jobs.
    Died,
    /// A person, or a newer release, ended it.
    Abandoned,
    /// A person went back.
    ByHand,
}

impl Conclusion {
    pub(super) fn of(release: &Release, outcome: Outcome) -> Self {
        Self {
            version: release.version().clone(),
            digest: release.digest,
            outcome,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        match self.outcome {
            Outcome::Committed => Phase::Committed,
            Outcome::FailedWithoutRollback { .. } => Phase::Idle,
            Outcome::FailedAndRolledBack { .. } | Outcome::FailedAndUnableToRollBack { .. } => {
                Phase::RolledBack
            }
        }
    }
}

impl Failure {
    /// Whether the same bytes would fail again. A link, a disk and a person's mind may be other ones the
    /// next time.
    pub fn is_the_components(&self) -> bool {
        !matches!(
            self,
            Self::Unavailable { .. } | Self::DamagedOnDisk | Self::Abandoned
        )
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable { note } => write!(f, "it could not be had: {note}"),
            Self::DamagedOnDisk => f.write_str("its file was damaged on this device"),
            Self::Incompatible { note } => write!(f, "it is no component of its world: {note}"),
            Self::ProbeFailed { note } => write!(f, "its probe failed: {note}"),
            Self::DiedInCheck => f.write_str("the process died each time it was checked"),
            Self::Trapped { note } => write!(f, "it trapped: {note}"),
            Self::TimedOut => f.write_str("it did not return in time"),
            Self::OverLimits { note } => write!(f, "it went over its limits: {note}"),
            Self::Unproven => f.write_str("it called a file stored that was not seen stored"),
            Self::ErrorRate {
                failed,
                allowed,
                jobs,
            } => write!(
                f,
                "{failed} of its jobs failed, and by the rate of the version before it {allowed} of {jobs} might"
            ),
            Self::Died => f.write_str("the process died again and again with its jobs"),
            Self::Abandoned => f.write_str("it was given up for another one"),
            Self::ByHand => f.write_str("a person went back"),
        }
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Committed => f.write_str("committed"),
            Self::FailedWithoutRollback { failure } => {
                write!(f, "failed without rollback: {failure}")
            }
            Self::FailedAndRolledBack { failure } => write!(f, "failed and rolled back: {failure}"),
            Self::FailedAndUnableToRollBack { failure } => {
                write!(
                    f,
                    "failed and unable to roll back, the factory component runs: {failure}"
                )
            }
        }
    }
}
