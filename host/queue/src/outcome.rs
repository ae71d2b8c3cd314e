//! How an attempt ended.

use std::time::SystemTime;

use crate::{Failure, JobId, Receipt, State};

/// How an attempt, or what was left to do after it, ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The host saw the object confirmed. The job is done, or `uploaded` until its source was dealt with.
    Uploaded {
        /// What the store said.
        receipt: Receipt,
    },
    /// The source of an `uploaded` job was deleted or moved.
    Disposed,
    /// The source of an `uploaded` job could not be deleted or moved, which is to be tried again.
    NotDisposed {
        /// Why.
        failure: Failure,
    },
    /// The source of an `uploaded` job stays where it is: it has changed since.
    Kept {
        /// Why.
        failure: Failure,
    },
    /// The object of an `uploaded` job is not relied upon after all, and its source is still there: it waits to be
    /// uploaded again.
    Reopened,
    /// To be tried again. A job that was to be cancelled is cancelled instead.
    Retry {
        /// What went wrong.
        failure: Failure,
        /// Not before this time; at most [`LONGEST_DELAY`](crate::LONGEST_DELAY) from now.
        not_before: SystemTime,
    },
    /// The service stops: as if it had not been claimed. A job that was to be cancelled is cancelled instead.
    Released,
    /// It needs a person. A job that was to be cancelled is cancelled instead.
    Failed {
        /// What went wrong.
        failure: Failure,
    },
    /// It was stopped because somebody called it off.
    Cancelled,
}

/// The outcome of one job among several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Which job.
    pub id: JobId,
    /// How it ended.
    pub outcome: Outcome,
    /// Bytes sent in this attempt.
    pub sent: u64,
}

impl Outcome {
    /// The state that a job must be in for this to happen to it.
    pub(crate) const fn follows(&self) -> State {
        match self {
            Self::Disposed | Self::NotDisposed { .. } | Self::Kept { .. } | Self::Reopened => {
                State::Uploaded
            }
            Self::Uploaded { .. }
            | Self::Retry { .. }
            | Self::Released
            | Self::Failed { .. }
            | Self::Cancelled => State::Running,
        }
    }
}
