//! Taking in the body of a PUT: hash it, write it down, and believe nothing.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3Result, TrailingHeaders, s3_error};
use tempfile::NamedTempFile;
use tokio::task::JoinHandle;

use super::checksum::Algorithm;
use super::errors::bad_request;
use super::operations::joined;
use super::store::StoreError;
use crate::error::Error;

/// The largest body of one PUT or part: 5 GiB.
const MAX_BODY_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// What is handed to the blocking pool at once, so that hashing and writing
/// overlap with receiving.
const BATCH_BYTES: usize = 1024 * 1024;

/// What a request says about its body, to be held against what comes.
#[derive(Debug)]
pub(super) struct Claims {
    length: Option<u64>,
    md5: Option<Vec<u8>>,
    checksum: Option<(Algorithm, Stated)>,
}

/// Where a checksum is stated.
#[derive(Debug)]
enum Stated {
    Header(String),
    Trailer(TrailingHeaders),
}

/// A body that arrived, complete as far as the connection can tell.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) file: NamedTempFile,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
    /// Base64, by algorithm.
    pub(super) checksums: BTreeMap<Algorithm, String>,
}

impl Claims {
    pub(super) fn of(headers: &HeaderMap, trailing: Option<TrailingHeaders>) -> S3Result<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let length = ["x-amz-decoded-content-length", "content-length"]
            .into_iter()
            .find_map(text);
        let length = length.and_then(|length| length.parse().ok());
        if length.is_some_and(|length| length > MAX_BODY_BYTES) {
            return Err(s3_error!(
                EntityTooLarge,
                "Your proposed upload exceeds the maximum allowed size"
            ));
        }
        let checksum = stated_checksum(headers, trailing)?;
        if checksum.is_none() && headers.contains_key("x-amz-sdk-checksum-algorithm") {
            return Err(s3_error!(
                InvalidRequest,
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or \
                 x-amz-trailer headers were found."
            ));
        }
        Ok(Self {
            length,
            md5: text("content-md5").map(parse_md5).transpose()?,
            checksum,
        })
    }

    /// The algorithm that the client chose.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.checksum.as_ref().map(|(algorithm, _)| *algorithm)
    }

    /// Whether the client says anything that its bytes can be held against.
    pub(super) fn bring_a_checksum(&self) -> bool {
        self.md5.is_some() || self.checksum.is_some()
    }

    /// Whether what came is what was said.
    pub(super) fn verify(&self, received: &Received) -> S3Result<()> {
        if self.length.is_some_and(|length| length != received.size) {
            return Err(incomplete());
        }
        if self.md5.as_ref().is_some_and(|md5| md5[..] != received.md5) {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        let Some((algorithm, stated)) = &self.checksum else {
            return Ok(());
        };
        let value = stated.value(*algorithm)?;
        if received.checksums.get(algorithm) == Some(&value) {
            Ok(())
        } else {
            Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum.",
                algorithm.name()
            ))
        }
    }
}

impl Stated {
    fn value(&self, algorithm: Algorithm) -> S3Result<String> {
        let value = match self {
            Self::Header(value) => Some(value.clone()),
            Self::Trailer(trailers) => trailers
                .read(|headers| headers.get(algorithm.header()).cloned())
                .flatten()
                .and_then(|value| value.to_str().map(str::to_owned).ok()),
        };
        match value {
            None => Err(bad_request(
                "MalformedTrailerError",
                "The request contained trailing data that was not well-formed or did not conform \
                 to our published schema.",
            )),
            Some(value) if algorithm.is_value(&value) => Ok(value),
            Some(_) => Err(invalid_value(algorithm)),
        }
    }
}

fn stated_checksum(
    headers: &HeaderMap,
    trailing: Option<TrailingHeaders>,
) -> S3Result<Option<(Algorithm, Stated)>> {
    let announced = headers
        .get("x-amz-trailer")
        .and_then(|value| value.to_str().ok());
    let mut stated = vec![];
    for algorithm in Algorithm::ALL {
        if let Some(value) = headers.get(algorithm.header()) {
            let value = value
                .to_str()
                .ok()
                .filter(|value| algorithm.is_value(value));
            let value = value.ok_or_else(|| invalid_value(algorithm))?;
            stated.push((algorithm, Stated::Header(value.to_owned())));
        }
    }
    if let (Some(trailing), Some(algorithm)) = (
        trailing,
        announced.and_then(|name| Algorithm::of_header(name.trim())),
    ) {
        stated.push((algorithm, Stated::Trailer(trailing)));
    }
    if stated.len() > 1 {
        return Err(s3_error!(
            InvalidRequest,
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        ));
    }
    Ok(stated.pop())
}

