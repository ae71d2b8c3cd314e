//! A range of a file as the body of an HTTP request.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use sealift_encoding::chunked::{begins_chunk, chunk_header, encoded_length, trailer};
use sealift_encoding::{Algorithm, Checksum, Hasher};

use crate::error::SourceError;
use crate::reader::Reader;
use crate::sending::Sending;

/// How the payload is written into the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// As it is.
    Raw {
        /// What to compute meanwhile, for [`Sending::checksum`].
        checksum: Option<Algorithm>,
    },
    /// In `aws-chunked` encoding, unsigned, with this checksum in the trailer. The request needs
    /// `x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER`, `content-encoding: aws-chunked`,
    /// `x-amz-decoded-content-length` and `x-amz-trailer`.
    AwsChunked(Algorithm),
}

impl Framing {
    fn algorithm(self) -> Option<Algorithm> {
        match self {
            Self::Raw { checksum } => checksum,
            Self::AwsChunked(algorithm) => Some(algorithm),
        }
    }

    fn encoded_length(self, length: u64) -> u64 {
        match self {
            Self::Raw { .. } => length,
            Self::AwsChunked(algorithm) => encoded_length(length, algorithm),
        }
    }
}

/// A file-backed request body of known size. Made by [`Payload::body`](crate::Payload::body); needs a
/// tokio runtime when it is polled.
///
/// It ends with an error, and short of the announced size, when the file cannot be read or has
/// changed.
pub struct FileBody {
    reader: Reader,
    framing: Framing,
    length: u64,
    hasher: Option<Hasher>,
    sending: Sending,
    next: Next,
    /// Bytes not yet yielded, framing included.
    remaining: u64,
}

/// What the body yields next.
enum Next {
    ChunkHeader,
    Data,
    Trailer,
    Nothing,
}

impl FileBody {
    pub(crate) fn new(reader: Reader, framing: Framing) -> (Self, Sending) {
        let length = reader.remaining();
        let sending = Sending::default();
        let mut body = Self {
            reader,
            framing,
            length,
            hasher: framing.algorithm().map(Hasher::new),
            sending: sending.clone(),
            next: Next::Nothing,
            remaining: framing.encoded_length(length),
        };
        body.proceed();
        (body, sending)
    }

    fn poll_bytes(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, SourceError>>> {
        let bytes = match self.next {
            Next::ChunkHeader => {
                self.next = Next::Data;
                chunk_header(self.position(), self.length)
            }
            Next::Data => match ready!(self.reader.poll_frame(context)) {
                Some(Ok(data)) => self.pass(data),
                Some(Err(error)) => return Poll::Ready(Some(Err(self.fail(error)))),
                None => return Poll::Ready(None),
            },
            Next::Trailer => match self.finish() {
                Some(checksum) => trailer(self.length, &checksum),
                None => return Poll::Ready(None),
            },
            Next::Nothing => return Poll::Ready(None),
        };
        self.remaining -= bytes.len() as u64;
        Poll::Ready(Some(Ok(bytes)))
    }

    fn pass(&mut self, data: Bytes) -> Bytes {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&data);
        }
        self.sending.count(data.len());
        self.proceed();
        data
    }

    /// Decides what follows the payload yielded so far.
    fn proceed(&mut self) {
        let over = self.reader.remaining() == 0;
        self.next = match self.framing {
            Framing::AwsChunked(_) if over => Next::Trailer,
            Framing::AwsChunked(_) if begins_chunk(self.position(), self.length) => {
                Next::ChunkHeader
            }
            Framing::Raw { .. } if over => {
                self.finish();
                Next::Nothing
            }
            Framing::Raw { .. } | Framing::AwsChunked(_) => Next::Data,
        };
    }

    fn finish(&mut self) -> Option<Checksum> {
        let checksum = self.hasher.take().map(Hasher::finish);
        self.next = Next::Nothing;
        self.sending.settle(Ok(checksum));
        checksum
    }

    fn fail(&mut self, error: SourceError) -> SourceError {
        self.next = Next::Nothing;
        self.sending.settle(Err(error.clone()));
        error
    }

    fn position(&self) -> u64 {
        self.length - self.reader.remaining()
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = SourceError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SourceError>>> {
        let bytes = ready!(self.get_mut().poll_bytes(context));
        Poll::Ready(bytes.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
