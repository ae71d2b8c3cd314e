//! A component that comes in.

use std::path::{Path, PathBuf};

use super::slot::{SlotFile, directory, failed};
use super::{FileSystem, Store, StoreError, file_system, record};
use crate::{Digest, Release, SlotName, Stage};

/// What there is of a release to begin with.
#[derive(Debug)]
pub enum Begun<'a, F: FileSystem> {
    /// All of it.
    Whole,
    /// Some of it, or nothing.
    Partial(Box<Incoming<'a, F>>),
}

/// The bytes of a release on their way into a slot, by one process at a time. They may come in several runs of the
/// process; nothing counts before all that is on disk has the digest that was signed.
#[derive(Debug)]
pub struct Incoming<'a, F: FileSystem> {
    store: &'a Store<F>,
    slot: SlotName,
    release: Release,
    length: u64,
    _lock: F::Lock,
}

impl<F: FileSystem> Store<F> {
    /// Begins to take in the release, or goes on with it.
    pub fn incoming(&self, release: &Release, slot: SlotName) -> Result<Begun<'_, F>, StoreError> {
        let path = self.lock_file("download.lock")?;
        let lock = self.files.try_lock(&path).map_err(failed("lock", path))?;
        let lock = lock.ok_or(StoreError::Busy)?;
        self.wanted(release, slot)?;
        if self.component(slot, release.digest).is_ok() {
            return Ok(Begun::Whole);
        }
        let mut incoming = Incoming {
            store: self,
            slot,
            release: release.clone(),
            length: 0,
            _lock: lock,
        };
        if self.described(slot).is_some_and(|known| known.is(release)) {
            incoming.go_on()?;
        } else {
            self.discard(slot)?;
            let path = SlotFile::Description.path(slot);
            serde_json::to_vec(release)
                .map_err(std::io::Error::from)
                .and_then(|line| file_system::replace(&self.files, &path, &record::seal(&line)))
                .map_err(failed("write", path))?;
        }
        Ok(Begun::Partial(Box::new(incoming)))
    }

    /// Another process may have decided otherwise meanwhile, and the slot may even be the one that runs.
    fn wanted(&self, release: &Release, slot: SlotName) -> Result<(), StoreError> {
        let state = self.read()?.state;
        match state.stage() {
            Stage::Downloading { release: wanted }
                if wanted.is(release) && state.spare() == slot =>
            {
                Ok(())
            }
            _ => Err(StoreError::Overtaken),
        }
    }

    /// Takes one of the locks beside the records.
    pub(super) fn lock(&self, name: &str) -> Result<F::Lock, StoreError> {
        let path = self.lock_file(name)?;
        self.files.lock(&path).map_err(failed("lock", path))
    }

    /// Who has this lets jobs run on a component on trial: one process at a time, so that a trial whose process is
    /// gone is known by [`Event::Started`](crate::Event::Started). None if another process has it.
    pub fn drive(&self) -> Result<Option<F::Lock>, StoreError> {
        let path = self.lock_file("trial.lock")?;
        self.files.try_lock(&path).map_err(failed("lock", path))
    }

    fn lock_file(&self, name: &str) -> Result<PathBuf, StoreError> {
        let directory = Path::new("release");
        self.files
            .make_directory(directory)
            .map_err(failed("make", directory.into()))?;
        Ok(directory.join(name))
    }
}

impl<F: FileSystem> Incoming<'_, F> {
    /// How many bytes are there: where to go on.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How many are still to come.
    pub fn missing(&self) -> u64 {
        self.release.length.saturating_sub(self.length)
    }

    fn go_on(&mut self) -> Result<(), StoreError> {
        match self.there() {
            Ok(there) => {
                self.length = there.len() as u64;
                Ok(())
            }
            Err(StoreError::NotAsSigned) => self.restart(),
            Err(error) => Err(error),
        }
    }

    /// What is on disk of it.
    fn there(&self) -> Result<Vec<u8>, StoreError> {
        let path = SlotFile::Partial.path(self.slot);
        match self.store.files.read(&path, self.release.length) {
            Ok(there) => Ok(there.unwrap_or_default()),
            Err(error) if record::is_damage(&error) => Err(StoreError::NotAsSigned),
            Err(source) => Err(failed("read", path)(source)),
        }
    }

    /// Forgets what has come in.
    pub fn restart(&mut self) -> Result<(), StoreError> {
        let path = SlotFile::Partial.path(self.slot);
        self.store
            .files
            .remove(&path)
            .map_err(failed("remove", path))?;
        self.length = 0;
        Ok(())
    }

    /// Takes in the next bytes. More than were signed are an error, before they are written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if bytes.len() as u64 > self.missing() {
            self.restart()?;
            return Err(StoreError::NotAsSigned);
        }
        let path = SlotFile::Partial.path(self.slot);
        self.store
            .files
            .append(&path, bytes)
            .map_err(failed("write", path))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// All bytes have come in: if those on disk are those that were signed, they are the slot's component, durably.
    /// Tell the machine then.
    pub fn finish(mut self) -> Result<(), StoreError> {
        let files = &self.store.files;
        let partial = SlotFile::Partial.path(self.slot);
        if self.length > 0 {
            files
                .sync_file(&partial)
                .map_err(failed("sync", partial.clone()))?;
        }
        if !self
            .there()
            .is_ok_and(|there| Digest::of(&there) == self.release.digest)
        {
            self.restart()?;
            return Err(StoreError::NotAsSigned);
        }
        let _state = self.store.lock("lock")?;
        self.store.wanted(&self.release, self.slot)?;
        let whole = SlotFile::Component.path(self.slot);
        files
            .rename(&partial, &whole)
            .map_err(failed("rename", partial))?;
        let directory = directory(self.slot);
        files
            .sync_directory(&directory)
            .map_err(failed("sync", directory))
    }
}
