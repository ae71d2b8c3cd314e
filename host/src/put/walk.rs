//! The files below a directory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::{DirEntry, IntoIter, WalkDir};

use super::{EntryError, Selection, Symlinks};

/// Deeper than any sensible tree. What lies deeper is an error, not silence.
const DEEPEST: usize = 256;

/// Entries that are looked at, of any kind: symbolic links can make an endless tree of a few
/// directories without any loop.
const MOST_ENTRIES: usize = 8_000_000;

/// Walks the tree below `root` in the order of names.
pub(super) struct Walk<'a> {
    root: &'a Path,
    /// Where the root really is; links must not lead out of it.
    true_root: Arc<Path>,
    selection: &'a Selection,
    entries: IntoIter,
    seen: usize,
}

/// Something below the root that the selection takes.
pub(super) enum Found {
    /// A regular file.
    File {
        path: PathBuf,
        /// To the root.
        relative: PathBuf,
        /// Bytes.
        size: u64,
    },
    /// What cannot become an object.
    Unfit {
        path: PathBuf,
        /// To the root.
        relative: PathBuf,
        reason: EntryError,
    },
    /// More than anybody meant.
    Endless,
}

impl<'a> Walk<'a> {
    pub(super) fn new(root: &'a Path, selection: &'a Selection) -> io::Result<Self> {
        let entries = WalkDir::new(root)
            .follow_links(selection.symlinks == Symlinks::Follow)
            .sort_by_file_name()
            .max_depth(DEEPEST + 1);
        Ok(Self {
            root,
            true_root: root.canonicalize()?.into(),
            selection,
            entries: entries.into_iter(),
            seen: 0,
        })
    }

    /// Where the root really is.
    pub(super) fn true_root(&self) -> Arc<Path> {
        Arc::clone(&self.true_root)
    }

    fn look_at(&mut self, entry: Result<DirEntry, walkdir::Error>) -> Option<Found> {
        let (path, outcome) = match entry {
            Err(error) => {
                let path = error.path().unwrap_or(self.root).to_owned();
                (path.clone(), Err(self.unreadable(path, error)))
            }
            Ok(entry) => (entry.path().to_owned(), self.size(&entry)),
        };
        let relative = path.strip_prefix(self.root).unwrap_or(&path).to_owned();
        match outcome {
            Ok(Some(size)) if self.selection.filter.takes(&relative) => Some(Found::File {
                path,
                relative,
                size,
            }),
            Err(reason) if self.concerns(&path, &relative) => Some(Found::Unfit {
                path,
                relative,
                reason,
            }),
            Ok(_) | Err(_) => None,
        }
    }

    /// Whether what is wrong with an entry keeps something from being uploaded.
    fn concerns(&self, path: &Path, relative: &Path) -> bool {
        let filter = &self.selection.filter;
        relative.as_os_str().is_empty()
            || if path.is_dir() {
                filter.takes_below(relative)
            } else {
                filter.takes(relative)
            }
    }

    /// The size of a file; none for what is passed over in silence.
    fn size(&mut self, entry: &DirEntry) -> Result<Option<u64>, EntryError> {
        let path = || entry.path().to_owned();
        if entry.depth() == 0 {
            return Ok(None);
        }
        if entry.path_is_symlink() {
            match self.selection.symlinks {
                Symlinks::Skip => return Ok(None),
                Symlinks::Error => return Err(EntryError::Symlink(path())),
                Symlinks::Follow => self.stay_inside(entry)?,
            }
        }
        if entry.depth() > DEEPEST {
            return Err(EntryError::TooDeep(path()));
        }
        if entry.file_type().is_dir() {
            self.prune(entry);
            return Ok(None);
        }
        if !entry.file_type().is_file() {
            return Err(EntryError::Special(path()));
        }
        match entry.metadata() {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) => Err(self.unreadable(path(), error)),
        }
    }

    /// Does not descend to where nothing is taken.
    fn prune(&mut self, directory: &DirEntry) {
        let relative = directory.path().strip_prefix(self.root);
        if relative.is_ok_and(|relative| !self.selection.filter.takes_below(relative)) {
            self.entries.skip_current_dir();
        }
    }

    fn stay_inside(&mut self, link: &DirEntry) -> Result<(), EntryError> {
        let path = link.path().to_owned();
        let target = match path.canonicalize() {
            Ok(target) => target,
            Err(_) if is_gone(&path) => return Err(EntryError::Vanished(path)),
            Err(source) => return Err(EntryError::Unreadable { path, source }),
        };
        if target.starts_with(&self.true_root) {
            return Ok(());
        }
        if link.file_type().is_dir() {
            self.entries.skip_current_dir();
        }
        Err(EntryError::LeadsOut { path, target })
    }

    fn unreadable(&self, path: PathBuf, error: walkdir::Error) -> EntryError {
        if path != self.root && is_gone(&path) {
            return EntryError::Vanished(path);
        }
        let looped = error.loop_ancestor().is_some();
        let source = match error.into_io_error() {
            Some(source) => source,
            None if looped => {
                io::Error::other("a symbolic link leads back to a directory above it")
            }
            None => io::Error::other("the directory cannot be walked"),
        };
        EntryError::Unreadable { path, source }
    }
}

impl Iterator for Walk<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let entry = self.entries.next()?;
            self.seen += 1;
            if self.seen > MOST_ENTRIES {
                return Some(Found::Endless);
            }
            if let Some(found) = self.look_at(entry) {
                return Some(found);
            }
        }
    }
}

/// Whether there is not even a symbolic link any more.
fn is_gone(path: &Path) -> bool {
    let looked = path.symlink_metadata();
    looked.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    #[test]
    fn a_directory_that_vanishes_while_it_is_walked_is_left_out() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), "a").unwrap();
        for directory in ["gone", "stays"] {
            fs::create_dir(root.path().join(directory)).unwrap();
            fs::write(root.path().join(directory).join("file"), "").unwrap();
        }
        let selection = Selection {
            recursive: true,
            ..Selection::default()
        };
        let mut walk = Walk::new(root.path(), &selection).unwrap();
        assert!(matches!(walk.next(), Some(Found::File { .. })));
        fs::remove_dir_all(root.path().join("gone")).unwrap();
        let Some(Found::Unfit { reason, .. }) = walk.next() else {
            panic!("it is not told");
        };
        assert!(matches!(reason, EntryError::Vanished(_)), "{reason}");
        assert!(!reason.is_failure());
        let Some(Found::File { relative, .. }) = walk.next() else {
            panic!("the others are not taken");
        };
        assert_eq!(relative, Path::new("stays/file"));
        assert!(walk.next().is_none());
    }

    #[test]
    fn a_directory_that_was_given_and_vanishes_is_a_failure() {
        let root = tempfile::tempdir().unwrap();
        let selection = Selection {
            recursive: true,
            ..Selection::default()
        };
        let mut walk = Walk::new(root.path(), &selection).unwrap();
        fs::remove_dir_all(root.path()).unwrap();
        let Some(Found::Unfit { reason, .. }) = walk.next() else {
            panic!("it is not told");
        };
        assert!(matches!(reason, EntryError::Unreadable { .. }), "{reason}");
    }
}
