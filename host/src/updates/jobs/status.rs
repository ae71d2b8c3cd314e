//! How far a job is on this device.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// The status of a job's execution, as AWS has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Status {
    /// It waits.
    Queued,
    /// The device has begun.
    InProgress,
    /// Done.
    Succeeded,
    /// Tried, and not done.
    Failed,
    /// It took too long.
    TimedOut,
    /// The device would not.
    Rejected,
    /// The device is no target any more.
    Removed,
    /// The operator called it off.
    Canceled,
    /// Anything newer than this host.
    #[serde(other)]
    Unknown,
}

/// What the device can say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Progress {
    /// It is being done.
    InProgress,
    /// It is done. The last word.
    Succeeded,
    /// It was tried and is not done. The last word.
    Failed,
    /// It is not going to be tried. The last word.
    Rejected,
}

impl Display for Progress {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Rejected => "REJECTED",
        })
    }
}
