//! Where the files are.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sealift_state::private;

use crate::QueueError;

/// The directory of a queue.
#[derive(Clone, Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    pub(crate) fn new(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("queue.sqlite")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.0.join("queue.lock")
    }

    /// A database that is being written and that nobody was told of.
    pub(crate) fn draft(&self) -> PathBuf {
        self.0.join("queue.sqlite.draft")
    }

    /// A copy of a damaged database, to be read.
    pub(crate) fn rescue(&self) -> PathBuf {
        self.0.join("queue.sqlite.rescue")
    }

    /// A database that is to take the place of a damaged one.
    pub(crate) fn repaired(&self, number: u32) -> PathBuf {
        self.0.join(format!("queue.sqlite.repaired-{number}"))
    }

    /// A database that was damaged.
    pub(crate) fn damaged(&self, number: u32) -> PathBuf {
        self.0.join(format!("queue.sqlite.damaged-{number}"))
    }

    /// The numbers of the files `queue.sqlite.KIND-N`, in order.
    pub(crate) fn numbers(&self, kind: &str) -> io::Result<Vec<u32>> {
        let prefix = format!("queue.sqlite.{kind}-");
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix(&prefix));
            numbers.extend(number.and_then(|digits| digits.parse::<u32>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Whether a log of committed pages lies beside the database.
    pub(crate) fn has_log(&self) -> bool {
        beside(&self.database(), "-wal")
            .metadata()
            .is_ok_and(|log| log.len() > 0)
    }

    /// Makes the directory if it is missing.
    pub(crate) fn make(&self) -> io::Result<()> {
        private::make_directory(&self.0)
    }

    /// Makes the names in it durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }
}

/// The file of this name and ending, as SQLite makes them.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// Opens a file to be read and written, made if it is missing, by [`private`]'s rules. SQLite gives what it makes
/// beside a database to the database's owner.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    let file = private::open(path, File::options().read(true).write(true))?;
    keep_private(&file)?;
    Ok(file)
}

/// Takes away what others may do with a file.
pub(crate) fn keep_private(file: &File) -> io::Result<()> {
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Removes a file, if there is one.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Renames a file, if there is one.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The error for what the file system refused.
pub(crate) fn refused(doing: &'static str, path: &Path, source: io::Error) -> QueueError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            QueueError::DiskFull { doing, path }
        }
        io::ErrorKind::ReadOnlyFilesystem => QueueError::ReadOnly { doing, path },
        io::ErrorKind::PermissionDenied => QueueError::Permission { doing, path },
        _ => QueueError::Io {
            doing,
            path,
            source,
        },
    }
}
