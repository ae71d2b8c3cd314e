//! What becomes of a file that is uploaded.

mod relocate;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, unlinkat};
use rustix::io::Errno;
use sealift_config::Disposal;

use crate::Fingerprint;
use crate::directory::Directory;

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposed {
    /// It stays where it is.
    Kept,
    /// It is deleted.
    Deleted,
    /// It is moved to this path.
    Moved(PathBuf),
    /// Nothing is at its path any more: somebody was faster, perhaps we ourselves before a crash.
    Gone,
    /// Something else is at its path by now, or it was written to. It was left alone; the watcher
    /// reports it as a new version.
    Changed,
}

/// A file could not be deleted or moved. It is where it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DisposeError {
    /// The file cannot be looked at.
    #[error("cannot look at {} to {disposal} it", .path.display())]
    Look {
        /// The file.
        path: PathBuf,
        /// What should become of it.
        disposal: Disposal,
        /// Why.
        source: Errno,
    },
    /// It cannot be deleted.
    #[error("cannot delete {}, which is uploaded; give the service leave to write to its directory", .path.display())]
    Delete {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Errno,
    },
    /// It cannot be moved.
    #[error("cannot move {}, which is uploaded, below {}", .path.display(), .directory.display())]
    Move {
        /// The file.
        path: PathBuf,
        /// Where to.
        directory: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Does with a file below `folder` what is to become of it, if it is still the version that was
/// `uploaded`, and makes that outlast a loss of power. Blocks.
///
/// The way from the folder to the file is gone name by name, through no link. Called again after a
/// crash, it goes on where it was. Between the last look at the file and the deed are microseconds in
/// which a writer who still has it open can write unseen: Linux has no call that compares and
/// deletes.
pub fn dispose(
    folder: &Path,
    relative: &Path,
    uploaded: Fingerprint,
    disposal: &Disposal,
) -> Result<Disposed, DisposeError> {
    if *disposal == Disposal::Keep {
        return Ok(Disposed::Kept);
    }
    let path = folder.join(relative);
    let place = match Place::find(folder, relative) {
        Ok(Some(place)) => place,
        Ok(None) => return Ok(Disposed::Gone),
        Err(source) => return Err(look_error(path, disposal, source)),
    };
    match place.standing(uploaded) {
        Ok(Standing::Same) => {}
        Ok(Standing::Gone) => return Ok(Disposed::Gone),
        Ok(Standing::Changed) => return Ok(Disposed::Changed),
        Err(source) => return Err(look_error(path, disposal, source)),
    }
    match disposal {
        Disposal::Keep => Ok(Disposed::Kept),
        Disposal::Delete => match place.delete() {
            Ok(()) => Ok(Disposed::Deleted),
            Err(Errno::NOENT) => Ok(Disposed::Gone),
            Err(source) => Err(DisposeError::Delete { path, source }),
        },
        Disposal::Move(directory) => relocate::relocate(&place, relative, uploaded, directory)
            .map_err(|source| DisposeError::Move {
                path,
                directory: directory.clone(),
                source,
            }),
    }
}

/// A name in an open directory.
struct Place<'p> {
    directory: Directory,
    name: &'p OsStr,
}

/// How what is at a place compares to what was uploaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Same,
    Changed,
    Gone,
}

impl<'p> Place<'p> {
    /// None if the directory is not there, or is reached through a link.
    fn find(folder: &Path, relative: &'p Path) -> Result<Option<Self>, Errno> {
        let (Some(parent), Some(name)) = (relative.parent(), relative.file_name()) else {
            return Err(Errno::INVAL);
        };
        match Directory::open(folder).and_then(|folder| folder.below(parent)) {
            Ok(directory) => Ok(Some(Self { directory, name })),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn standing(&self, uploaded: Fingerprint) -> Result<Standing, Errno> {
        match self.directory.file(self.name)? {
            Some(stat) if Fingerprint::from(&stat) == uploaded => Ok(Standing::Same),
            Some(_) => Ok(Standing::Changed),
            None if self.directory.has(self.name)? => Ok(Standing::Changed),
            None => Ok(Standing::Gone),
        }
    }

    fn delete(&self) -> Result<(), Errno> {
        unlinkat(&self.directory, self.name, AtFlags::empty())?;
        self.directory.sync()
    }
}

fn look_error(path: PathBuf, disposal: &Disposal, source: Errno) -> DisposeError {
    DisposeError::Look {
        path,
        disposal: disposal.clone(),
        source,
    }
}

#[cfg(test)]
mod tests;
