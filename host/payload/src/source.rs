//! An opened file, and the proof that it is still the same.

use std::fmt;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rustix::fs::{Advice, FileType, Mode, OFlags, fadvise, fstat, open, stat};
use rustix::io::retry_on_intr;
use sealift_encoding::{Algorithm, Checksum};

use crate::body::{FileBody, Framing};
use crate::error::{FileKind, Origin, SourceError};
use crate::fingerprint::{Change, Fingerprint};
use crate::open_file::{Cached, OpenFile};
use crate::payload::Payload;
use crate::sending::Sending;

/// An opened regular file with its fingerprint at that time. A clone shares the open file.
///
/// The file stays open whatever happens to its name, and every use checks that it is still what it
/// was.
#[derive(Clone)]
pub struct Source(Arc<Opened>);

struct Opened {
    file: OpenFile,
    fingerprint: Fingerprint,
}

impl Source {
    /// Opens a regular file, through symbolic links if need be.
    ///
    /// Never waits for another process, as opening a FIFO would, and leaves devices untouched, of
    /// which some act when they are merely opened.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let origin = Origin::File(path.to_owned());
        let cannot_open = |source| SourceError::Open {
            origin: origin.clone(),
            source,
        };
        let found = stat(path).map_err(cannot_open)?;
        refuse_irregular(&origin, found.st_mode)?;
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = retry_on_intr(|| open(path, flags, Mode::empty())).map_err(cannot_open)?;
        Self::from_file(file, origin)
    }

    fn from_file(file: OwnedFd, origin: Origin) -> Result<Self, SourceError> {
        let status = match fstat(&file) {
            Ok(status) => status,
            Err(source) => return Err(SourceError::Open { origin, source }),
        };
        refuse_irregular(&origin, status.st_mode)?;
        // Only advice: a file system that cannot take it is read all the same.
        let _ = fadvise(&file, 0, None, Advice::Sequential);
        let source = Self(Arc::new(Opened {
            file: OpenFile { file, origin },
            fingerprint: Fingerprint::from(&status),
        }));
        source.refuse_sizeless()?;
        Ok(source)
    }

    /// Where the bytes come from.
    pub fn origin(&self) -> &Origin {
        &self.0.file.origin
    }

    /// Where the file is by now, as the kernel has it: without links, whatever path led there.
    pub fn place(&self) -> io::Result<PathBuf> {
        std::fs::read_link(format!("/proc/self/fd/{}", self.0.file.file.as_raw_fd()))
    }

    /// The file's size in bytes when it was opened.
    pub fn len(&self) -> u64 {
        self.0.fingerprint.size
    }

    /// Whether there are no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The file's state when it was opened.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.0.fingerprint
    }

    /// Whether the file is still what it was when it was opened; [`SourceError::Changed`] says what
    /// is not.
    pub fn verify(&self) -> Result<(), SourceError> {
        let status = fstat(&self.0.file.file).map_err(|source| SourceError::Verify {
            origin: self.origin().clone(),
            source,
        })?;
        match self.0.fingerprint.change(&Fingerprint::from(&status)) {
            None => Ok(()),
            Some(change) => Err(SourceError::Changed {
                origin: self.origin().clone(),
                change,
            }),
        }
    }

    /// [`Payload::checksum`] of a file.
    pub fn checksum(
        &self,
        algorithm: Algorithm,
        range: Range<u64>,
    ) -> Result<Checksum, SourceError> {
        Payload::from(self.clone()).checksum(algorithm, range)
    }

    /// [`Payload::read`] of a file.
    pub fn read(&self, offset: u64, length: usize) -> Result<Bytes, SourceError> {
        Payload::from(self.clone()).read(offset, length)
    }

    /// [`Payload::body`] of a file.
    pub fn body(
        &self,
        range: Range<u64>,
        framing: Framing,
    ) -> Result<(FileBody, Sending), SourceError> {
        Payload::from(self.clone()).body(range, framing)
    }

    /// Fills `buffer` from `offset` on; blocks.
    pub(crate) fn fill(&self, buffer: &mut [u8], offset: u64) -> Result<(), SourceError> {
        let filled = self.0.file.fill(buffer, offset)?;
        if filled < buffer.len() {
            return Err(self.ended_at(offset + filled as u64));
        }
        Ok(())
    }

    /// Reads once what the page cache holds, without waiting for a disk.
    pub(crate) fn read_cached(
        &self,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<Cached, SourceError> {
        match self.0.file.read_cached(buffer, offset)? {
            Cached::Hit(0) => Err(self.ended_at(offset)),
            cached => Ok(cached),
        }
    }

    /// Whether the file had such a range when it was opened.
    pub(crate) fn check_within(&self, range: &Range<u64>) -> Result<(), SourceError> {
        if range.start <= range.end && range.end <= self.len() {
            return Ok(());
        }
        Err(SourceError::OutOfRange {
            origin: self.origin().clone(),
            range: range.clone(),
            size: self.len(),
        })
    }

    /// The file has no byte at `offset`, which its size promised.
    fn ended_at(&self, offset: u64) -> SourceError {
        match self.verify() {
            Err(error) => error,
            // Files of `/sys` promise a page and hold a line.
            Ok(()) => SourceError::Changed {
                origin: self.origin().clone(),
                change: Change::Size {
                    from: self.len(),
                    to: offset,
                },
            },
        }
    }

    /// A file of `/proc` would otherwise be sent as an empty object, without complaint.
    fn refuse_sizeless(&self) -> Result<(), SourceError> {
        if self.is_empty() && self.0.file.fill(&mut [0], 0) != Ok(0) {
            return Err(SourceError::Sizeless {
                origin: self.origin().clone(),
            });
        }
        Ok(())
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("origin", self.origin())
            .field("fingerprint", &self.0.fingerprint)
            .finish_non_exhaustive()
    }
}

fn refuse_irregular(origin: &Origin, mode: u32) -> Result<(), SourceError> {
    match FileKind::unless_regular(FileType::from_raw_mode(mode)) {
        None => Ok(()),
        Some(kind) => Err(SourceError::NotRegular {
            origin: origin.clone(),
            kind,
        }),
    }
}