fn parse_md5(text: &str) -> S3Result<Vec<u8>> {
    STANDARD
        .decode(text)
        .ok()
        .filter(|bytes| bytes.len() == 16)
        .ok_or_else(|| s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid."))
}

fn invalid_value(algorithm: Algorithm) -> S3Error {
    s3_error!(
        InvalidRequest,
        "Value for {} header is invalid.",
        algorithm.header()
    )
}

fn incomplete() -> S3Error {
    s3_error!(
        IncompleteBody,
        "You did not provide the number of bytes specified by the Content-Length HTTP header"
    )
}

/// Takes in a body. On any error nothing of it is left.
pub(super) async fn receive(
    body: Option<StreamingBlob>,
    file: NamedTempFile,
    algorithms: &[Algorithm],
) -> S3Result<Received> {
    let mut writing = Writing::Idle(Sink::new(file, algorithms));
    let mut batch = Vec::new();
    let mut batch_bytes = 0;
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    // The file is to be gone before the answer, not some time after.
                    drop(writing.finish().await);
                    return Err(body_fault(error));
                }
            };
            batch_bytes += chunk.len();
            batch.push(chunk);
            if batch_bytes >= BATCH_BYTES {
                let mut sink = writing.finish().await?;
                let full = std::mem::take(&mut batch);
                batch_bytes = 0;
                writing = Writing::Busy(tokio::task::spawn_blocking(move || {
                    sink.absorb(&full)?;
                    Ok(sink)
                }));
            }
        }
    }
    let mut sink = writing.finish().await?;
    joined(move || {
        sink.absorb(&batch)?;
        Ok(sink.finish())
    })
    .await
}

enum Writing {
    Idle(Sink),
    Busy(JoinHandle<Result<Sink, StoreError>>),
}

impl Writing {
    async fn finish(self) -> S3Result<Sink> {
        match self {
            Self::Idle(sink) => Ok(sink),
            Self::Busy(task) => Ok(task.await.map_err(S3Error::internal_error)??),
        }
    }
}

struct Sink {
    file: NamedTempFile,
    size: u64,
    md5: Md5,
    checksums: Vec<(Algorithm, ChecksumHasher)>,
}

impl Sink {
    fn new(file: NamedTempFile, algorithms: &[Algorithm]) -> Self {
        let checksums = algorithms
            .iter()
            .map(|algorithm| (*algorithm, algorithm.hasher()))
            .collect();
        Self {
            file,
            size: 0,
            md5: Md5::new(),
            checksums,
        }
    }

    fn absorb(&mut self, batch: &[Bytes]) -> Result<(), StoreError> {
        for chunk in batch {
            self.file
                .write_all(chunk)
                .map_err(Error::file("write", self.file.path()))?;
            self.size += chunk.len() as u64;
            self.md5.update(chunk);
            for (_, hasher) in &mut self.checksums {
                hasher.update(chunk);
            }
        }
        Ok(())
    }

    fn finish(self) -> Received {
        let sums = self
            .checksums
            .into_iter()
            .filter_map(|(algorithm, hasher)| {
                Some((algorithm, algorithm.value(&hasher.finalize())?))
            });
        Received {
            checksums: sums.collect(),
            file: self.file,
            size: self.size,
            md5: self.md5.finalize(),
        }
    }
}

/// `s3s` keeps the types of these errors to itself, so their text has to do.
fn body_fault(error: Box<dyn StdError + Send + Sync>) -> S3Error {
    let text = error.to_string();
    let mut fault = if text.contains("Sha256Mismatch") {
        bad_request(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    } else if text.contains("SignatureMismatch") {
        s3_error!(
            SignatureDoesNotMatch,
            "A chunk's signature does not match its bytes."
        )
    } else {
        incomplete()
    };
    fault.set_source(error);
    fault
}
