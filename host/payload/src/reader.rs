//! Reading a range frame by frame without blocking the runtime.

use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use sealift_encoding::chunked::CHUNK;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::buffer::{Buffer, Pool};
use crate::error::SourceError;
use crate::open_file::Cached;
use crate::payload::{Payload, bounded};

/// What is read and handed over at once, in bytes. Four times as much saves 0.04 s of processor
/// time per GiB (5 to 10 % of an upload over TLS, measured on x86-64), and costs four times the
/// memory for each request in flight.
pub(crate) const FRAME: usize = 64 * 1024;

// Frames count from the beginning of the range, so that no frame reaches across two aws-chunked
// chunks.
const _: () = assert!(CHUNK.is_multiple_of(FRAME as u64));

/// Yields a range of a payload in frames, the last one of a file only after the file was verified.
///
/// What the page cache holds is read on the spot. Anything else is read by a thread of tokio's
/// blocking pool, one frame at a time: the kernel reads ahead by itself.
pub(crate) struct Reader {
    payload: Payload,
    position: u64,
    end: u64,
    pool: Pool,
    /// Whether the file can be asked for what is in the page cache.
    cached: bool,
    pending: Option<JoinHandle<Result<Buffer, SourceError>>>,
}

impl Reader {
    /// The range has to be within the payload.
    pub(crate) fn new(payload: Payload, range: Range<u64>) -> Self {
        Self {
            pool: Pool::new(bounded(range.end - range.start, FRAME)),
            payload,
            position: range.start,
            end: range.end,
            cached: true,
            pending: None,
        }
    }

    /// Bytes not yet yielded.
    pub(crate) fn remaining(&self) -> u64 {
        self.end - self.position
    }

    /// The next frame; `None` at the end. Needs a tokio runtime. After an error, there is nothing
    /// more to ask for.
    pub(crate) fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, SourceError>>> {
        if self.remaining() == 0 {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(ready!(self.poll_buffer(context)).map(|buffer| {
            self.position += buffer.filled() as u64;
            Bytes::from_owner(buffer)
        })))
    }

    fn poll_buffer(&mut self, context: &mut Context<'_>) -> Poll<Result<Buffer, SourceError>> {
        loop {
            if let Some(pending) = &mut self.pending {
                let outcome = ready!(Pin::new(pending).poll(context));
                self.pending = None;
                return Poll::Ready(outcome.unwrap_or_else(|_| Err(self.payload.interrupted())));
            }
            let mut draft = self.draft();
            if self.cached {
                match draft.fill_from_cache() {
                    Ok(Progress::Full) => return Poll::Ready(draft.finish()),
                    Ok(Progress::Short) => {}
                    Ok(Progress::Unsupported) => self.cached = false,
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            self.pending = Some(spawn_blocking(move || draft.fill_and_finish()));
        }
    }

    fn draft(&self) -> Draft {
        let size = bounded(self.remaining(), FRAME);
        Draft {
            payload: self.payload.clone(),
            buffer: self.pool.take(),
            offset: self.position,
            size,
            last: size as u64 == self.remaining(),
        }
    }
}

/// A frame being read.
struct Draft {
    payload: Payload,
    buffer: Buffer,
    offset: u64,
    size: usize,
    last: bool,
}

enum Progress {
    Full,
    Short,
    Unsupported,
}

impl Draft {
    fn fill_from_cache(&mut self) -> Result<Progress, SourceError> {
        while self.buffer.filled() < self.size {
            let offset = self.position();
            match self
                .payload
                .read_cached(self.buffer.missing(self.size), offset)?
            {
                Cached::Hit(length) => self.buffer.advance(length),
                Cached::Miss => return Ok(Progress::Short),
                Cached::Unsupported => return Ok(Progress::Unsupported),
            }
        }
        Ok(Progress::Full)
    }

    /// Blocks.
    fn fill_and_finish(mut self) -> Result<Buffer, SourceError> {
        let offset = self.position();
        let missing = self.buffer.missing(self.size);
        let length = missing.len();
        self.payload.fill(missing, offset)?;
        self.buffer.advance(length);
        self.finish()
    }

    /// A file whose reads need no waiting is on a local file system, where `fstat` needs none
    /// either.
    fn finish(self) -> Result<Buffer, SourceError> {
        if self.last || !self.payload.verifies_last_alone() {
            self.payload.verify(&(self.offset..self.position()))?;
        }
        Ok(self.buffer)
    }

    fn position(&self) -> u64 {
        self.offset + self.buffer.filled() as u64
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::cast_possible_truncation,
        reason = "tests"
    )]

    use std::future::poll_fn;
    use std::io::Write as _;

    use super::*;
    use crate::source::Source;

    fn source(data: &[u8]) -> (tempfile::NamedTempFile, Source) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(data).unwrap();
        let source = Source::open(file.path()).unwrap();
        (file, source)
    }

    fn pattern(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index % 251) as u8).collect()
    }

    async fn drain(mut reader: Reader) -> Result<Vec<u8>, SourceError> {
        let mut all = Vec::new();
        while let Some(frame) = poll_fn(|context| reader.poll_frame(context)).await {
            all.extend(frame?);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn a_file_that_is_in_no_cache_is_read_by_threads() {
        let data = pattern(3 * FRAME + 5);
        let (_file, source) = source(&data);
        let mut reader = Reader::new(source.into(), 1..data.len() as u64);
        reader.cached = false;
        assert_eq!(drain(reader).await.unwrap(), data[1..]);
    }

    #[tokio::test]
    async fn a_thread_completes_what_the_cache_had_of_a_frame() {
        let data = pattern(100);
        let (_file, source) = source(&data);
        let reader = Reader::new(source.clone().into(), 0..100);
        let mut draft = reader.draft();
        source
            .fill(&mut draft.buffer.missing(100)[..40], 0)
            .unwrap();
        draft.buffer.advance(40);
        let whole = spawn_blocking(move || draft.fill_and_finish())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(whole.as_ref(), data);
    }

    #[tokio::test]
    async fn a_thread_notices_a_change_too() {
        let (file, source) = source(&pattern(100));
        let mut reader = Reader::new(source.into(), 0..100);
        reader.cached = false;
        file.as_file().set_len(50).unwrap();
        let error = drain(reader).await.unwrap_err();
        assert!(matches!(
            error,
            SourceError::Changed {
                change: crate::Change::Size { from: 100, to: 50 },
                ..
            }
        ));
    }
}
