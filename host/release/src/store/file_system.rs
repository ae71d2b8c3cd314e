//! What the store asks of a file system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use sealift_state::private;

/// Single effects on files below the state directory, none of which is durable by itself. A port, so that tests
/// can take the power away after each.
///
/// Paths are relative to the state directory.
pub trait FileSystem {
    /// Held while the state is changed.
    type Lock: std::fmt::Debug;

    /// What is in the file; nothing if there is none. An error if it is longer than `limit` bytes.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>>;
    /// Makes the directory and those above it, if they are missing.
    fn make_directory(&self, path: &Path) -> io::Result<()>;
    /// Makes the file, or replaces what is in it.
    fn write(&self, path: &Path, contents: &[u8]) -> io::Result<()>;
    /// Adds to the end of the file, which is made if it is missing.
    fn append(&self, path: &Path, contents: &[u8]) -> io::Result<()>;
    /// Makes durable what was written into the file.
    fn sync_file(&self, path: &Path) -> io::Result<()>;
    /// Makes durable which names the directory has.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Gives the file another name, in the place of what had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes the file, if there is one.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Keeps other processes from changing the state meanwhile.
    fn lock(&self, path: &Path) -> io::Result<Self::Lock>;
    /// The same, if no other process has it; waits for none.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;
}

/// Puts a file with these contents in the place of `path`, beside which `temporary` is written first: all of it
/// or nothing, also when the power goes.
pub(crate) fn replace(files: &impl FileSystem, path: &Path, contents: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new(""));
    let temporary = path.with_extension("new");
    files.make_directory(directory)?;
    files.write(&temporary, contents)?;
    files.sync_file(&temporary)?;
    files.rename(&temporary, path)?;
    files.sync_directory(directory)
}

/// A real directory: what is made in it belongs to this user alone, or to its owner if this is root.
#[derive(Clone, Debug)]
pub struct Directory(PathBuf);

/// A lock on a file, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Nobody holds the lock for longer than a few writes.
const PATIENCE: Duration = Duration::from_secs(20);

impl Directory {
    /// The state directory at this path.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Made if it is missing.
    fn open(&self, path: &Path, options: &OpenOptions) -> io::Result<File> {
        private::open(&self.0.join(path), options)
    }
}

impl FileSystem for Directory {
    type Lock = Lock;

    fn read(&self, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.0.join(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut contents = Vec::new();
        let read = file
            .take(limit.saturating_add(1))
            .read_to_end(&mut contents)?;
        if read as u64 > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "it is too long",
            ));
        }
        Ok(Some(contents))
    }

    fn make_directory(&self, path: &Path) -> io::Result<()> {
        let path = self.0.join(path);
        if path.is_dir() {
            return Ok(());
        }
        private::make_directory(&path)?;
        // The directory's own name is to last as well, and those of the directories made for it.
        for above in path.ancestors().skip(1) {
            File::open(above)?.sync_all()?;
            if above == self.0.as_path() {
                break;
            }
        }
        Ok(())
    }

    fn write(&self, path: &Path, contents: &[u8]) -> io::Result<()> {
        self.open(path, File::options().write(true).truncate(true))?
            .write_all(contents)
    }

    fn append(&self, path: &Path, contents: &[u8]) -> io::Result<()> {
        self.open(path, File::options().append(true))?
            .write_all(contents)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        File::open(self.0.join(path))?.sync_all()
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(self.0.join(path))?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(self.0.join(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(lock) = self.try_lock(path)? {
                return Ok(lock);
            }
            if Instant::now() >= deadline {
                let told = "another process does not let go of it";
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, told));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let file = self.open(path, File::options().append(true))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
