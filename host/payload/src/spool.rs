//! The file through which a stream goes.

use std::io;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::{Errno, pwrite, retry_on_intr};

use crate::error::{Origin, SpoolError};
use crate::open_file::OpenFile;

/// A file without a name (`O_TMPFILE`, or it is deleted at once), so that nothing is left behind:
/// not by an error, not by the death of the process. A byte of the stream is at the same place in
/// the file; what was released is a hole.
pub(crate) struct Spool {
    pub(crate) file: OpenFile,
    directory: PathBuf,
    /// Whether the file system turned out to keep what was released.
    keeps_all: AtomicBool,
}

impl Spool {
    /// Makes the file; blocks.
    pub(crate) fn create(directory: &Path) -> Result<Self, SpoolError> {
        match tempfile::tempfile_in(directory) {
            Ok(file) => Ok(Self::new(file.into(), directory)),
            Err(source) => Err(SpoolError::Write {
                directory: directory.to_owned(),
                source,
            }),
        }
    }

    fn new(file: OwnedFd, directory: &Path) -> Self {
        Self {
            file: OpenFile {
                file,
                origin: Origin::Stream,
            },
            directory: directory.to_owned(),
            keeps_all: AtomicBool::new(false),
        }
    }

    /// Writes all of `bytes`; blocks.
    pub(crate) fn write(&self, bytes: &[u8], offset: u64) -> Result<(), SpoolError> {
        let mut written = 0;
        while written < bytes.len() {
            let position = offset + written as u64;
            match retry_on_intr(|| pwrite(&self.file.file, &bytes[written..], position)) {
                Ok(0) => return Err(self.unwritable(offset, Errno::IO)),
                Ok(length) => written += length,
                Err(source) => return Err(self.unwritable(offset, source)),
            }
        }
        Ok(())
    }

    /// Gives the space of a range back to the file system; blocks. Where that cannot be done, the
    /// space is used until the file is closed, and from then on [`Self::keeps_all`].
    pub(crate) fn discard(&self, range: &Range<u64>) {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        let length = range.end - range.start;
        let punched = retry_on_intr(|| fallocate(&self.file.file, flags, range.start, length));
        if let Err(error) = punched
            && !self.keeps_all.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                directory = %self.directory.display(), %error,
                "the file system cannot free parts of a file: a stream may be no longer there than what may be spooled"
            );
        }
    }

    /// Whether the file takes the whole length of the stream, because parts of it cannot be freed.
    pub(crate) fn keeps_all(&self) -> bool {
        self.keeps_all.load(Ordering::Relaxed)
    }

    fn unwritable(&self, written: u64, source: Errno) -> SpoolError {
        let directory = self.directory.clone();
        match source {
            Errno::NOSPC | Errno::DQUOT => SpoolError::DiskFull { directory, written },
            source => SpoolError::Write {
                directory,
                source: io::Error::from(source),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::File;
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn spool(file: File) -> Spool {
        Spool::new(file.into(), Path::new("/spool"))
    }

    #[test]
    fn a_full_disk_has_its_own_error() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let error = spool(full).write(b"data", 7).unwrap_err();
        assert!(
            matches!(error, SpoolError::DiskFull { directory, written: 7 } if directory == Path::new("/spool"))
        );
    }

    #[test]
    fn an_unwritable_file_is_not_called_a_full_disk() {
        let read_only = File::open("/dev/null").unwrap();
        let error = spool(read_only).write(b"data", 0).unwrap_err();
        assert!(matches!(error, SpoolError::Write { .. }));
    }

    #[test]
    fn what_is_discarded_takes_no_space() {
        let file = tempfile::tempfile().unwrap();
        let spool = spool(file.try_clone().unwrap());
        spool.write(&vec![7; 1 << 20], 0).unwrap();
        file.sync_all().unwrap();
        let before = file.metadata().unwrap().blocks();
        spool.discard(&(0..512 << 10));
        file.sync_all().unwrap();
        assert!(file.metadata().unwrap().blocks() <= before / 2 + 16);
        assert_eq!(file.metadata().unwrap().len(), 1 << 20);
    }

    #[test]
    fn where_nothing_can_be_discarded_the_stream_goes_on() {
        let spool = spool(File::open("/dev/null").unwrap());
        assert!(!spool.keeps_all());
        spool.discard(&(0..10));
        spool.discard(&(0..10));
        assert!(spool.keeps_all());
    }
}
