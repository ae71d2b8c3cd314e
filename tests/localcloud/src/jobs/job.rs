//! One job of a thing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::THING_NAME;

/// A job of a thing, as it is in `ID.json`. Whoever writes one by hand needs the document alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Job {
    /// What is to be done.
    pub(super) document: Value,
    #[serde(default = "thing")]
    pub(super) thing: String,
    #[serde(default)]
    pub(super) status: Status,
    #[serde(default)]
    pub(super) status_details: BTreeMap<String, String>,
    #[serde(default = "first")]
    pub(super) version_number: u64,
    /// In seconds since 1970; 0 stands for the time when the file was written.
    #[serde(default)]
    pub(super) queued_at: u64,
}

/// How far a job is. A device says `IN_PROGRESS` and the three after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    #[default]
    Queued,
    InProgress,
    Succeeded,
    Failed,
    Rejected,
    TimedOut,
    Removed,
    Canceled,
}

impl Status {
    /// Whether something is still to be done.
    pub(super) fn is_pending(self) -> bool {
        matches!(self, Self::Queued | Self::InProgress)
    }

    /// Whether a device may say this.
    pub(super) fn is_a_devices(self) -> bool {
        matches!(
            self,
            Self::InProgress | Self::Succeeded | Self::Failed | Self::Rejected
        )
    }
}

fn thing() -> String {
    THING_NAME.to_owned()
}

fn first() -> u64 {
    1
}
