//! `payload`: the bytes of a job, which stay here.

use std::num::NonZeroU64;
use std::ops::Range;

use http_body_util::BodyExt;
use sealift_payload::{
    Algorithm, Checksum, Framing, Payload, READ_LIMIT, Sending, SourceError, SpoolError,
};
use wasmtime::component::Resource;
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;

use super::super::bindings::sealift::gateway::payload::{
    ByteRange, Host, HostPayload, HostSending,
};
use super::super::bindings::sealift::gateway::{payload as contract, types};
use super::super::state::State;
use super::super::{Answer, Answered, ErrorKind};

/// A payload in the hands of an instance.
#[expect(unreachable_pub, reason = "the generated bindings export it again")]
pub struct Held {
    pub(super) payload: Payload,
    /// See [`Job::bytes_out_per_acquired`](super::super::Job::bytes_out_per_acquired).
    pub(super) bytes_out_per_acquired: u64,
}

/// A body that the network takes, as an instance sees it.
#[expect(unreachable_pub, reason = "the generated bindings export it again")]
pub struct OnItsWay(Sending);

impl Host for State {}

impl HostPayload for State {
    fn size(&mut self, payload: Resource<Held>) -> wasmtime::Result<Option<u64>> {
        Ok(self.table.get(&payload)?.payload.len())
    }

    async fn checksum(
        &mut self,
        payload: Resource<Held>,
        algorithm: types::Algorithm,
        range: ByteRange,
    ) -> wasmtime::Result<Answered<types::Checksum>> {
        let payload = self.table.get(&payload)?.payload.clone();
        let range = match span(range) {
            Ok(range) => range,
            Err(answer) => return Ok(Err(answer)),
        };
        let length = range.end - range.start;
        let length = length.min(payload.len().unwrap_or(u64::MAX));
        if let Err(error) = self.egress.usage().count_read(length) {
            return Ok(Err(Answer::new(ErrorKind::TooLarge, error.to_string())));
        }
        let _busy = self.egress.usage().busy();
        let pass = move || payload.checksum(algorithm.into(), range);
        let checksum = tokio::task::spawn_blocking(pass).await?;
        Ok(checksum.map(types::Checksum::from).map_err(Answer::from))
    }

    async fn read(
        &mut self,
        payload: Resource<Held>,
        offset: u64,
        length: u64,
    ) -> wasmtime::Result<Answered<Vec<u8>>> {
        let payload = self.table.get(&payload)?.payload.clone();
        let left = payload
            .len()
            .map_or(u64::MAX, |size| size.saturating_sub(offset));
        let length = usize::try_from(length.min(left))
            .unwrap_or(READ_LIMIT)
            .min(READ_LIMIT);
        if let Err(error) = self.egress.usage().count_read(length as u64) {
            return Ok(Err(Answer::new(ErrorKind::TooLarge, error.to_string())));
        }
        let bytes = tokio::task::spawn_blocking(move || payload.read(offset, length)).await?;
        Ok(bytes.map(Into::into).map_err(Answer::from))
    }

    fn fingerprint(&mut self, payload: Resource<Held>) -> wasmtime::Result<String> {
        Ok(self.table.get(&payload)?.payload.fingerprint())
    }

    async fn acquire(
        &mut self,
        payload: Resource<Held>,
        length: u64,
    ) -> wasmtime::Result<Answered<Option<ByteRange>>> {
        let held = self.table.get(&payload)?;
        let Payload::Stream(stream) = held.payload.clone() else {
            let message = "the size of this payload is known: there is nothing to acquire";
            return Ok(Err(Answer::new(ErrorKind::Unsupported, message)));
        };
        let Some(length) = NonZeroU64::new(length) else {
            let message = "a piece of a stream has at least one byte";
            return Ok(Err(Answer::new(ErrorKind::InvalidInput, message)));
        };
        let more = held.bytes_out_per_acquired;
        // Whoever writes to the stream takes the time that it takes.
        let _busy = self.egress.usage().busy();
        let piece = match stream.acquire(length).await {
            Ok(piece) => piece.map(ByteRange::from),
            Err(error) => return Ok(Err(Answer::from(&*error))),
        };
        let acquired = piece.map_or(0, |piece| piece.length);
        let usage = self.egress.usage();
        usage.allow_more(acquired.saturating_mul(more));
        self.account.grant(u64::from(piece.is_some()));
        Ok(Ok(piece))
    }

    async fn release(&mut self, payload: Resource<Held>, range: ByteRange) -> wasmtime::Result<()> {
        if let Payload::Stream(stream) = self.table.get(&payload)?.payload.clone()
            && let Ok(range) = span(range)
        {
            stream.release(range).await;
        }
        Ok(())
    }

    fn attach(
        &mut self,
        payload: Resource<Held>,
        request: Resource<HostOutgoingRequest>,
        range: ByteRange,
        framing: contract::Framing,
    ) -> wasmtime::Result<Answered<Resource<OnItsWay>>> {
        let payload = self.table.get(&payload)?.payload.clone();
        let framing = Framing::from(framing);
        let body = span(range).and_then(|range| {
            let (body, sending) = payload.body(range.clone(), framing)?;
            Ok((range, body, sending))
        });
        let (range, body, sending) = match body {
            Ok(body) => body,
            Err(answer) => return Ok(Err(answer)),
        };
        let request = self.table.get_mut(&request)?;
        if request.body.is_some() {
            return Ok(Err(Answer::new(
                ErrorKind::InvalidInput,
                "the request already has a body",
            )));
        }
        self.services.sending(range.clone(), &sending);
        let body = self
            .egress
            .deliveries()
            .attach(body, range, framing, sending.clone());
        request.body = Some(body.boxed_unsync());
        Ok(Ok(self.table.push(OnItsWay(sending))?))
    }

