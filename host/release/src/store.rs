//! The state and the components on disk.
//!
//! | file | holds | written |
//! |---|---|---|
//! | `release/state-0.json`, `state-1.json` | the [`State`](crate::State), as it is and as it was one event ago | in turn, each replaced whole |
//! | `release/lock` | nothing; whoever changes the state has it locked | |
//! | `slots/a`, `slots/b` | a component each: `component.wasm`, `release.json`, and `component.partial` while it comes in | see [`Incoming`] |
//!
//! The record of the state is the pointer to what runs, and it is flipped last: a component is in its slot,
//! synced, before any record names it, and a slot is emptied only after no record needs it. So a loss
//! of power between any two effects leaves a state that runs.
//!
//! Nothing here is trusted because it is there. Records carry a checksum, components are compared with the digest
//! that was signed whenever they are loaded, and what is damaged is told and replaced by what there
//! was before, in the end by the component that the host was built with.

mod error;
pub(crate) mod file_system;
mod incoming;
pub(crate) mod record;
mod slot;
mod transaction;

use crate::{Release, State};

pub use error::{ApplyError, Damage, StoreError};
pub use file_system::{Directory, FileSystem, Lock};
pub use incoming::{Begun, Incoming};

/// The releases of a device on its disk. All calls block.
#[derive(Debug)]
pub struct Store<F = Directory> {
    files: F,
}

/// What was read.
#[derive(Debug)]
pub struct Kept {
    /// The state.
    pub state: State,
    /// What could not be read, and was done without.
    pub damage: Vec<Damage>,
}

/// A component to run.
#[derive(Debug)]
pub enum Settled {
    /// The one that the host was built with.
    Factory,
    /// The one that was released.
    Component {
        /// What it is.
        release: Box<Release>,
        /// It, as it was signed.
        bytes: Vec<u8>,
    },
}

impl<F: FileSystem> Store<F> {
    /// The store in the state directory; touches no disk.
    pub fn new(files: F) -> Self {
        Self { files }
    }
}
