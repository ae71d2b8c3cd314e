//! Making keys.

use std::io;
use std::path::{Path, PathBuf};

use crate::KeySpec;
use crate::durable::{self, Access, Existing};
use crate::file_key::{FileKey, KeyError};
use sealift_config::KeyPermissions;

/// Makes a key in a new file that only we can read (PKCS #8 in PEM). A file that is there stays.
pub fn generate_file_key(path: &Path, spec: KeySpec) -> Result<FileKey, GenerateError> {
    file(path, spec, Access::OURS)?;
    Ok(FileKey::open(path, KeyPermissions::Strict)?)
}

pub(crate) fn file(path: &Path, spec: KeySpec, access: Access) -> Result<(), GenerateError> {
    let key = spec.generate().map_err(|_| GenerateError::Refused(spec))?;
    durable::write(path, key.as_bytes(), access, Existing::Stays).map_err(|source| {
        let path = path.to_owned();
        if source.kind() == io::ErrorKind::AlreadyExists {
            GenerateError::Exists(path)
        } else {
            GenerateError::Write { path, source }
        }
    })
}

/// There is no new key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// A key that is there is never overwritten.
    #[error(
        "{} exists, and a key that is there is never overwritten; `sealift key rotate` puts another in its place",
        .0.display()
    )]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("cannot write the new key {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The cryptographic library makes none, for instance without random numbers.
    #[error("the cryptographic library made no key of the kind {0}")]
    Refused(KeySpec),
    /// What was written cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
}
