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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn crc32(placement: Placement) -> Checksum {
        Checksum {
            algorithm: Algorithm::Crc32,
            placement,
        }
    }

    fn digest(algorithm: Algorithm, size: usize) -> Digest {
        Digest::from_bytes(algorithm, vec![7; size]).unwrap()
    }

    #[test]
    fn only_over_tls_does_anything_go_unsigned_or_follow_the_bytes() {
        let header = Some(Algorithm::Crc32);
        for (scheme, checksum, protection) in [
            (Scheme::Https, None, Protection::Unsigned { header: None }),
            (
                Scheme::Https,
                Some(crc32(Placement::Header)),
                Protection::Unsigned { header },
            ),
            (
                Scheme::Https,
                Some(crc32(Placement::Trailer)),
                Protection::Trailer(Algorithm::Crc32),
            ),
            (Scheme::Http, None, Protection::Signed { header: None }),
            (
                Scheme::Http,
                Some(crc32(Placement::Header)),
                Protection::Signed { header },
            ),
            (
                Scheme::Http,
                Some(crc32(Placement::Trailer)),
                Protection::Signed { header },
            ),
        ] {
            assert_eq!(Protection::of(scheme, checksum), protection);
        }
    }

    #[test]
    fn digests_are_asked_for_one_after_the_other() {
        let header = Some(Algorithm::Crc32);
        let protection = Protection::Signed { header };
        let sha256 = digest(Algorithm::Sha256, 32);
        let both = [sha256.clone(), digest(Algorithm::Crc32, 4)];
        let missing = |known: &[Digest]| protection.missing_digest(known);
        assert_eq!(missing(&[]), Some(Algorithm::Sha256));
        assert_eq!(missing(&[sha256]), Some(Algorithm::Crc32));
        assert_eq!(missing(&both), None);
        let trailer = Protection::Trailer(Algorithm::Crc32);
        assert_eq!(trailer.missing_digest(&[]), None);
    }

    #[test]
    fn a_digest_that_is_not_known_is_a_defect_and_not_left_out() {
        let header = Some(Algorithm::Crc32);
        for protection in [
            Protection::Signed { header },
            Protection::Unsigned { header },
        ] {
            let error = protection.announce(&mut HeaderMap::new(), 7, &[]);
            assert_eq!(error.unwrap_err().kind, ErrorKind::Internal);
        }
        let error = Protection::Signed { header: None }.signed_digest(&[]);
        assert_eq!(error.unwrap_err().kind, ErrorKind::Internal);
    }

    #[test]
    fn the_objects_own_encoding_stays_behind_that_of_the_chunks() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        let protection = Protection::Trailer(Algorithm::Crc32);
        protection.announce(&mut headers, 7, &[]).unwrap();
        assert_eq!(headers[header::CONTENT_ENCODING], "aws-chunked,gzip");
    }

    #[test]
    fn a_trailer_that_was_not_sent_proves_nothing() {
        let protection = Protection::Trailer(Algorithm::Crc32);
        assert_eq!(protection.sent_digest(&[], None), None);
        let sent = protection.sent_digest(&[], Some("BwcHBw==")).unwrap();
        assert_eq!(sent, Ok(Some(digest(Algorithm::Crc32, 4))));
        let broken = protection.sent_digest(&[], Some("BwcH")).unwrap();
        assert_eq!(broken.unwrap_err().kind, ErrorKind::Protocol);
    }
}
