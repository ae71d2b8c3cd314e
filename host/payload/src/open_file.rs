//! Reading an open file at any place.

use std::os::fd::OwnedFd;

use rustix::io::{Errno, IoSliceMut, ReadWriteFlags, pread, preadv2, retry_on_intr};

use crate::error::{Origin, SourceError};

/// A file that is open for reading, and where its bytes come from.
pub(crate) struct OpenFile {
    pub(crate) file: OwnedFd,
    pub(crate) origin: Origin,
}

/// What the page cache had.
pub(crate) enum Cached {
    /// So many bytes; none at the end of the file.
    Hit(usize),
    /// Nothing at this place.
    Miss,
    /// This file can only be read by waiting for it.
    Unsupported,
}

impl OpenFile {
    /// Fills `buffer` from `offset` on and answers with how many bytes there were, fewer only at the
    /// end of the file; blocks.
    pub(crate) fn fill(&self, buffer: &mut [u8], offset: u64) -> Result<usize, SourceError> {
        let mut filled = 0;
        while filled < buffer.len() {
            let position = offset + filled as u64;
            match retry_on_intr(|| pread(&self.file, &mut buffer[filled..], position)) {
                Ok(0) => break,
                Ok(length) => filled += length,
                Err(source) => return Err(self.unreadable(position, source)),
            }
        }
        Ok(filled)
    }

    /// Reads once what the page cache holds, without waiting for a disk.
    pub(crate) fn read_cached(
        &self,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<Cached, SourceError> {
        let mut slices = [IoSliceMut::new(buffer)];
        match preadv2(&self.file, &mut slices, offset, ReadWriteFlags::NOWAIT) {
            Ok(length) => Ok(Cached::Hit(length)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(Cached::Miss),
            // A file system, a kernel or a system-call filter that does not know the flag or the
            // call.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::PERM) => {
                Ok(Cached::Unsupported)
            }
            Err(source) => Err(self.unreadable(offset, source)),
        }
    }

    fn unreadable(&self, offset: u64, source: Errno) -> SourceError {
        SourceError::Read {
            origin: self.origin.clone(),
            offset,
            source,
        }
    }
}
