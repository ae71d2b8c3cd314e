//! What can go wrong with the disk.

use std::io;
use std::path::PathBuf;

use crate::{Refusal, SlotName};

/// Why the store does not do something. The state is what it was.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system does not let us.
    #[error("cannot {doing} {} in the state directory; make room on its file system, or make it writable for the user of the service", path.display())]
    Io {
        /// What was to be done.
        doing: &'static str,
        /// The file, below the state directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A newer host wrote it.
    #[error("{} has format {found}, and this host knows {known} at most; run the newer host again, or remove the file to begin with the factory component", path.display())]
    Newer {
        /// The file, below the state directory.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// What is known.
        known: u32,
    },
    /// The slot does not hold what was put there. Tell the machine of
    /// [`Event::Damaged`](crate::Event::Damaged).
    #[error(
        "slot {slot} does not hold the component that was put there; another one takes its place, and the next update brings it again"
    )]
    DamagedSlot {
        /// Which.
        slot: SlotName,
    },
    /// What came in is not what was signed. It has been removed.
    #[error(
        "the bytes that came in are not those that were signed; if it happens again, the repository or the way to it is not to be trusted"
    )]
    NotAsSigned,
    /// Another process takes it in.
    #[error("another process is fetching the release; it goes on when that one has ended")]
    Busy,
    /// Another release is on its way by now.
    #[error("the release is not on its way any more; what came in of it is not kept")]
    Overtaken,
}

/// Why an event leads to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The machine does not do it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The disk does not let it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Something on disk that is not as it was written, and was done without.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// One of the two records; the other one says what was so an event earlier.
    #[error("{} is damaged; the state is that of one event before", path.display())]
    Record {
        /// The file, below the state directory.
        path: PathBuf,
    },
    /// Both records are damaged or missing, and there are components.
    #[error(
        "the records of the state are lost; the factory component runs, and versions below the newest in the slots stay refused"
    )]
    AllRecords,
    /// What should run.
    #[error("slot {slot} is damaged; what ran before it runs instead")]
    Slot {
        /// Which.
        slot: SlotName,
    },
}
