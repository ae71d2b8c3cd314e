//! An opened file, and the proof that it is still the same.

use std::fmt;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rustix::fs::{Advice, FileType, Mode, OFlags, fadvise, fstat, open, stat};
use rustix::io::{Errno, IoSliceMut, ReadWriteFlags, pread, preadv2, retry_on_intr};

use crate::body::{FileBody, Framing};
use crate::checksum::{Algorithm, Checksum, Hasher};
use crate::error::{FileKind, Origin, SourceError};
use crate::fingerprint::{Change, Fingerprint};
use crate::reader::Reader;
use crate::sending::Sending;

/// The most that one [`Source::read`] answers, in bytes.
pub const READ_LIMIT: usize = 1024 * 1024;

/// What the checksum pass reads at once, in bytes: small enough for a core's own cache.
const CHECKSUM_STEP: usize = 256 * 1024;

/// An opened regular file (or a spooled stream) with its fingerprint at that time. A clone shares
/// the open file.
///
/// The file stays open whatever happens to its name, and every use checks that it is still what it
/// was.
#[derive(Clone)]
pub struct Source(Arc<Opened>);

struct Opened {
    file: OwnedFd,
    origin: Origin,
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

    /// Takes over a file that is open for reading.
    pub(crate) fn from_file(file: OwnedFd, origin: Origin) -> Result<Self, SourceError> {
        let status = match fstat(&file) {
            Ok(status) => status,
            Err(source) => return Err(SourceError::Open { origin, source }),
        };
        refuse_irregular(&origin, status.st_mode)?;
        // Only advice: a file system that cannot take it is read all the same.
        let _ = fadvise(&file, 0, None, Advice::Sequential);
        let source = Self(Arc::new(Opened {
            file,
            origin,
            fingerprint: Fingerprint::from(&status),
        }));
        source.refuse_sizeless()?;
        Ok(source)
    }

    /// Where the bytes come from.
    pub fn origin(&self) -> &Origin {
        &self.0.origin
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
        let status = fstat(&self.0.file).map_err(|source| SourceError::Verify {
            origin: self.0.origin.clone(),
            source,
        })?;
        match self.0.fingerprint.change(&Fingerprint::from(&status)) {
            None => Ok(()),
            Some(change) => Err(SourceError::Changed {
                origin: self.0.origin.clone(),
                change,
            }),
        }
    }

    /// The checksum of a range. Reads all of it and blocks meanwhile.
    pub fn checksum(
        &self,
        algorithm: Algorithm,
        range: Range<u64>,
    ) -> Result<Checksum, SourceError> {
        let Range { mut start, end } = self.within(range)?;
        let mut hasher = Hasher::new(algorithm);
        let mut buffer = vec![0; bounded(end - start, CHECKSUM_STEP)];
        while start < end {
            let piece = bounded(end - start, buffer.len());
            self.fill(&mut buffer[..piece], start)?;
            hasher.update(&buffer[..piece]);
            start += piece as u64;
        }
        self.verify()?;
        Ok(hasher.finish())
    }

    /// Reads up to `length` bytes from `offset` on; blocks if they are not in the page cache.
    ///
    /// Fewer bytes than asked for come only at the end of the file and for a `length` above
    /// [`READ_LIMIT`].
    pub fn read(&self, offset: u64, length: usize) -> Result<Bytes, SourceError> {
        let rest = self.within(offset..self.len())?;
        let mut buffer = vec![0; bounded(rest.end - rest.start, length.min(READ_LIMIT))];
        self.fill(&mut buffer, offset)?;
        self.verify()?;
        Ok(buffer.into())
    }

    /// Makes a range the body of a request, and an observer of its progress.
    ///
    /// An empty range is verified here and now, for an HTTP client need not look at a body that has
    /// no bytes.
    pub fn body(
        &self,
        range: Range<u64>,
        framing: Framing,
    ) -> Result<(FileBody, Sending), SourceError> {
        let range = self.within(range)?;
        if range.is_empty() {
            self.verify()?;
        }
        Ok(FileBody::new(Reader::new(self.clone(), range), framing))
    }

    /// Fills `buffer` from `offset` on; blocks.
    pub(crate) fn fill(&self, mut buffer: &mut [u8], mut offset: u64) -> Result<(), SourceError> {
        while !buffer.is_empty() {
            let length = retry_on_intr(|| pread(&self.0.file, &mut *buffer, offset))
                .map_err(|source| self.unreadable(offset, source))?;
            if length == 0 {
                return Err(self.ended_at(offset));
            }
            buffer = &mut buffer[length..];
            offset += length as u64;
        }
        Ok(())
    }

    /// Reads once what the page cache holds, without waiting for a disk.
    pub(crate) fn read_cached(
        &self,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<Cached, SourceError> {
        let mut slices = [IoSliceMut::new(buffer)];
        match preadv2(&self.0.file, &mut slices, offset, ReadWriteFlags::NOWAIT) {
            Ok(0) => Err(self.ended_at(offset)),
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

    pub(crate) fn interrupted(&self) -> SourceError {
        SourceError::Interrupted {
            origin: self.0.origin.clone(),
        }
    }

    /// The file has no byte at `offset`, which its size promised.
    fn ended_at(&self, offset: u64) -> SourceError {
        match self.verify() {
            Err(error) => error,
            // Files of `/sys` promise a page and hold a line.
            Ok(()) => SourceError::Changed {
                origin: self.0.origin.clone(),
                change: Change::Size {
                    from: self.len(),
                    to: offset,
                },
            },
        }
    }

    fn unreadable(&self, offset: u64, source: Errno) -> SourceError {
        SourceError::Read {
            origin: self.0.origin.clone(),
            offset,
            source,
        }
    }

    fn within(&self, range: Range<u64>) -> Result<Range<u64>, SourceError> {
        if range.start <= range.end && range.end <= self.len() {
            Ok(range)
        } else {
            Err(SourceError::OutOfRange {
                origin: self.0.origin.clone(),
                range,
                size: self.len(),
            })
        }
    }

    /// A file of `/proc` would otherwise be sent as an empty object, without complaint.
    fn refuse_sizeless(&self) -> Result<(), SourceError> {
        if self.is_empty() && !matches!(retry_on_intr(|| pread(&self.0.file, &mut [0], 0)), Ok(0)) {
            return Err(SourceError::Sizeless {
                origin: self.0.origin.clone(),
            });
        }
        Ok(())
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("origin", &self.0.origin)
            .field("fingerprint", &self.0.fingerprint)
            .finish_non_exhaustive()
    }
}

/// What the page cache had.
pub(crate) enum Cached {
    /// So many bytes, at least one.
    Hit(usize),
    /// Nothing at this place.
    Miss,
    /// This file can only be read by waiting for it.
    Unsupported,
}

/// The smaller of the two: a length that fits memory because `limit` does.
pub(crate) fn bounded(length: u64, limit: usize) -> usize {
    usize::try_from(length).map_or(limit, |length| length.min(limit))
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
