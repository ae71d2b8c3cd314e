//! Directories, entered without following links.

use std::ffi::OsStr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, fsync, mkdirat, open, openat, statat,
};
use rustix::io::{Errno, retry_on_intr};

/// An open directory. What is below it is reached name by name, so that no symbolic link, which
/// anybody may put there who may write to the folder, leads out of it.
#[derive(Debug)]
pub(crate) struct Directory(OwnedFd);

/// What tells a directory from another at the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

const FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK);

impl Directory {
    /// Opens a directory that the configuration names; links on the way are the operator's.
    pub(crate) fn open(path: &Path) -> Result<Self, Errno> {
        Ok(Self(retry_on_intr(|| open(path, FLAGS, Mode::empty()))?))
    }

    /// Opens a directory below this one.
    pub(crate) fn below(&self, relative: &Path) -> Result<Self, Errno> {
        self.walk(relative, Self::child)
    }

    /// Like [`below`](Self::below), and makes the directories that are missing.
    pub(crate) fn make_below(&self, relative: &Path) -> Result<Self, Errno> {
        self.walk(relative, |directory, name| match directory.child(name) {
            Err(Errno::NOENT) => {
                match mkdirat(directory.as_fd(), name, Mode::from_raw_mode(0o777)) {
                    Ok(()) => directory.sync()?,
                    Err(Errno::EXIST) => {}
                    Err(error) => return Err(error),
                }
                directory.child(name)
            }
            opened => opened,
        })
    }

    fn walk(
        &self,
        relative: &Path,
        step: impl Fn(&Self, &OsStr) -> Result<Self, Errno>,
    ) -> Result<Self, Errno> {
        let mut directory = self.child(OsStr::new("."))?;
        for component in relative.components() {
            let Component::Normal(name) = component else {
                return Err(Errno::INVAL);
            };
            directory = step(&directory, name)?;
        }
        Ok(directory)
    }

    fn child(&self, name: &OsStr) -> Result<Self, Errno> {
        let flags = FLAGS | OFlags::NOFOLLOW;
        let child = retry_on_intr(|| openat(&self.0, name, flags, Mode::empty()))?;
        Ok(Self(child))
    }

    pub(crate) fn identity(&self) -> Result<Identity, Errno> {
        let stat = fstat(&self.0)?;
        Ok(Identity {
            device: stat.st_dev,
            inode: stat.st_ino,
        })
    }

    /// The state of a regular file in it; none if there is none of that name.
    pub(crate) fn file(&self, name: &OsStr) -> Result<Option<Stat>, Errno> {
        match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => {
                let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
                Ok(regular.then_some(stat))
            }
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether it has anything of that name.
    pub(crate) fn has(&self, name: &OsStr) -> Result<bool, Errno> {
        match statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Like [`file`](Self::file), of a file somewhere below.
    pub(crate) fn file_below(&self, relative: &Path) -> Result<Option<Stat>, Errno> {
        let (Some(parent), Some(name)) = (relative.parent(), relative.file_name()) else {
            return Ok(None);
        };
        if parent.as_os_str().is_empty() {
            return self.file(name);
        }
        match self.below(parent) {
            Ok(directory) => directory.file(name),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Its entries, from the first.
    pub(crate) fn entries(&self) -> Result<Dir, Errno> {
        Dir::read_from(&self.0)
    }

    /// Makes changes of its entries outlast a loss of power.
    pub(crate) fn sync(&self) -> Result<(), Errno> {
        retry_on_intr(|| fsync(&self.0))
    }

    /// A path that leads to this very directory, whatever happens to its name.
    pub(crate) fn path_of_descriptor(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
