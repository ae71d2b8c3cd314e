//! What outlives an instance and a process: the journals of uploads, hints, refusals, how wrong the
//! clock is, and the audit log.
//!
//! A [`StateDirectory`] names the place. Nothing is made there before there is something to keep,
//! and what is made belongs to this user alone (directories 0700, files 0600), or to the directory's owner if this is
//! root ([`private`]):
//!
//! | file | holds | written |
//! |---|---|---|
//! | `journal/ID` | the records of one upload, see [`Journal`] | appended, `fdatasync` for each append |
//! | `hints/DIGEST.json` | small facts of one component, see [`Hints`] | replaced whole |
//! | `audit.jsonl` | what was done with the device's key and with credentials, see [`Audit`] | appended, `fdatasync` for each line |
//! | `refusals.json` | credentials that were refused within the last minutes, see [`Refusals`] | replaced whole |
//! | `clock.json` | how far this device's clock is off, see [`Clock`] | replaced whole |
//!
//! A file that is replaced is written beside its place, synced, renamed and its directory synced, so
//! that a loss of power leaves the old or the new one. None of them holds a secret.
//!
//! Everything here blocks; the crate knows no runtime, no component and no network.

mod audit;
mod clock;
mod directory;
mod hints;
mod journal;
mod numbers;
pub mod private;
mod refusals;

pub use audit::{Audit, AuditError, ComponentChange, ComponentFate, Event};
pub use clock::{Change, Clock, ClockError, Sighting, Skew};
pub use directory::StateDirectory;
pub use hints::{Hints, HintsError};
pub use journal::{
    JobId, Journal, JournalError, Journals, LARGEST_JOURNAL, LONGEST_RECORD, MOST_JOURNALS, Origin,
    Place, Records,
};
pub use numbers::Numbers;
pub use refusals::{Refusal, RefusalKind, Refusals, Standing, Subject};