    fn drop(&mut self, payload: Resource<Held>) -> wasmtime::Result<()> {
        self.table.delete(payload)?;
        Ok(())
    }
}

impl HostSending for State {
    fn sent(&mut self, sending: Resource<OnItsWay>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&sending)?.0.sent())
    }

    fn checksum(
        &mut self,
        sending: Resource<OnItsWay>,
    ) -> wasmtime::Result<Option<types::Checksum>> {
        Ok(self.table.get(&sending)?.0.checksum().map(Into::into))
    }

    fn drop(&mut self, sending: Resource<OnItsWay>) -> wasmtime::Result<()> {
        self.table.delete(sending)?;
        Ok(())
    }
}

/// A checksum in a component's answer.
pub(in super::super) fn checksum_from(given: &types::Checksum) -> Answered<Checksum> {
    Checksum::from_bytes(given.algorithm.into(), &given.digest).ok_or_else(|| {
        Answer::new(
            ErrorKind::Internal,
            "the component answered with a checksum of the wrong length",
        )
    })
}

fn span(range: ByteRange) -> Answered<Range<u64>> {
    let end = range.offset.checked_add(range.length);
    end.map(|end| range.offset..end)
        .ok_or_else(|| Answer::new(ErrorKind::InvalidInput, "the range ends beyond 2^64 bytes"))
}

impl From<SourceError> for Answer {
    fn from(error: SourceError) -> Self {
        let kind = match &error {
            SourceError::OutOfRange { .. } | SourceError::Released { .. } => {
                ErrorKind::InvalidInput
            }
            _ => ErrorKind::SourceChanged,
        };
        Self::new(kind, crate::report::chain(&error))
    }
}

/// What is wrong in particular, the job's [cause](super::super::Cause) tells.
impl From<&SpoolError> for Answer {
    fn from(error: &SpoolError) -> Self {
        let (kind, message) = match error {
            SpoolError::NoRoom { .. } => {
                let message = "there is no room for more of the stream until some is released";
                (ErrorKind::TooLarge, message)
            }
            SpoolError::TooLarge { .. } => (ErrorKind::TooLarge, "there is no room for the stream"),
            SpoolError::DiskFull { .. } => {
                (ErrorKind::TooLarge, "there is no space for the stream")
            }
            SpoolError::Write { .. } | SpoolError::Random(_) => {
                (ErrorKind::Internal, "the stream cannot be spooled")
            }
            SpoolError::Read { .. } => (ErrorKind::Internal, "the stream cannot be read"),
            SpoolError::Interrupted { .. } => {
                (ErrorKind::Cancelled, "reading the stream was interrupted")
            }
        };
        Self {
            cure: spool_cure(error).map(str::to_owned),
            ..Self::new(kind, message)
        }
    }
}

fn spool_cure(error: &SpoolError) -> Option<&'static str> {
    match error {
        SpoolError::NoRoom { .. } | SpoolError::TooLarge { .. } => {
            Some("raise `put.spool_limit`, or upload a file instead of a stream")
        }
        SpoolError::DiskFull { .. } | SpoolError::Write { .. } => {
            Some("`put.spool_dir` names another directory for standard input")
        }
        _ => None,
    }
}

impl From<Range<u64>> for ByteRange {
    fn from(range: Range<u64>) -> Self {
        Self {
            offset: range.start,
            length: range.end - range.start,
        }
    }
}

impl From<contract::Framing> for Framing {
    fn from(framing: contract::Framing) -> Self {
        match framing {
            contract::Framing::Raw(checksum) => Self::Raw {
                checksum: checksum.map(Into::into),
            },
            contract::Framing::AwsChunked(algorithm) => Self::AwsChunked(algorithm.into()),
        }
    }
}

impl From<types::Algorithm> for Algorithm {
    fn from(algorithm: types::Algorithm) -> Self {
        match algorithm {
            types::Algorithm::Crc64nvme => Self::Crc64Nvme,
            types::Algorithm::Crc32 => Self::Crc32,
            types::Algorithm::Crc32c => Self::Crc32c,
            types::Algorithm::Sha1 => Self::Sha1,
            types::Algorithm::Sha256 => Self::Sha256,
        }
    }
}

impl From<Algorithm> for types::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc64Nvme => Self::Crc64nvme,
            Algorithm::Crc32 => Self::Crc32,
            Algorithm::Crc32c => Self::Crc32c,
            Algorithm::Sha1 => Self::Sha1,
            Algorithm::Sha256 => Self::Sha256,
        }
    }
}

impl From<Checksum> for types::Checksum {
    fn from(checksum: Checksum) -> Self {
        Self {
            algorithm: checksum.algorithm().into(),
            digest: checksum.as_bytes().to_vec(),
        }
    }
}
