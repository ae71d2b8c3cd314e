//! The journal of a job, while its instance runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealift_state::{Journal, JournalError, Records};

/// What the host notes between two records of the component: more than it has parts under way.
const MOST_NOTES: usize = 256;

/// A journal that does not hold up the event loop: files are read and written on other threads.
/// Clones are the same journal.
#[derive(Clone, Debug)]
pub struct JobJournal {
    /// None where nothing outlasts the process.
    file: Option<Arc<Mutex<Journal>>>,
    /// The host's own records that are yet to be written. Apart from the file, whose lock is held
    /// while a disk is waited for.
    notes: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// Why a record is not kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum AppendError {
    #[error("this host keeps no journal: there is no directory for it")]
    Unkept,
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl JobJournal {
    /// The journal in a file.
    pub fn new(file: Journal) -> Self {
        Self {
            file: Some(Arc::new(Mutex::new(file))),
            notes: Arc::default(),
        }
    }

    /// A journal that keeps nothing.
    pub fn unkept() -> Self {
        Self {
            file: None,
            notes: Arc::default(),
        }
    }

    /// Everything that was appended, by this job or an earlier one like it.
    pub(super) async fn load(&self) -> Result<Records, JournalError> {
        // Most jobs have none, and find that out faster than they could change threads.
        if self.file.as_ref().is_none_or(|file| lock(file).is_absent()) {
            return Ok(Records::default());
        }
        self.with(|file, _| file.load()).await
    }

    /// Notes something of the host's own, to be written with the component's next record: in one
    /// frame, so that whatever a crash leaves, no record of a part is without the note of it. A
    /// part that the crash took from both is sent again.
    pub(super) fn note(&self, record: Vec<u8>) {
        let mut notes = lock(&self.notes);
        if notes.len() < MOST_NOTES {
            notes.push(record);
        }
    }

    /// Adds a record of the component and the notes; all of it is on disk when this returns.
    pub(super) async fn append(&self, record: Vec<u8>) -> Result<(), AppendError> {
        if self.file.is_none() {
            return Err(AppendError::Unkept);
        }
        let append = move |file: &mut Journal, notes: &Mutex<Vec<Vec<u8>>>| {
            for note in std::mem::take(&mut *lock(notes)) {
                if !file.note(note) {
                    tracing::debug!("no room for what the host saw between two records");
                }
            }
            file.append(record)
        };
        Ok(self.with(append).await?)
    }

    /// Forgets everything.
    pub(super) async fn reset(&self) -> Result<(), JournalError> {
        self.with(|file, notes| {
            lock(notes).clear();
            file.reset()
        })
        .await
    }

    /// Takes the journal away: the job has ended well.
    pub(super) async fn remove(&self) -> Result<(), JournalError> {
        if self.file.as_ref().is_none_or(|file| lock(file).is_absent()) {
            return Ok(());
        }
        self.with(|file, _| file.remove()).await
    }

    /// Does something with the file on a thread that may wait for a disk. To drop the future does not
    /// stop what was begun.
    async fn with<T: Default + Send + 'static>(
        &self,
        work: impl FnOnce(&mut Journal, &Mutex<Vec<Vec<u8>>>) -> Result<T, JournalError>
        + Send
        + 'static,
    ) -> Result<T, JournalError> {
        let Some(file) = self.file.clone() else {
            return Ok(T::default());
        };
        let notes = Arc::clone(&self.notes);
        let done = tokio::task::spawn_blocking(move || work(&mut lock(&file), &notes)).await;
        // It neither panics nor is it cancelled: the only other way is the end of the runtime.
        done.unwrap_or_else(|_| Ok(T::default()))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
