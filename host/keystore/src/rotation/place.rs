//! A file and what comes after it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::RotationError;
use crate::durable::{self, Access, Existing};

/// A file, and beside it the one that takes its place.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) now: PathBuf,
    pub(super) next: PathBuf,
}

impl Place {
    /// Of the file itself, not of a symbolic link to it, which is to stay one.
    pub(super) fn of(path: &Path) -> Result<Self, RotationError> {
        let now = fs::canonicalize(path).map_err(|source| RotationError::Replace {
            path: path.to_owned(),
            source,
        })?;
        let next = beside(&now);
        Ok(Self { now, next })
    }

    /// Who may read the file.
    pub(super) fn access(&self) -> Result<Access, RotationError> {
        Access::like(&self.now).map_err(|source| self.error(source))
    }

    /// Lays down what comes after the file.
    pub(super) fn lay(&self, content: &[u8]) -> Result<(), RotationError> {
        let access = self.access()?;
        durable::write(&self.next, content, access, Existing::Goes)
            .map_err(|source| self.error(source))
    }

    /// Puts that in the file's place.
    pub(super) fn move_up(&self) -> Result<(), RotationError> {
        durable::rename(&self.next, &self.now).map_err(|source| self.error(source))
    }

    fn error(&self, source: io::Error) -> RotationError {
        RotationError::Replace {
            path: self.now.clone(),
            source,
        }
    }
}

/// What comes after this file.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut next = OsString::from(path);
    next.push(".next");
    next.into()
}
