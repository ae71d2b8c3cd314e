//! Files that are there whole or not at all, also after the power failed.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tempfile::NamedTempFile;

/// What a new file must not do to the one that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    Stays,
    Goes,
}

/// Who may read a new file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    mode: u32,
    owner: Option<(u32, u32)>,
}

impl Access {
    /// Only whoever makes it.
    pub(crate) const OURS: Self = Self {
        mode: 0o600,
        owner: None,
    };

    /// The same as may read the one at `path`: a service that runs as another user must be able to
    /// read what an administrator puts in its file's place.
    pub(crate) fn like(path: &Path) -> io::Result<Self> {
        let metadata = path.metadata()?;
        Ok(Self {
            mode: metadata.mode() & 0o777,
            owner: Some((metadata.uid(), metadata.gid())),
        })
    }
}

/// Writes a file that appears at once and whole.
pub(crate) fn write(
    path: &Path,
    content: &[u8],
    access: Access,
    existing: Existing,
) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(directory(path))?;
    let metadata = file.as_file().metadata()?;
    if let Some((uid, gid)) = access.owner
        && (metadata.uid(), metadata.gid()) != (uid, gid)
    {
        fchown(file.as_file(), Some(uid), Some(gid))?;
    }
    let permissions = Permissions::from_mode(access.mode);
    file.as_file().set_permissions(permissions)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    match existing {
        Existing::Stays => file.persist_noclobber(path)?,
        Existing::Goes => file.persist(path)?,
    };
    sync_directory(path)
}

/// Puts the file in the place of another.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    sync_directory(to)
}

/// Keeps other processes from doing the same with the files of the directory that `path` is in, until
/// dropped; none if one does so now.
pub(crate) fn lock(path: &Path) -> io::Result<Option<File>> {
    let directory = File::open(directory(path))?;
    match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(directory)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(directory(path))?.sync_all()
}

fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
