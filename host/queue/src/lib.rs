//! The durable queue of the gateway service: what is to be uploaded, and how far that is.
//!
//! A [`Queue`] is the file `queue.sqlite` in the service's state directory, an SQLite database in WAL
//! mode with `synchronous = FULL`: what a call has answered for outlives a loss of power. Other
//! processes may have it open at the same time (`sealift queue add` while the service runs); what only
//! the service may do, it does under a [`ServiceLock`].
//!
//! ```
//! use std::time::SystemTime;
//! use sealift_queue::{Disposal, NewJob, Origin, Outcome, Owner, Queue, Receipt, ServiceLock, Task};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let state = tempfile::tempdir()?;
//! let now = SystemTime::now();
//! let _lock = ServiceLock::take(state.path())?;
//! let mut queue = Queue::open(state.path())?.queue;
//! queue.add(
//!     &NewJob::from(Task {
//!         source: "/data/out/a.csv".try_into()?,
//!         fingerprint: None,
//!         target: ("bucket", "a.csv").try_into()?,
//!         settings: Default::default(),
//!         priority: 0,
//!         disposal: Disposal::Keep,
//!         origin: Origin::Command,
//!         size: 42,
//!     }),
//!     now,
//! )?;
//! let owner = Owner::this_process()?;
//! queue.recover(&owner, now)?;
//! for job in queue.claim(&owner, 16, now)? {
//!     // … upload it …
//!     let receipt = Receipt::new("\"etag\"");
//!     queue.settle(job.id, Outcome::Uploaded { receipt }, 42, now)?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # The life of a job
//!
//! ```text
//!   add ──► waiting ──claim──► running ──Uploaded──► uploaded ──Disposed, Kept──► done
//!              ▲  ▲               │ │ │   (source is kept: done at once)
//!              │  └─Retry,────────┘ │ └───Failed───► failed ──retry──► waiting
//!              │    Released,       └───Cancelled──► cancelled
//!              └────recover
//! ```
//!
//! At least once, and idempotent: what a job sends where is fixed when it is made, and the same work
//! is one job however often it is added. See [`Queue::add`] for what "the same" means.
//!
//! | file | holds |
//! |---|---|
//! | `queue.sqlite`, `-wal`, `-shm` | the queue (0600) |
//! | `queue.lock` | who has the queue open (`flock`), and how it was left |
//! | `queue.sqlite.damaged-N` | a queue that was found damaged, as it was found; see [`Report`] |
//! | `service.lock` | the process that is the service, see [`ServiceLock`] |
//!
//! # What it survives
//!
//! - A killed process and a loss of power: a call that has returned is on disk, one that has not was not
//!   made. [`Queue::recover`] and [`Reader::pending_disposals`] tell a new run where the last one ended.
//! - Damage: each row has a checksum. A database that was not closed in order, or that is not as it was
//!   then, is checked when it is opened; what is good of a damaged one is saved, and a [`Report`] tells of
//!   the rest. While others have it open, damage that is met is [`QueueError::Damaged`].
//! - A full disk: [`QueueError::DiskFull`], nothing changed, and on it goes when there is room.
//! - A file system that can only be read: [`QueueError::ReadOnly`], and [`Queue::open_read_only`].
//! - Other versions: an older database is upgraded in one transaction, a newer one left alone.
//!
//! Two limits. Where a disk loses the end of the log that it had reported as written, nothing tells:
//! SQLite takes a damaged frame for the end of the log, as a loss of power leaves it. And a page that falls back to
//! an earlier state of itself is as good as it was then.
//!
//! Memory does not grow with the queue: SQLite's cache has 2 MiB, and lists come in pages.
//!
//! What this crate does not do: it never looks at a source file, knows no network, and decides no
//! delay. All calls block; time is an argument.

mod budget;
mod care;
mod check;
mod course;
mod disposal;
mod error;
mod intake;
mod job;
mod moment;
mod open;
mod outcome;
mod owner;
mod place;
mod queue;
mod reader;
mod repair;
mod rescue;
mod row;
mod salvage;
mod schema;
mod seal;
mod service_lock;
mod stage;
mod store;
mod task;
mod text;
mod trouble;
mod usage;
mod work;

#[cfg(test)]
mod tests;

pub use budget::DAYS_KEPT;
pub use care::Prune;
pub use course::LONGEST_DELAY;
pub use disposal::{Disposal, MoveTo};
pub use error::{QueueError, Refusal};
pub use intake::{Added, NewJob};
pub use job::{Job, JobId};
pub use open::Opened;
pub use outcome::{Outcome, Settlement};
pub use owner::Owner;
pub use queue::Queue;
pub use reader::{Counts, Filter, LARGEST_PAGE, Reader, Tally};
pub use repair::{Cause, DAMAGED_KEPT, LOST_NAMED, LostJob, Report};
pub use service_lock::{ServiceLock, ServiceLockError};
pub use stage::{Stage, State, UnknownState};
pub use task::{
    Fingerprint, InvalidTask, LONGEST_BUCKET, LONGEST_FINGERPRINT, LONGEST_KEY, LONGEST_PATH,
    LONGEST_RULE_NAME, MOST_SETTINGS, Origin, RuleName, SETTINGS_SIZE, Settings, SourcePath,
    Target, Task,
};
pub use text::{Failure, LONGEST_FAILURE, LONGEST_KIND, LONGEST_RECEIPT, Receipt};
