//! How bytes of the payload are protected on their way.

use http::{HeaderMap, HeaderValue, header};

use super::Framing;
use crate::checksum::{Algorithm, Checksum, Digest, Placement};
use crate::error::{Error, ErrorKind};
use crate::s3::Scheme;

/// What shows the store that the bytes of a request are the ones that were meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    /// TLS, and a checksum in a header if there is one.
    Unsigned { header: Option<Algorithm> },
    /// TLS, and a checksum that follows the bytes.
    Trailer(Algorithm),
    /// A signature over their SHA-256, since nothing else does without TLS, and a checksum in a
    /// header if there is one.
    Signed { header: Option<Algorithm> },
}

impl Protection {
    pub(super) fn of(scheme: Scheme, checksum: Option<Checksum>) -> Self {
        let header = checksum.map(|checksum| checksum.algorithm);
        match (scheme, checksum) {
            (Scheme::Http, _) => Self::Signed { header },
            (
                Scheme::Https,
                Some(Checksum {
                    algorithm,
                    placement: Placement::Trailer,
                }),
            ) => Self::Trailer(algorithm),
            (Scheme::Https, _) => Self::Unsigned { header },
        }
    }

    pub(super) fn framing(self) -> Framing {
        match self {
            Self::Trailer(algorithm) => Framing::AwsChunked(algorithm),
            Self::Unsigned { .. } | Self::Signed { .. } => Framing::Raw,
        }
    }

    /// The first checksum that has to be known before the request, and is not yet.
    pub(super) fn missing_digest(self, known: &[Digest]) -> Option<Algorithm> {
        let needed = match self {
            Self::Unsigned { header } => [None, header],
            Self::Trailer(_) => [None, None],
            Self::Signed { header } => [Some(Algorithm::Sha256), header],
        };
        let mut needed = needed.into_iter().flatten();
        needed.find(|algorithm| find(known, *algorithm).is_none())
    }

    /// The fields that announce `length` bytes.
    pub(super) fn announce(
        self,
        headers: &mut HeaderMap,
        length: u64,
        digests: &[Digest],
    ) -> Result<(), Error> {
        match self {
            Self::Trailer(algorithm) => {
                headers.insert(header::CONTENT_ENCODING, chunked(headers)?);
                headers.insert("x-amz-decoded-content-length", length.into());
                headers.insert("x-amz-trailer", algorithm.header().into());
            }
            Self::Unsigned { header } | Self::Signed { header } => {
                if let Some(algorithm) = header {
                    let value = text(&known(digests, algorithm)?.to_base64())?;
                    headers.insert(algorithm.header(), value);
                }
            }
        }
        Ok(())
    }

    /// The SHA-256 that the signature covers, in hexadecimal, where it covers one.
    pub(super) fn signed_digest(self, digests: &[Digest]) -> Result<Option<String>, Error> {
        match self {
            Self::Signed { .. } => Ok(Some(known(digests, Algorithm::Sha256)?.to_hex())),
            Self::Unsigned { .. } | Self::Trailer(_) => Ok(None),
        }
    }

    /// The checksum that went along; `sent` is that of a trailer. `None` where there should have
    /// been a trailer, and was none.
    pub(super) fn sent_digest(
        self,
        digests: &[Digest],
        sent: Option<&str>,
    ) -> Option<Result<Option<Digest>, Error>> {
        match self {
            Self::Trailer(algorithm) => {
                sent.map(|sent| Digest::from_base64(algorithm, sent).map(Some))
            }
            Self::Unsigned { header } | Self::Signed { header } => Some(Ok(
                header.and_then(|algorithm| find(digests, algorithm).cloned())
            )),
        }
    }
}

/// `aws-chunked`, before the encodings that stay with the object.
fn chunked(headers: &HeaderMap) -> Result<HeaderValue, Error> {
    let kept = headers.get(header::CONTENT_ENCODING);
    match kept.and_then(|kept| kept.to_str().ok()) {
        Some(kept) => text(&format!("aws-chunked,{kept}")),
        None => Ok(HeaderValue::from_static("aws-chunked")),
    }
}

fn find(digests: &[Digest], algorithm: Algorithm) -> Option<&Digest> {
    digests
        .iter()
        .find(|digest| digest.algorithm() == algorithm)
}

fn known(digests: &[Digest], algorithm: Algorithm) -> Result<&Digest, Error> {
    find(digests, algorithm).ok_or_else(|| {
        let message = format!("the {algorithm} of the payload is not known yet");
        Error::new(ErrorKind::Internal, message)
    })
}

pub(super) fn text(value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value).map_err(|error| {
        Error::new(
            ErrorKind::Internal,
            format!("cannot make a header: {error}"),
        )
    })
}
