//! When a job is to have ended.

use std::time::{Duration, Instant};

use super::CallError;

/// How long after its deadline a component may take to end a job by itself: to abort what it began,
/// where nothing could go on with that. As long as `put --abort` takes at most.
const GRACE: Duration = Duration::from_secs(10);

/// When a job is to have ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    /// So long from now on.
    pub(super) fn after(limit: Duration) -> Self {
        Self {
            at: Instant::now() + limit,
            limit,
        }
    }

    pub(super) fn has_passed(self) -> bool {
        Instant::now() >= self.at
    }

    /// When a component that has not ended the job is ended.
    pub(super) fn end(self) -> tokio::time::Instant {
        (self.at + GRACE).into()
    }

    /// What is told of a job that did not make it.
    pub(super) fn missed(self) -> CallError {
        CallError::Overdue { limit: self.limit }
    }
}
