//! The bodies of requests, written while there is room for them.

use std::ops::Range;

use sealift_core::checksum::{Algorithm, Digest};
use sealift_core::upload::Framing;
use sealift_core::{Error, ErrorKind};
use sealift_encoding::{Hasher, chunked};
use wasi::http::types::{OutgoingBody, OutgoingRequest};
use wasi::io::poll::Pollable;
use wasi::io::streams::{OutputStream, StreamError};

use crate::file::Source;

/// A range of a file on its way into a request.
pub(crate) struct Writing {
    // Dropped before the body, whose child it is.
    stream: OutputStream,
    body: OutgoingBody,
    encoder: Encoder,
    /// Bytes that have been encoded, and of them those written.
    piece: Vec<u8>,
    written: usize,
}

/// What became of a body.
pub(crate) enum Progress {
    /// There is more, and no room for it now.
    Waiting,
    /// All of it is written; the checksum that followed it.
    Whole(Option<Digest>),
    /// Nobody takes the rest: the answer says why.
    Refused,
}

impl Writing {
    /// Prepares the body of a request that has none, and was told of [`encoded_length`].
    pub(crate) fn new(
        request: &OutgoingRequest,
        range: Range<u64>,
        framing: Framing,
    ) -> Result<Self, Error> {
        let twice = || Error::new(ErrorKind::Internal, "a request has two bodies");
        let body = request.body().map_err(|()| twice())?;
        Ok(Self {
            stream: body.write().map_err(|()| twice())?,
            body,
            encoder: Encoder::new(range, framing),
            piece: Vec::new(),
            written: 0,
        })
    }

    /// How far it has got: a number that changes whenever it gets on.
    pub(crate) fn position(&self) -> u64 {
        self.encoder.position + self.written as u64
    }

    /// Ready when there is room.
    pub(crate) fn subscribe(&self) -> Pollable {
        self.stream.subscribe()
    }

    /// Writes as much as there is room for. An error is the file's: the request is to be cut.
    pub(crate) fn advance(&mut self, source: &Source) -> Result<Progress, Error> {
        loop {
            if self.written == self.piece.len() {
                self.written = 0;
                match self.encoder.next(source)? {
                    Some(piece) => self.piece = piece,
                    None => return Ok(Progress::Whole(self.encoder.digest())),
                }
            }
            let room = match self.stream.check_write() {
                Ok(0) => return Ok(Progress::Waiting),
                Ok(room) => usize::try_from(room).unwrap_or(usize::MAX),
                Err(StreamError::Closed | StreamError::LastOperationFailed(_)) => {
                    return Ok(Progress::Refused);
                }
            };
            let end = self.piece.len().min(self.written.saturating_add(room));
            if self.stream.write(&self.piece[self.written..end]).is_err() {
                return Ok(Progress::Refused);
            }
            self.written = end;
        }
    }

    /// Tells that this was all, and answers whether the runtime has it.
    pub(crate) fn finish(self) -> bool {
        // One that has as many bytes as it was promised may have closed the stream by itself.
        let _ = self.stream.flush();
        drop(self.stream);
        OutgoingBody::finish(self.body, None).is_ok()
    }
}

/// How many bytes a range of a file takes on the wire.
pub(crate) fn encoded_length(range: &Range<u64>, framing: Framing) -> u64 {
    let length = range.end - range.start;
    match framing {
        Framing::Raw => length,
        Framing::AwsChunked(algorithm) => chunked::encoded_length(length, encoded(algorithm)),
    }
}

/// A range of a file as it is written on the wire.
struct Encoder {
    range: Range<u64>,
    /// Of the range, so far.
    position: u64,
    framing: Framing,
    hasher: Option<Hasher>,
    digest: Option<Digest>,
    is_over: bool,
}

impl Encoder {
    fn new(range: Range<u64>, framing: Framing) -> Self {
        let hasher = match framing {
            Framing::Raw => None,
            Framing::AwsChunked(algorithm) => Some(Hasher::new(encoded(algorithm))),
        };
        Self {
            range,
            position: 0,
            framing,
            hasher,
            digest: None,
            is_over: false,
        }
    }

    fn length(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// The next bytes; none at the end. What has changed since the upload began must not become an object: its end
    /// is held back.
    fn next(&mut self, source: &Source) -> Result<Option<Vec<u8>>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let begin = self.position;
        let mut end = self.length();
        if self.hasher.is_some() {
            if chunked::begins_chunk(begin, end) {
                bytes.extend(chunked::chunk_header(begin, end));
            }
            end = end.min((begin / chunked::CHUNK + 1) * chunked::CHUNK);
        }
        if begin < end {
            let offset = self.range.start;
            let piece = source.read(offset + begin..offset + end)?;
            self.position += piece.len() as u64;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&piece);
            }
            bytes.extend(piece);
        }
        if self.position == self.length() {
            source.check()?;
            self.is_over = true;
            bytes.extend(self.trailer()?);
        }
        Ok(Some(bytes))
    }

    fn trailer(&mut self) -> Result<Vec<u8>, Error> {
        let Framing::AwsChunked(algorithm) = self.framing else {
            return Ok(Vec::new());
        };
        let hasher = self.hasher.take();
        let Some(checksum) = hasher.map(Hasher::finish) else {
            return Err(Error::new(ErrorKind::Internal, "a body has two ends"));
        };
        self.digest = Some(Digest::from_bytes(algorithm, checksum.as_bytes().to_vec())?);
        Ok(chunked::trailer(self.length(), &checksum).to_vec())
    }

    /// What followed the bytes.
    fn digest(&mut self) -> Option<Digest> {
        self.digest.take()
    }
}

/// The same algorithm where it is computed.
pub(crate) fn encoded(algorithm: Algorithm) -> sealift_encoding::Algorithm {
    match algorithm {
        Algorithm::Crc64Nvme => sealift_encoding::Algorithm::Crc64Nvme,
        Algorithm::Crc32 => sealift_encoding::Algorithm::Crc32,
        Algorithm::Crc32C => sealift_encoding::Algorithm::Crc32c,
        Algorithm::Sha1 => sealift_encoding::Algorithm::Sha1,
        Algorithm::Sha256 => sealift_encoding::Algorithm::Sha256,
    }
}
