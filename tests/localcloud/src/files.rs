//! Whole files, read and written.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::Error;

/// Who may read a file that is written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Public,
    /// The owner alone.
    Private,
}

/// Writes a file as a whole, so that no reader ever sees half of it.
pub(crate) fn write(path: &Path, contents: &[u8], access: Access) -> Result<(), Error> {
    let dir = path.parent().unwrap_or(Path::new("/"));
    let attempt = || -> io::Result<()> {
        // `tempfile` makes files that only their owner can read.
        let mut file = NamedTempFile::new_in(dir)?;
        file.write_all(contents)?;
        if access == Access::Public {
            file.as_file()
                .set_permissions(Permissions::from_mode(0o644))?;
        }
        file.persist(path)?;
        Ok(())
    };
    attempt().map_err(Error::file("write", path))
}

pub(crate) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(Error::file("read", path))
}

pub(crate) fn read_if_present(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}

/// Makes a directory for its owner alone, and its parents, unless they are there.
pub(crate) fn make_private_directory(dir: &Path) -> Result<(), Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(Error::file("make", dir))
}
