//! Which versions of files were reported.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use crate::Fingerprint;

/// Which versions of files were reported: hashes of path and fingerprint, 64 bits each with a key
/// that nobody outside knows. Two paths of a hundred thousand share a hash once in billions of
/// folders, and then their files are reported more often, not less.
#[derive(Debug)]
pub(super) struct Reported {
    hasher: RandomState,
    versions: HashMap<u64, Version>,
    most: usize,
    /// Whether a version is of the scan under way: its mark has the same parity.
    mark: bool,
}

#[derive(Clone, Copy, Debug)]
struct Version {
    state: u64,
    mark: bool,
}

impl Reported {
    pub(super) fn new(most: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            versions: HashMap::new(),
            most,
            mark: false,
        }
    }

    /// Whether the file was reported in this state; if so, it is still there.
    pub(super) fn has(&mut self, path: &Path, state: Fingerprint) -> bool {
        let (mark, state) = (self.mark, self.hasher.hash_one(state));
        let version = self.versions.get_mut(&self.hasher.hash_one(path));
        version.is_some_and(|version| {
            version.mark = mark;
            version.state == state
        })
    }

    pub(super) fn add(&mut self, path: &Path, state: Fingerprint) {
        let path = self.hasher.hash_one(path);
        if self.versions.len() < self.most || self.versions.contains_key(&path) {
            let version = Version {
                state: self.hasher.hash_one(state),
                mark: self.mark,
            };
            self.versions.insert(path, version);
        }
    }

    pub(super) fn forget(&mut self, path: &Path) {
        self.versions.remove(&self.hasher.hash_one(path));
    }

    pub(super) fn clear(&mut self) {
        self.versions = HashMap::new();
    }

    /// From here on, what is met is there.
    pub(super) fn mark(&mut self) {
        self.mark = !self.mark;
    }

    /// What was not met since [`mark`](Self::mark) is gone.
    pub(super) fn sweep(&mut self) {
        self.versions.retain(|_, version| version.mark == self.mark);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.versions.len()
    }
}
