//! The queue.

use std::ops::Deref;
use std::path::Path;

use rusqlite::{Transaction, TransactionBehavior};

use crate::place::Place;
use crate::trouble::Trouble;
use crate::{Opened, QueueError, Reader, open};

/// The queue, for whoever may change it.
///
/// One connection to the database. It can be sent to another thread, and is used by one at a time.
/// Every change is one short transaction, and durable when the call returns; a call that fails
/// has changed nothing.
#[derive(Debug)]
pub struct Queue(pub(crate) Reader);

impl Queue {
    /// Opens the queue in this directory, and makes both if they are missing.
    ///
    /// A queue that was not closed in order, or changed since, is checked first, if no other process
    /// has it open. One that is damaged is moved aside, and what can be read of it is saved; see
    /// [`Opened::repaired`].
    pub fn open(directory: &Path) -> Result<Opened, QueueError> {
        open::open(directory)
    }

    /// Whether there is a queue in this directory.
    pub fn exists(directory: &Path) -> bool {
        Place::new(directory).database().exists()
    }

    /// Opens the queue in this directory to look at it only: also where nothing can be written. Nothing
    /// is checked or repaired.
    pub fn open_read_only(directory: &Path) -> Result<Reader, QueueError> {
        open::open_read_only(directory)
    }

    /// Writes within one transaction.
    pub(crate) fn write<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Trouble>,
    ) -> Result<T, QueueError> {
        let connection = &mut self.0.connection;
        let outcome = || {
            let behavior = TransactionBehavior::Immediate;
            let transaction = connection.transaction_with_behavior(behavior)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        let outcome = outcome();
        outcome.map_err(|trouble| self.0.explain(doing, trouble))
    }
}

/// A queue can be asked what a reader can.
impl Deref for Queue {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.0
    }
}
