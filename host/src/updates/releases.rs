//! Where the releases of a device stand.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sealift_config::Config;
use sealift_release::{
    ApplyError, Circumstances, Damage, Directory, Effect, Event, Kept, Lock, Refusal, Settled,
    Store, StoreError, Tally, Window,
};
use sealift_state::{AuditError, StateDirectory};
use tokio::sync::Notify;
use tokio::task::{JoinError, spawn_blocking};

use super::circumstances;
use super::doubts::Doubts;
use super::record;
use crate::gateway::Gateway;

/// The state on disk, and what of it this process has to know beside.
#[derive(Debug)]
pub struct Releases {
    pub(super) store: Store,
    directory: PathBuf,
    /// How jobs of this process fared on what is settled.
    settled: Mutex<Tally>,
    doubts: Mutex<Doubts>,
    /// What could not be written down, for want of disk say: ends of jobs of a trial, of which each had its turn.
    unwritten: Mutex<Vec<Event>>,
    /// What was put on record last of releases that ask for too much, so that a look each hour does not fill the log.
    refused: Mutex<Option<Refusal>>,
    changed: Notify,
}

/// Leave to let jobs run on a component on trial: one process has it at a time.
#[derive(Debug)]
pub struct Driver {
    _lock: Lock,
}

/// Why the state does not change.
#[derive(Debug, thiserror::Error)]
pub enum ReleasesError {
    /// It may not, or cannot be written down.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that was to write it down ended.
    #[error("the state of releases could not be written down")]
    Thread(#[from] JoinError),
}

impl Releases {
    /// Those in this state directory; touches no disk.
    pub fn new(state: PathBuf) -> Self {
        Self {
            store: Store::new(Directory::new(state.clone())),
            directory: state,
            settled: Mutex::default(),
            doubts: Mutex::default(),
            unwritten: Mutex::default(),
            refused: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Takes over trials, unless another process has them. Blocks.
    pub fn drive(&self) -> Result<Option<Driver>, StoreError> {
        Ok(self.store.drive()?.map(|lock| Driver { _lock: lock }))
    }

    /// The state. Blocks.
    pub fn read(&self) -> Result<Kept, StoreError> {
        self.store.read()
    }

    /// What runs unless a trial does, with what is damaged and done without. Blocks.
    pub fn settled(&self) -> Result<(Settled, Vec<Damage>), StoreError> {
        self.store.settled()
    }

    /// Like [`Releases::read`], on a thread of its own.
    pub async fn look(self: &Arc<Self>) -> Result<Kept, ReleasesError> {
        let this = Arc::clone(self);
        Ok(spawn_blocking(move || this.read()).await??)
    }

    /// Tells of an event; what is to be done. Blocks until the new state is on disk.
    pub fn apply(&self, config: &Config, event: Event) -> Result<Vec<Effect>, ApplyError> {
        self.apply_in(config, event, circumstances::window(config))
    }

    /// Like [`Releases::apply`], whether or not now is in the maintenance window.
    pub fn apply_in(
        &self,
        config: &Config,
        event: Event,
        window: Window,
    ) -> Result<Vec<Effect>, ApplyError> {
        let effects = self
            .store
            .apply(event, &self.circumstances(config, window))?;
        self.changed.notify_one();
        Ok(effects)
    }

    /// Like [`Releases::apply`], on a thread of its own.
    pub async fn tell(
        self: &Arc<Self>,
        gateway: &Arc<Gateway>,
        event: Event,
    ) -> Result<Vec<Effect>, ReleasesError> {
        let window = circumstances::window(gateway.config());
        self.tell_in(gateway, event, window).await
    }

    /// Like [`Releases::apply_in`], on a thread of its own.
    pub async fn tell_in(
        self: &Arc<Self>,
        gateway: &Arc<Gateway>,
        event: Event,
        window: Window,
    ) -> Result<Vec<Effect>, ReleasesError> {
        let (this, gateway) = (Arc::clone(self), Arc::clone(gateway));
        let applied = spawn_blocking(move || this.apply_in(gateway.config(), event, window));
        Ok(applied.await??)
    }

    /// Keeps what could not be written down until [`Releases::catch_up`].
    pub(super) fn owe(&self, event: Event) {
        lock(&self.unwritten).push(event);
    }

    /// Writes down what could not be before: a trial whose jobs ended and are not known to have would not end.
    pub async fn catch_up(self: &Arc<Self>, gateway: &Arc<Gateway>) -> Result<(), ReleasesError> {
        loop {
            let Some(event) = lock(&self.unwritten).pop() else {
                return Ok(());
            };
            if let Err(error) = self.tell(gateway, event.clone()).await {
                self.owe(event);
                return Err(error);
            }
        }
    }

    /// What decisions depend on now.
    pub(super) fn circumstances(&self, config: &Config, window: Window) -> Circumstances {
        circumstances::circumstances(config, window, *self.tally())
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Puts on record what became of a component. Blocks.
    pub(super) fn record(&self, event: &sealift_state::Event) -> Result<(), AuditError> {
        let audit = StateDirectory::new(self.directory.clone()).audit();
        audit.record(event, SystemTime::now())
    }

    /// Puts on record that a release asks for too much, once.
    pub(super) fn record_refusal(&self, refusal: &Refusal) -> Result<(), AuditError> {
        if lock(&self.refused).as_ref() == Some(refusal) {
            return Ok(());
        }
        self.record(&record::refused(refusal))?;
        *lock(&self.refused) = Some(refusal.clone());
        Ok(())
    }

    /// Waits until this process has told of an event.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A job on what is settled ended.
    pub(super) fn count(&self, succeeded: bool) {
        let mut settled = self.tally();
        let count = if succeeded {
            &mut settled.succeeded
        } else {
            &mut settled.failed
        };
        *count = count.saturating_add(1);
    }

    pub(super) fn doubts(&self) -> MutexGuard<'_, Doubts> {
        lock(&self.doubts)
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        lock(&self.settled)
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
