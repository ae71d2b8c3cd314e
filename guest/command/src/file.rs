//! The file to upload, pinned as it was when the upload began.

use std::fs::File;
use std::io::{ErrorKind as IoKind, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sealift_core::checksum::{Algorithm, Digest};
use sealift_core::upload::Described;
use sealift_core::{Error, ErrorKind};
use sealift_encoding::Hasher;

use crate::body;

/// What is read at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// An opened file.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    file: File,
    version: Version,
}

/// What tells one version of a file from another, as far as standard WASI shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    length: u64,
    modified: Option<SystemTime>,
}

impl Source {
    /// Opens a file that the runtime lets the program see.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let version = version(path, &file)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            version,
        })
    }

    /// Length and fingerprint.
    pub(crate) fn described(&self) -> Described {
        let modified = self.version.modified;
        let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = modified.unwrap_or_default().as_nanos();
        Described {
            length: Some(self.version.length),
            fingerprint: format!("{} {modified}", self.version.length),
        }
    }

    /// Bytes from `offset` on; never none before the end of `range`.
    pub(crate) fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Error> {
        let length = usize::try_from(range.end - range.start).unwrap_or(PIECE);
        let mut piece = vec![0; length.min(PIECE)];
        let mut file = &self.file;
        let read = file
            .seek(SeekFrom::Start(range.start))
            .and_then(|_| file.read_exact(&mut piece));
        match read {
            Ok(()) => Ok(piece),
            Err(error) if error.kind() == IoKind::UnexpectedEof => Err(self.changed()),
            Err(error) => Err(unreadable(&self.path, &error)),
        }
    }

    /// The checksum of a range, in a pass of its own.
    pub(crate) fn digest(&self, algorithm: Algorithm, range: Range<u64>) -> Result<Digest, Error> {
        let mut hasher = Hasher::new(body::encoded(algorithm));
        let mut position = range.start;
        while position < range.end {
            let piece = self.read(position..range.end)?;
            position += piece.len() as u64;
            hasher.update(&piece);
        }
        self.check()?;
        Digest::from_bytes(algorithm, hasher.finish().as_bytes().to_vec())
    }

    /// Refuses a file that is no longer what it was.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if version(&self.path, &self.file)? == self.version {
            return Ok(());
        }
        Err(self.changed())
    }

    fn changed(&self) -> Error {
        let message = format!(
            "`{}` has changed since its upload began",
            self.path.display()
        );
        Error::new(ErrorKind::SourceChanged, message)
            .with_cure("upload it again when nobody writes to it")
    }
}

fn version(path: &Path, file: &File) -> Result<Version, Error> {
    let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
    if !metadata.is_file() {
        let message = format!("`{}` is not a regular file", path.display());
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    Ok(Version {
        length: metadata.len(),
        modified: metadata.modified().ok(),
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    let message = format!("cannot read `{}`: {error}", path.display());
    Error::new(ErrorKind::InvalidInput, message)
        .with_cure("check that the runtime gives the program the file's directory")
}
