//! Files that were uploaded and wait for the end of a trial.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealift_queue::{Job, JobId};
use sealift_release::Digest;
use sealift_watch::Fingerprint;

use crate::agent::standing::{Fate, Standing};

/// All of them. As many as a trial has jobs, and what an earlier process left.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    files: Mutex<HashMap<JobId, File>>,
    /// Whoever decides what becomes of files has it: none may be on its way when a trial's end is written down.
    turn: tokio::sync::Mutex<()>,
    /// Whether what an earlier process left is among them.
    complete: AtomicBool,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) job: Job,
    /// Which version of it was uploaded; that which was queued, if nobody knows any more.
    pub(super) uploaded: Option<Fingerprint>,
    /// On which component; none if nobody knows any more.
    pub(super) by: Option<Digest>,
}

impl Held {
    /// Waits until nobody else decides what becomes of files.
    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.turn.lock().await
    }

    /// What an earlier process left is among them from now on.
    pub(super) fn complete(&self) {
        self.0.complete.store(true, Ordering::Release);
    }

    pub(super) fn is_complete(&self) -> bool {
        self.0.complete.load(Ordering::Acquire)
    }

    pub(super) fn add(&self, file: File) {
        self.files().insert(file.job.id, file);
    }

    /// Those that wait no longer.
    pub(super) fn take(&self, standing: Standing) -> Vec<(File, Fate)> {
        let fate = |file: &File| standing.fate(file.by);
        let mut files = self.files();
        let free = files.extract_if(|_, file| fate(file) != Fate::Hold);
        free.map(|(_, file)| {
            let fate = fate(&file);
            (file, fate)
        })
        .collect()
    }

    fn files(&self) -> MutexGuard<'_, HashMap<JobId, File>> {
        self.0.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
