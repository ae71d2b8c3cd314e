//! The files that may become complete, by path and by the time when they are due.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use crate::Fingerprint;

/// What a file is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Somebody has it open for writing.
    Open,
    /// Whether it is still in this state after a while; none: to be looked at first.
    Settling(Option<Fingerprint>),
    /// Its writer closed it.
    Closed,
    /// It was renamed to its path.
    Moved,
}

impl Phase {
    /// Whether its writer said by a deed that it is complete.
    pub(super) fn is_handed_over(self) -> bool {
        matches!(self, Self::Closed | Self::Moved)
    }
}

/// Whether a file could be kept in mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    Kept,
    NoRoom,
}

#[derive(Debug)]
pub(super) struct Pending {
    files: BTreeMap<Rc<Path>, (Phase, Instant)>,
    due: BTreeSet<(Instant, Rc<Path>)>,
    most: usize,
}

impl Pending {
    pub(super) fn new(most: usize) -> Self {
        Self {
            files: BTreeMap::new(),
            due: BTreeSet::new(),
            most,
        }
    }

    pub(super) fn phase(&self, path: &Path) -> Option<Phase> {
        self.files.get(path).map(|(phase, _)| *phase)
    }

    /// Adds a file, or gives it another phase and time.
    pub(super) fn put(&mut self, path: &Path, phase: Phase, due: Instant) -> Waiting {
        let path = match self.files.remove_entry(path) {
            Some((path, (_, before))) => {
                self.due.remove(&(before, Rc::clone(&path)));
                path
            }
            None if self.files.len() >= self.most => return Waiting::NoRoom,
            None => path.into(),
        };
        self.due.insert((due, Rc::clone(&path)));
        self.files.insert(path, (phase, due));
        Waiting::Kept
    }

    pub(super) fn remove(&mut self, path: &Path) {
        if let Some((path, (_, due))) = self.files.remove_entry(path) {
            self.due.remove(&(due, path));
        }
    }

    pub(super) fn remove_below(&mut self, directory: &Path) {
        // In the order of paths, what is below a directory follows it without a gap.
        let from_here = (Bound::Included(directory), Bound::Unbounded);
        let first = self.files.range::<Path, _>(from_here);
        let below = first.map(|(path, _)| Rc::clone(path));
        let below: Vec<_> = below
            .take_while(|path| path.starts_with(directory))
            .collect();
        for path in below {
            self.remove(&path);
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(due, _)| *due)
    }

    pub(super) fn due(&self, now: Instant) -> Option<Rc<Path>> {
        let (due, path) = self.due.first()?;
        (*due <= now).then(|| Rc::clone(path))
    }

    pub(super) fn has_room(&self) -> bool {
        self.files.len() < self.most
    }

    /// Whether so much room is left that looking for files is worth it.
    pub(super) fn has_ample_room(&self) -> bool {
        self.files.len() <= self.most / 2
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.files.len(), self.due.len());
        self.files.len()
    }
}
