//! Reading small files that may hold a secret.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;
use zeroize::Zeroizing;

/// A file's content, wiped when dropped, with what was true of the file when it
/// was read.
pub(crate) struct SmallFile {
    pub(crate) content: Zeroizing<Vec<u8>>,
    pub(crate) stamp: Stamp,
    /// Permission bits.
    pub(crate) mode: u32,
}

impl SmallFile {
    /// Reads a regular file of at most [`LARGEST`] bytes.
    pub(crate) fn read(path: &Path) -> Result<Self, FileError> {
        let unreadable = |source| FileError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let file = open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(FileError::NotAFile {
                path: path.to_owned(),
            });
        }
        let content = read(file).map_err(unreadable)?;
        if content.len() > LARGEST {
            return Err(FileError::TooLarge {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            content,
            stamp: Stamp::of(&metadata),
            mode: metadata.mode() & 0o7777,
        })
    }

    /// Whether it lies, under this very name, in the directory that systemd has made for the credentials of this
    /// service: who may read those is systemd's doing. Since version 254 it lets the service in by an ACL.
    pub(crate) fn is_credential(&self, path: &Path, directory: Option<&Path>) -> bool {
        let Some(directory) = directory.filter(|directory| path.parent() == Some(directory)) else {
            return false;
        };
        let is_itself = path
            .symlink_metadata()
            .is_ok_and(|metadata| Stamp::of(&metadata) == self.stamp);
        let ours = [0, geteuid().as_raw()];
        let is_guarded = directory.symlink_metadata().is_ok_and(|metadata| {
            metadata.is_dir() && ours.contains(&metadata.uid()) && metadata.mode() & 0o022 == 0
        });
        is_itself && is_guarded
    }
}

/// The largest file that is read, in bytes. Ten certificates take half of it.
pub(crate) const LARGEST: usize = 64 << 10;

fn open(path: &Path) -> io::Result<File> {
    // Without NONBLOCK, opening a FIFO would wait for somebody to write to it.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

fn read(file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    // Of the right size from the start, so that growing leaves no copy behind.
    let mut content = Zeroizing::new(Vec::with_capacity(LARGEST + 1));
    file.take(LARGEST as u64 + 1).read_to_end(&mut content)?;
    Ok(content)
}

/// What changes whenever a file is replaced or written to: device, inode, size
/// and the times of the last change of content and of metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of the file that is there now; none if there is none that can
    /// be looked at.
    pub(crate) fn now(path: &Path) -> Option<Self> {
        path.metadata().ok().map(|metadata| Self::of(&metadata))
    }

    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// A key or certificate file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system says no.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// A directory, a FIFO or a device.
    #[error("{} is not a regular file", .path.display())]
    NotAFile {
        /// What is no file.
        path: PathBuf,
    },

    /// Too large for a key or certificates.
    #[error("{} is larger than 64 KiB, so it holds something else than a key or certificates", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::{FileError, LARGEST, SmallFile, Stamp};

    #[test]
    fn reads_up_to_the_limit_and_no_further() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, vec![b'x'; LARGEST]).unwrap();
        assert_eq!(SmallFile::read(&path).unwrap().content.len(), LARGEST);
        fs::write(&path, vec![b'x'; LARGEST + 1]).unwrap();
        assert!(matches!(
            SmallFile::read(&path),
            Err(FileError::TooLarge { .. })
        ));
    }

    #[test]
    fn what_is_not_a_file_neither_blocks_nor_reads_endlessly() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        let made = std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap();
        assert!(made.success());
        for path in [directory.path(), &fifo, "/dev/zero".as_ref()] {
            assert!(matches!(
                SmallFile::read(path),
                Err(FileError::NotAFile { .. })
            ));
        }
        let gone = SmallFile::read(&directory.path().join("gone"));
        assert!(matches!(gone, Err(FileError::Unreadable { .. })));
    }

    #[test]
    fn a_replaced_file_has_another_stamp_even_with_equal_size_and_time() {
        let directory = tempfile::tempdir().unwrap();
        let (path, new) = (directory.path().join("file"), directory.path().join("new"));
        fs::write(&path, "a").unwrap();
        fs::write(&new, "b").unwrap();
        let before = Stamp::now(&path).unwrap();
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        fs::File::options()
            .write(true)
            .open(&new)
            .unwrap()
            .set_modified(time)
            .unwrap();
        fs::rename(&new, &path).unwrap();
        assert_ne!(Stamp::now(&path).unwrap(), before);
        assert_eq!(Stamp::now(&new), None);
    }
}
