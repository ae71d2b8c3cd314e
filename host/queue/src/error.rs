//! What can go wrong.

use std::io;
use std::path::PathBuf;

use crate::{JobId, State};

/// Why the queue does not do something.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// There is no room. Nothing was changed; the queue goes on when there is room again.
    #[error("cannot {doing}: no room is left for {}; make room on this file system", path.display())]
    DiskFull {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The file system or the file may only be read. [`Queue::open_read_only`](crate::Queue::open_read_only) still can.
    #[error("cannot {doing}: {} can only be read; remount its file system for writing", path.display())]
    ReadOnly {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// This user may not.
    #[error("cannot {doing}: this user may not use {}; run as the user of the service", path.display())]
    Permission {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// There is no queue in this directory.
    #[error("there is no queue at {}; `sealift queue add` or the service makes it", path.display())]
    Absent {
        /// The file.
        path: PathBuf,
    },
    /// Another process was at it for too long.
    #[error("cannot {doing}: another process does not let go of {}; try again", path.display())]
    Busy {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// It is not what was written. Opening it again when no process has it open repairs it.
    #[error(
        "cannot {doing}: {} is damaged ({damage}); restart the service, which saves what can be read",
        path.display()
    )]
    Damaged {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        damage: String,
    },
    /// A newer version of this program wrote it.
    #[error(
        "{} has schema version {found}, and this program knows {known} at most; run a newer one",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// An older version of this program wrote it, and it cannot be brought up to date now: it is only read, or
    /// another process has it open.
    #[error(
        "{} has schema version {found}, and this program needs {known}; restart the service, which upgrades it",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The one that is needed.
        known: i64,
    },
    /// The job is not there, or not in the right state. Nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The file system does not let us.
    #[error("cannot {doing} ({})", path.display())]
    Io {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database does not let us.
    #[error("cannot {doing} in {}", path.display())]
    Database {
        /// What was to be done.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

/// Why something does not happen to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none of this number, or not any more.
    #[error("there is no job {id}")]
    NoSuchJob {
        /// The number.
        id: JobId,
    },
    /// It is in a state in which that does not happen.
    #[error("job {id} is {state}")]
    OutOfTurn {
        /// Which job.
        id: JobId,
        /// Its state.
        state: State,
    },
    /// The same work has been queued again since.
    #[error("the work of job {id} is that of job {by} now")]
    Overtaken {
        /// Which job.
        id: JobId,
        /// The later one.
        by: JobId,
    },
}
