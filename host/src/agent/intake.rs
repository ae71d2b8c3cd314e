//! The part that puts files of watched folders into the queue.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use sealift_queue::{Added, NewJob, Queue, QueueError, State};
use sealift_state::StateDirectory;
use sealift_watch::{Found, Watcher};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::backoff::RESTARTS;
use super::bell::Bell;
use super::current::Seen;
use super::desk::{Desk, told};
use super::figures::Figures;
use super::keys::Keys;
use super::quota::Full;
use super::stop::Stop;
use super::supervisor::PartError;
use super::verdict::GONE;
use crate::gateway::Gateway;

/// Files that are told and not queued yet; with more, the watchers wait.
const MOST_TOLD: usize = 1024;

/// Files that are queued in one transaction.
const MOST_AT_ONCE: usize = 512;

/// What the intake needs of the rest.
#[derive(Clone)]
pub(super) struct Intake {
    pub(super) desk: Desk,
    pub(super) current: Seen,
    pub(super) bell: Bell,
    pub(super) figures: Figures,
    pub(super) full: Full,
    pub(super) state: PathBuf,
    pub(super) stop: Stop,
}

impl Intake {
    /// Watches until it is told to stop.
    pub(super) async fn run(mut self) -> Result<(), PartError> {
        let state = StateDirectory::new(self.state.clone());
        let mut keys = tokio::task::spawn_blocking(move || Keys::open(&state)).await??;
        while !self.stop.is_set() {
            let current = Arc::clone(&self.current.borrow_and_update());
            keys = self.watch(current, keys).await?;
        }
        Ok(())
    }

    /// Watches with this configuration until there is another.
    async fn watch(&mut self, current: Arc<Gateway>, mut keys: Keys) -> Result<Keys, PartError> {
        let (sender, mut found) = mpsc::channel(MOST_TOLD);
        let watcher = Watcher::start(current.config().watch.clone(), &sender)?;
        // The channel stays open also where no folder is watched.
        let _sender = sender;
        let mut files = Vec::new();
        loop {
            tokio::select! {
                biased;
                () = self.stop.set() => break,
                Ok(()) = self.current.changed() => break,
                () = self.full.room() => watcher.rescan(),
                _ = found.recv_many(&mut files, MOST_AT_ONCE) => {
                    let all = std::mem::take(&mut files);
                    keys = self.take(&current, keys, all).await?;
                }
            }
        }
        drop(found);
        tokio::task::spawn_blocking(move || watcher.stop()).await?;
        Ok(keys)
    }

    /// Queues files.
    async fn take(
        &mut self,
        current: &Arc<Gateway>,
        mut keys: Keys,
        mut files: Vec<Found>,
    ) -> Result<Keys, PartError> {
        // They are found again when there is room.
        files.retain(|file| !self.full.is_full(&file.rule));
        let count = files.len();
        let current = Arc::clone(current);
        let naming = move || {
            let made = keys.jobs(&current, &files);
            (keys, made)
        };
        let (keys, made) = tokio::task::spawn_blocking(naming).await?;
        let (jobs, unusable) = made?;
        self.figures.found(count);
        self.figures.unusable(unusable);
        if !jobs.is_empty() {
            self.queue(jobs).await;
        }
        Ok(keys)
    }

    /// Tries until the queue takes them or the service stops. Then they are found again.
    async fn queue(&mut self, jobs: Vec<NewJob>) {
        let jobs = Arc::new(jobs);
        let mut tries = 0;
        loop {
            let adding = Arc::clone(&jobs);
            let added = self.desk.ask(move |queue| add(queue, &adding));
            match added.await {
                Ok(added) => {
                    tracing::debug!("{} files are queued", added.len());
                    self.bell.jobs.notify_one();
                    return;
                }
                Err(error) => told(&error),
            }
            tries += 1;
            tokio::select! {
                () = self.stop.set() => return,
                () = sleep(RESTARTS.random_delay(tries)) => {}
            }
        }
    }
}

/// Adds jobs. One that was called off since its file was not there is taken up again: it is there.
fn add(queue: &mut Queue, jobs: &[NewJob]) -> Result<Vec<Added>, QueueError> {
    let added = queue.add_all(jobs, SystemTime::now())?;
    for added in &added {
        if let Added::Known {
            id,
            state: State::Cancelled,
        } = *added
            && let Some(job) = queue.show(id)?
            && job.failure.is_some_and(|failure| failure.kind() == GONE)
        {
            queue.retry(&[id])?;
        }
    }
    Ok(added)
}
