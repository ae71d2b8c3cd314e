//! One service for one queue.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::place::{Place, open_private};

/// That this process is the service of a queue, for as long as the value exists.
///
/// An exclusive `flock` on `service.lock`, which ends with the process however that ends. The file
/// holds the process's number, for those who are refused.
#[derive(Debug)]
pub struct ServiceLock {
    _file: File,
}

/// Why this process cannot be the service.
#[derive(Debug, thiserror::Error)]
pub enum ServiceLockError {
    /// Another is.
    #[error(
        "another sealift service ({}) has the queue in {}; stop it, or give this one another state directory",
        pid.map_or_else(|| "of unknown process number".to_owned(), |pid| format!("process {pid}")),
        directory.display()
    )]
    Held {
        /// The directory of the queue.
        directory: PathBuf,
        /// The number of its process, unless it has only just begun.
        pid: Option<u32>,
    },
    /// The file system does not let us.
    #[error("cannot lock {}; it must be a file that the service's user may write", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The longest number of a process, and then some, in bytes.
const LONGEST_NUMBER: u64 = 32;

impl ServiceLock {
    /// Makes this process the service of the queue in this directory.
    pub fn take(directory: &Path) -> Result<Self, ServiceLockError> {
        let path = directory.join("service.lock");
        let failed = |source| ServiceLockError::Io {
            path: path.clone(),
            source,
        };
        Place::new(directory).make().map_err(failed)?;
        let mut file = open_private(&path).map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(ServiceLockError::Held {
                    directory: directory.to_owned(),
                    pid: number(&mut file).map_err(failed)?,
                });
            }
            Err(error) => return Err(failed(error.into())),
        }
        sign(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

/// The number in the file; none if it is not written yet.
fn number(file: &mut File) -> io::Result<Option<u32>> {
    let mut text = Vec::new();
    file.take(LONGEST_NUMBER).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.trim_end().parse().ok())
}
