//! The directory of what outlives a process.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::private;
use crate::{Audit, Clock, Hints, Journals, Numbers, Refusals};

/// Where the files are. To name it touches no disk.
#[derive(Clone, Debug)]
pub struct StateDirectory(PathBuf);

impl StateDirectory {
    /// The directory at `path`, which is made when something is kept in it.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The journals of uploads.
    pub fn journals(&self) -> Journals {
        Journals::new(self.0.join("journal"))
    }

    /// The hints of the component with this digest, in lower-case hexadecimal.
    pub fn hints(&self, digest: &str) -> Hints {
        Hints::kept_in(self.0.join("hints").join(format!("{digest}.json")))
    }

    /// Removes the hints of all components but those with these digests; blocks.
    pub fn keep_hints_of(&self, digests: &[String]) -> io::Result<()> {
        let entries = match std::fs::read_dir(self.0.join("hints")) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            let of = path.file_stem().unwrap_or_default();
            if !digests.iter().any(|digest| of == digest.as_str()) {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// The audit log.
    pub fn audit(&self) -> Audit {
        Audit::kept_in(self.0.join("audit.jsonl"))
    }

    /// What was refused a little while ago.
    pub fn refusals(&self) -> Refusals {
        Refusals::new(Hints::kept_in(self.0.join("refusals.json")))
    }

    /// The numbers that files were given; blocks.
    pub fn numbers(&self) -> io::Result<Numbers> {
        Numbers::open(&self.0.join("numbers"))
    }

    /// The clock, as far off as it was when it was last kept.
    pub fn clock(&self) -> Clock {
        Clock::kept_in(self.0.join("clock.json"))
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Puts a file with these contents in the place of `path`: all of it or nothing, also when the power
/// goes.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let directory = parent(path);
    private::make_directory(directory)?;
    // 0600, and gone when it is dropped before it has its name.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    private::give(file.as_file(), directory)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync(directory)
}

/// The directory of a file.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}
