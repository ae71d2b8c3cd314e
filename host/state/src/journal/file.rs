//! The file of a journal, and who holds it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

use super::{JournalError, LARGEST_JOURNAL, MOST_JOURNALS};
use crate::{directory, private};

/// How often a file that was removed while we waited for it is looked for again. More means that
/// others begin and end uploads of this very file without pause.
const TURNS: usize = 16;

/// A locked file that is only appended to.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: File,
    length: u64,
    /// Whether it is known to end at `length`.
    sound: bool,
}

impl LogFile {
    /// Opens and locks the file, if there is one.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, JournalError> {
        for _ in 0..TURNS {
            let file = match open(path, OFlags::empty()) {
                Ok(file) => file,
                Err(Errno::NOENT) => return Ok(None),
                Err(error) => return Err(JournalError::unusable(path, error)),
            };
            if let Some(held) = Self::lock(file, path)? {
                return Ok(Some(held));
            }
        }
        Err(busy(path))
    }

    /// Makes the file, which was not there a while ago. If it is now, it is another's.
    pub(super) fn create(path: &Path) -> Result<Self, JournalError> {
        let unusable = |source| JournalError::unusable(path, source);
        let directory = directory::parent(path);
        private::make_directory(directory).map_err(unusable)?;
        forget_oldest(directory).map_err(unusable)?;
        let file = match open(path, OFlags::CREATE | OFlags::EXCL) {
            Ok(file) => file,
            Err(Errno::EXIST) => return Err(busy(path)),
            Err(error) => return Err(JournalError::unusable(path, error)),
        };
        private::give(&file, directory).map_err(unusable)?;
        let held = Self::lock(file, path)?.ok_or_else(|| busy(path))?;
        directory::sync(directory).map_err(unusable)?;
        Ok(held)
    }

    /// Takes the lock; nothing if the file lost its name before that.
    pub(super) fn lock(file: File, path: &Path) -> Result<Option<Self>, JournalError> {
        let unusable = |source| JournalError::unusable(path, source);
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(busy(path)),
            Err(error) => return Err(JournalError::unusable(path, error)),
        }
        let metadata = file.metadata().map_err(unusable)?;
        if metadata.nlink() == 0 {
            return Ok(None);
        }
        if !metadata.is_file() {
            return Err(unusable(io::Error::other("it is not a regular file")));
        }
        // Whoever can write to it could say of parts that they were delivered.
        let is_ours = private::is_ours(&metadata, directory::parent(path)).map_err(unusable)?;
        if !is_ours || metadata.mode() & 0o022 != 0 {
            let why = "it is not this user's alone to write; remove it, and the upload begins anew";
            return Err(unusable(io::Error::other(why)));
        }
        Ok(Some(Self {
            path: path.to_owned(),
            length: metadata.len(),
            file,
            sound: true,
        }))
    }

    /// In bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// All bytes.
    pub(super) fn read_all(&mut self) -> Result<Vec<u8>, JournalError> {
        if self.length > LARGEST_JOURNAL {
            return Err(JournalError::Damaged {
                path: self.path.clone(),
                offset: LARGEST_JOURNAL,
            });
        }
        let mut bytes = Vec::new();
        io::Seek::rewind(&mut self.file)
            .and_then(|()| (&self.file).take(self.length).read_to_end(&mut bytes))
            .map_err(|source| self.unusable(source))?;
        Ok(bytes)
    }

    /// Forgets the bytes from `end` on. Until that has worked, nothing can be added: it would come
    /// after what should be gone.
    pub(super) fn cut(&mut self, end: u64) -> Result<(), JournalError> {
        if end == self.length {
            return Ok(());
        }
        self.sound = false;
        self.file
            .set_len(end)
            .and_then(|()| self.file.sync_data())
            .map_err(|source| self.unusable(source))?;
        self.sound = true;
        self.length = end;
        Ok(())
    }

    /// Adds bytes and waits until they are on disk. If that fails, what was written of them is taken
    /// back.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        if !self.sound {
            return Err(self.unusable(io::Error::other("an earlier write to it failed")));
        }
        let length = self.length + bytes.len() as u64;
        if length > LARGEST_JOURNAL {
            return Err(JournalError::Full {
                path: self.path.clone(),
            });
        }
        if let Err(error) = self.file.write_all(bytes) {
            self.sound = self.file.set_len(self.length).is_ok();
            return Err(self.unusable(error));
        }
        // After a failed sync nobody knows what is on disk (fsync(2)), so there is no second try.
        self.sound = false;
        self.file
            .sync_data()
            .map_err(|source| self.unusable(source))?;
        self.sound = true;
        self.length = length;
        Ok(())
    }

    fn unusable(&self, source: io::Error) -> JournalError {
        JournalError::unusable(&self.path, source)
    }
}

/// Opened for appending, never through a symbolic link, and not waiting for a pipe's other end.
fn open(path: &Path, flags: OFlags) -> Result<File, Errno> {
    let usual =
        OFlags::RDWR | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    rustix::fs::open(path, usual | flags, Mode::RUSR | Mode::WUSR).map(File::from)
}

pub(super) fn busy(path: &Path) -> JournalError {
    JournalError::Busy {
        path: path.to_owned(),
    }
}

/// Makes room for one more journal: of too many, those not written for longest go, unless somebody
/// holds them. By number rather than by age, for the clocks of gateways jump.
fn forget_oldest(directory: &Path) -> io::Result<()> {
    let mut journals: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // Gone meanwhile is as good.
        if let Ok(metadata) = entry.metadata()
            && metadata.is_file()
        {
            journals.push((metadata.modified()?, entry.path()));
        }
    }
    let surplus = (journals.len() + 1).saturating_sub(MOST_JOURNALS);
    journals.sort_unstable();
    for (_, path) in journals.into_iter().take(surplus) {
        if let Ok(Some(_held)) = LogFile::open(&path) {
            tracing::warn!(path = %path.display(), "too many unfinished uploads: the journal of the oldest is removed");
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
