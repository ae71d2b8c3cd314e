//! The file to upload, pinned as it was when the upload began.

use std::ops::Range;
use std::path::{Path, PathBuf};

use sealift_core::checksum::{Algorithm, Digest};
use sealift_core::upload::Described;
use sealift_core::{Error, ErrorKind};
use sealift_encoding::Hasher;
use sealift_wasi::clock;
use wasi::filesystem::preopens::get_directories;
use wasi::filesystem::types::{
    Datetime, Descriptor, DescriptorFlags, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};

use crate::body;

/// What is read at a time, in bytes.
const PIECE: u64 = 64 * 1024;

/// An opened file. Not one of the standard library: that tells neither which file it is nor when it was changed last.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    file: Descriptor,
    version: Version,
}

/// What tells one version of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    length: u64,
    modified: Option<(u64, u32)>,
    /// Of contents, name or mode: nobody can set it back, as copying programs do with the time above.
    changed: Option<(u64, u32)>,
    /// Which file it is (`metadata-hash` of wasi:filesystem).
    identity: (u64, u64),
}

impl Source {
    /// Opens a file that the runtime lets the program see.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let file = opened(path)?;
        let version = version(path, &file)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            version,
        })
    }

    /// Length and fingerprint.
    pub(crate) fn described(&self) -> Described {
        let Version {
            length,
            modified,
            changed,
            identity,
        } = &self.version;
        // Where no time tells whether it is the same, no later run goes on with it.
        let age = match changed.or(*modified) {
            Some(_) => format!("{modified:?} {changed:?}"),
            None => format!("{:x}", clock::random()),
        };
        let path = self.path.display();
        Described {
            length: Some(*length),
            fingerprint: format!("{length} {age} {identity:?} {path}"),
        }
    }

    /// Bytes from `offset` on; never none before the end of `range`.
    pub(crate) fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Error> {
        let length = (range.end - range.start).min(PIECE);
        let (piece, _) = self
            .file
            .read(length, range.start)
            .map_err(|error| unreadable(&self.path, error))?;
        if piece.is_empty() && length > 0 {
            return Err(self.changed());
        }
        Ok(piece)
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

/// Opens it below the directory with the longest name that it is in.
fn opened(path: &Path) -> Result<Descriptor, Error> {
    let text = path.to_str().unwrap_or_default();
    let directories = get_directories();
    let inside = directories.iter().filter_map(|(directory, name)| {
        let rest = within(name, text)?;
        Some((name.len(), directory, rest))
    });
    let Some((_, directory, rest)) = inside.max_by_key(|(length, ..)| *length) else {
        let message = format!(
            "cannot read `{}`: it is in no directory that the runtime gives the program",
            path.display()
        );
        return Err(Error::new(ErrorKind::InvalidInput, message)
            .with_cure("give it the file's directory, such as with `--dir`"));
    };
    directory
        .open_at(
            PathFlags::SYMLINK_FOLLOW,
            rest,
            OpenFlags::empty(),
            DescriptorFlags::READ,
        )
        .map_err(|error| unreadable(path, error))
}

/// The path from a directory on, if it is in it by its name.
fn within<'a>(directory: &str, path: &'a str) -> Option<&'a str> {
    let path = path.strip_prefix("./").unwrap_or(path);
    let rest = match directory.trim_end_matches('/') {
        "." => Some(path).filter(|path| !path.starts_with('/')),
        "" => path.strip_prefix('/'),
        name => path
            .strip_prefix(name.strip_prefix("./").unwrap_or(name))?
            .strip_prefix('/'),
    };
    rest.filter(|rest| !rest.is_empty())
}

fn version(path: &Path, file: &Descriptor) -> Result<Version, Error> {
    let refused = |error| unreadable(path, error);
    let status = file.stat().map_err(refused)?;
    if status.type_ != DescriptorType::RegularFile {
        let message = format!("`{}` is not a regular file", path.display());
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    let hash = file.metadata_hash().map_err(refused)?;
    let told = |time: Datetime| (time.seconds, time.nanoseconds);
    Ok(Version {
        length: status.size,
        modified: status.data_modification_timestamp.map(told),
        changed: status.status_change_timestamp.map(told),
        identity: (hash.lower, hash.upper),
    })
}

fn unreadable(path: &Path, error: ErrorCode) -> Error {
    let message = format!("cannot read `{}`: {}", path.display(), error.name());
    Error::new(ErrorKind::InvalidInput, message)
        .with_cure("check that the runtime gives the program the file's directory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_in_a_directory_by_whole_names() {
        for (directory, path, rest) in [
            ("/work", "/work/a/b", Some("a/b")),
            ("/work/", "/work/a", Some("a")),
            ("/", "/work/a", Some("work/a")),
            (".", "a/b", Some("a/b")),
            (".", "./a", Some("a")),
            ("data", "data/a", Some("a")),
            ("/work", "/workshop/a", None),
            ("/work", "/work", None),
            ("/work", "work/a", None),
            (".", "/a", None),
        ] {
            assert_eq!(within(directory, path), rest, "{path} in {directory}");
        }
    }
}
