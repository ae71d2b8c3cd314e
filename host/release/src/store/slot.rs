//! The two places for components.

use std::io;
use std::path::{Path, PathBuf};

use super::{Damage, FileSystem, Settled, Store, StoreError, record};
use crate::{Choice, Digest, LARGEST_COMPONENT, Release, SlotName};

/// No description is longer, in bytes.
const LONGEST_DESCRIPTION: u64 = 64 * 1024;

/// The files of a slot.
#[derive(Clone, Copy, Debug)]
pub(super) enum SlotFile {
    /// The whole component.
    Component,
    /// What has come in of it.
    Partial,
    /// Which release it is of.
    Description,
}

impl SlotFile {
    /// In the order in which they are removed.
    const ALL: [Self; 3] = [Self::Component, Self::Partial, Self::Description];

    pub(super) fn path(self, slot: SlotName) -> PathBuf {
        directory(slot).join(match self {
            Self::Component => "component.wasm",
            Self::Partial => "component.partial",
            Self::Description => "release.json",
        })
    }
}

pub(super) fn directory(slot: SlotName) -> PathBuf {
    Path::new("slots").join(slot.to_string())
}

impl<F: FileSystem> Store<F> {
    /// The component in the slot, if it is the one with this digest.
    pub fn component(&self, slot: SlotName, digest: Digest) -> Result<Vec<u8>, StoreError> {
        let path = SlotFile::Component.path(slot);
        match self.files.read(&path, LARGEST_COMPONENT) {
            Ok(Some(bytes)) if Digest::of(&bytes) == digest => Ok(bytes),
            Ok(_) => Err(StoreError::DamagedSlot { slot }),
            Err(error) if record::is_damage(&error) => Err(StoreError::DamagedSlot { slot }),
            Err(source) => Err(failed("read", path)(source)),
        }
    }

    /// What runs unless a trial does, for those who only want to run it: changes nothing on disk. What is damaged
    /// is told, and what takes its place is what [`Event::Damaged`](crate::Event::Damaged) will make of it.
    pub fn settled(&self) -> Result<(Settled, Vec<Damage>), StoreError> {
        let kept = self.read()?;
        let (mut state, mut damage) = (kept.state, kept.damage);
        loop {
            let Choice::Slot { slot, digest } = state.settled() else {
                return Ok((Settled::Factory, damage));
            };
            match (self.component(slot, digest), state.committed()) {
                (Ok(bytes), Some(release)) => {
                    let release = Box::new(release.clone());
                    return Ok((Settled::Component { release, bytes }, damage));
                }
                (Err(StoreError::DamagedSlot { .. }), _) | (Ok(_), None) => {
                    damage.push(Damage::Slot { slot });
                    state = state.without(slot);
                }
                (Err(error), _) => return Err(error),
            }
        }
    }

    /// Which release the slot's files are of, if that can be read.
    pub(super) fn described(&self, slot: SlotName) -> Option<Release> {
        let path = SlotFile::Description.path(slot);
        let contents = self.files.read(&path, LONGEST_DESCRIPTION).ok()??;
        serde_json::from_slice(record::sealed(&contents)?).ok()
    }

    /// Empties the slot. Which release it was of goes last, so that half of this leaves no file unexplained.
    pub(super) fn discard(&self, slot: SlotName) -> Result<(), StoreError> {
        let directory = directory(slot);
        self.files
            .make_directory(&directory)
            .map_err(failed("make", directory.clone()))?;
        for file in SlotFile::ALL {
            let path = file.path(slot);
            self.files.remove(&path).map_err(failed("remove", path))?;
        }
        self.files
            .sync_directory(&directory)
            .map_err(failed("sync", directory))
    }
}

pub(super) fn failed(doing: &'static str, path: PathBuf) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::Io {
        doing,
        path,
        source,
    }
}
