//! Looking through a folder, a few entries at a time.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType};
use rustix::io::Errno;

use crate::directory::Directory;
use crate::{Disposal, Fingerprint, Rule};

/// A look through directories and what is below them. Links are not followed.
#[derive(Debug)]
pub(crate) struct Walk {
    whole: bool,
    /// A directory that is left out.
    aside: Option<PathBuf>,
    waiting: Vec<PathBuf>,
    current: Option<Listing>,
}

#[derive(Debug)]
struct Listing {
    path: PathBuf,
    directory: Directory,
    entries: Dir,
}

/// What came next on the way.
#[derive(Debug)]
pub(crate) enum Step {
    /// A directory, of which the entries follow.
    Directory(PathBuf),
    /// A regular file in its state.
    File(PathBuf, Fingerprint),
    /// Something that is neither, or went meanwhile.
    Other,
    /// A directory that cannot be looked through.
    Unreadable(PathBuf, Errno),
    /// Nothing is left.
    End,
}

/// The longest path below a folder that is looked at, in bytes: with the folder's own it still has
/// to fit into the kernel's limit of 4096.
const LONGEST_PATH: usize = 3072;

/// So many directories may wait to be looked through.
const MOST_WAITING: usize = 100_000;

impl Walk {
    /// A look through the whole folder but for a directory in it.
    pub(crate) fn whole(aside: Option<PathBuf>) -> Self {
        Self {
            whole: true,
            aside,
            waiting: vec![PathBuf::new()],
            current: None,
        }
    }

    /// A look through some directories of it, which are still to be [added](Self::add).
    pub(crate) fn partial(aside: Option<PathBuf>) -> Self {
        Self {
            whole: false,
            aside,
            waiting: Vec::new(),
            current: None,
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Looks through another directory too, unless too many are waiting: the next scan of the
    /// whole folder will find it.
    pub(crate) fn add(&mut self, directory: PathBuf) {
        let fits = directory.as_os_str().len() <= LONGEST_PATH;
        if fits
            && !is_within(&directory, self.aside.as_deref())
            && self.waiting.len() < MOST_WAITING
        {
            self.waiting.push(directory);
        }
    }

    /// The directory that was entered last.
    pub(crate) fn directory(&self) -> Option<&Directory> {
        self.current.as_ref().map(|listing| &listing.directory)
    }

    /// Goes one step on.
    pub(crate) fn step(&mut self, root: &Directory) -> Step {
        let Some(listing) = &mut self.current else {
            return match self.waiting.pop() {
                Some(path) => self.enter(root, path),
                None => Step::End,
            };
        };
        let entry = match listing.entries.read() {
            Some(Ok(entry)) => entry,
            Some(Err(error)) => {
                let path = std::mem::take(&mut listing.path);
                self.current = None;
                return Step::Unreadable(path, error);
            }
            None => {
                self.current = None;
                return Step::Other;
            }
        };
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            return Step::Other;
        }
        let path = listing.path.join(name);
        match entry.file_type() {
            FileType::Directory => {
                self.add(path);
                Step::Other
            }
            FileType::RegularFile => listing.file(path),
            // Some file systems tell no types.
            FileType::Unknown => match listing.file(path) {
                Step::Other => {
                    let path = listing.path.join(name);
                    // Whether it is a directory shows when it is entered.
                    self.add(path);
                    Step::Other
                }
                file => file,
            },
            _ => Step::Other,
        }
    }

    fn enter(&mut self, root: &Directory, path: PathBuf) -> Step {
        let opened = root.below(&path).and_then(|directory| {
            let entries = directory.entries()?;
            Ok((directory, entries))
        });
        match opened {
            Ok((directory, entries)) => {
                self.current = Some(Listing {
                    path: path.clone(),
                    directory,
                    entries,
                });
                Step::Directory(path)
            }
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Step::Other,
            Err(error) => Step::Unreadable(path, error),
        }
    }
}

impl Listing {
    fn file(&self, path: PathBuf) -> Step {
        if path.as_os_str().len() > LONGEST_PATH {
            return Step::Other;
        }
        let name = path.file_name().unwrap_or_default();
        match self.directory.file(name) {
            Ok(Some(stat)) => Step::File(path, Fingerprint::from(&stat)),
            Ok(None) => Step::Other,
            Err(error) => Step::Unreadable(path, error),
        }
    }
}

/// Where files of a folder are moved to, if that is in the folder itself.
pub(crate) fn aside_of(rule: &Rule) -> Option<PathBuf> {
    match &rule.after {
        Disposal::Move(directory) => Some(directory.strip_prefix(&rule.path).ok()?.to_owned()),
        Disposal::Keep | Disposal::Delete => None,
    }
}

/// Whether a path is a directory, or below one.
pub(crate) fn is_within(path: &Path, directory: Option<&Path>) -> bool {
    directory.is_some_and(|directory| path.starts_with(directory))
}
