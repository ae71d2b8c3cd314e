//! The bytes of a job, whatever they come from.

use std::ops::Range;

use bytes::Bytes;
use sealift_encoding::{Algorithm, Checksum, Hasher};

use crate::body::{FileBody, Framing};
use crate::error::{Origin, SourceError};
use crate::open_file::Cached;
use crate::reader::Reader;
use crate::sending::Sending;
use crate::source::Source;
use crate::stream::Stream;

/// The most that one [`Payload::read`] answers, in bytes.
pub const READ_LIMIT: usize = 1024 * 1024;

/// What the checksum pass reads at once, in bytes: small enough for a core's own cache.
const CHECKSUM_STEP: usize = 256 * 1024;

/// The bytes of a job: a file, which is there as a whole, or a stream, of which the ranges that
/// were acquired and not released are there. A clone is the same payload.
#[derive(Clone, Debug)]
pub enum Payload {
    /// An opened file.
    File(Source),
    /// A stream, piece by piece.
    Stream(Stream),
}

impl Payload {
    /// Bytes in all; `None` while the end of a stream is not known.
    pub fn len(&self) -> Option<u64> {
        match self {
            Self::File(source) => Some(source.len()),
            Self::Stream(stream) => stream.len(),
        }
    }

    /// Whether there are no bytes at all, and it is known.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Where the bytes come from.
    pub fn origin(&self) -> &Origin {
        match self {
            Self::File(source) => source.origin(),
            Self::Stream(stream) => stream.origin(),
        }
    }

    /// A text by which payloads of different times can be compared: equal texts are the same bytes,
    /// as far as can be told. No two streams have the same.
    pub fn fingerprint(&self) -> String {
        match self {
            Self::File(source) => source.fingerprint().to_string(),
            Self::Stream(stream) => stream.fingerprint().to_owned(),
        }
    }

    /// The checksum of a range. Reads all of it and blocks meanwhile.
    pub fn checksum(
        &self,
        algorithm: Algorithm,
        range: Range<u64>,
    ) -> Result<Checksum, SourceError> {
        let range = self.within(range)?;
        let mut position = range.start;
        let mut hasher = Hasher::new(algorithm);
        let mut buffer = vec![0; bounded(range.end - position, CHECKSUM_STEP)];
        while position < range.end {
            let piece = bounded(range.end - position, buffer.len());
            self.fill(&mut buffer[..piece], position)?;
            hasher.update(&buffer[..piece]);
            position += piece as u64;
        }
        self.verify(&range)?;
        Ok(hasher.finish())
    }

    /// Reads up to `length` bytes from `offset` on; blocks if they are not in the page cache.
    ///
    /// Fewer bytes than asked for come only at the end, of a file or of what is held of a stream,
    /// and for a `length` above [`READ_LIMIT`].
    pub fn read(&self, offset: u64, length: usize) -> Result<Bytes, SourceError> {
        let end = match self {
            Self::File(source) => source.len(),
            Self::Stream(stream) => stream.held_from(offset),
        };
        let rest = self.within(offset..end.max(offset))?;
        let mut buffer = vec![0; bounded(rest.end - rest.start, length.min(READ_LIMIT))];
        self.fill(&mut buffer, offset)?;
        self.verify(&(offset..offset + buffer.len() as u64))?;
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
            self.verify(&range)?;
        }
        Ok(FileBody::new(Reader::new(self.clone(), range), framing))
    }

    /// Whether bytes that were just read from this range are the job's: the file is still what it
    /// was, or the stream still holds them.
    pub(crate) fn verify(&self, range: &Range<u64>) -> Result<(), SourceError> {
        match self {
            Self::File(source) => source.verify(),
            Self::Stream(stream) => stream.check_held(range),
        }
    }

    /// Whether a frame may be handed over before the rest was verified. A released range can be
    /// read as zeros, so that none of it may be.
    pub(crate) fn verifies_last_alone(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Fills `buffer` from `offset` on; blocks.
    pub(crate) fn fill(&self, buffer: &mut [u8], offset: u64) -> Result<(), SourceError> {
        match self {
            Self::File(source) => source.fill(buffer, offset),
            Self::Stream(stream) => stream.fill(buffer, offset),
        }
    }

    /// Reads once what the page cache holds, without waiting for a disk.
    pub(crate) fn read_cached(
        &self,
        buffer: &mut [u8],
        offset: u64,
    ) -> Result<Cached, SourceError> {
        match self {
            Self::File(source) => source.read_cached(buffer, offset),
            Self::Stream(stream) => stream.read_cached(buffer, offset),
        }
    }

    pub(crate) fn interrupted(&self) -> SourceError {
        SourceError::Interrupted {
            origin: self.origin().clone(),
        }
    }

    fn within(&self, range: Range<u64>) -> Result<Range<u64>, SourceError> {
        match self {
            Self::File(source) => source.check_within(&range),
            Self::Stream(stream) => stream.check_held(&range),
        }?;
        Ok(range)
    }
}

impl From<Source> for Payload {
    fn from(source: Source) -> Self {
        Self::File(source)
    }
}

impl From<Stream> for Payload {
    fn from(stream: Stream) -> Self {
        Self::Stream(stream)
    }
}

/// The smaller of the two: a length that fits memory because `limit` does.
pub(crate) fn bounded(length: u64, limit: usize) -> usize {
    usize::try_from(length).map_or(limit, |length| length.min(limit))
}
