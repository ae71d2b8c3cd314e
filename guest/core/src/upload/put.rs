//! The `PUT` request of an object, and what its answer proves.

use std::time::SystemTime;

use http::{HeaderValue, Method, Request, header};

use super::Framing;
use super::job::Job;
use crate::checksum::{Algorithm, Checksum, Digest, Placement};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::response::Response;
use crate::s3::{self, Scheme};
use crate::sign::{self, Payload, Scope};

/// How the payload is protected on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// By TLS, and by a checksum in a header if there is one.
    Unsigned { header: Option<Algorithm> },
    /// By TLS, and by a checksum that follows the payload.
    Trailer(Algorithm),
    /// By a signature over its SHA-256, since nothing else does without TLS, and by a
    /// checksum in a header if there is one.
    Signed { header: Option<Algorithm> },
}

/// What a store said of the object that it stored.
#[derive(Debug)]
pub(super) struct Receipt {
    pub(super) etag: String,
    pub(super) checksum: Option<Digest>,
    pub(super) version_id: Option<String>,
}

impl Plan {
    pub(super) fn of(job: &Job) -> Self {
        let algorithm = job.checksum.map(|checksum| checksum.algorithm);
        match (job.destination.store.endpoint().scheme(), job.checksum) {
            (Scheme::Http, _) => Self::Signed { header: algorithm },
            (
                Scheme::Https,
                Some(Checksum {
                    algorithm,
                    placement: Placement::Trailer,
                }),
            ) => Self::Trailer(algorithm),
            (Scheme::Https, _) => Self::Unsigned { header: algorithm },
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

    /// The signed request, without a `content-length`: that is the sender's.
    pub(super) fn request(
        self,
        job: &Job,
        digests: &[Digest],
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<Request<()>, Error> {
        let mut request = Request::new(());
        *request.method_mut() = Method::PUT;
        *request.uri_mut() = job.destination.uri()?;
        let headers = request.headers_mut();
        *headers = job.options.headers(s3::Operation::PutObject);
        match self {
            Self::Trailer(algorithm) => {
                let codings = chunked(headers.get(header::CONTENT_ENCODING))?;
                headers.insert(header::CONTENT_ENCODING, codings);
                headers.insert("x-amz-decoded-content-length", job.length().into());
                headers.insert("x-amz-trailer", algorithm.header().into());
            }
            Self::Unsigned { header } | Self::Signed { header } => {
                if let Some(algorithm) = header {
                    let value = text(&known(digests, algorithm)?.to_base64())?;
                    headers.insert(algorithm.header(), value);
                }
            }
        }
        let sha256 = match self {
            Self::Signed { .. } => Some(known(digests, Algorithm::Sha256)?.to_hex()),
            Self::Unsigned { .. } | Self::Trailer(_) => None,
        };
        let payload = match (self, &sha256) {
            (Self::Trailer(_), _) => Payload::StreamingUnsignedTrailer,
            (_, Some(hex)) => Payload::Sha256(hex),
            (_, None) => Payload::Unsigned,
        };
        let region = job.destination.store.region().as_str();
        let service = "s3";
        let scope = Scope { region, service };
        sign::sign(&mut request, payload, credentials, scope, now)?;
        Ok(request)
    }

    /// Whether the answer proves that the object is stored as it was sent.
    pub(super) fn judge(
        self,
        job: &Job,
        digests: &[Digest],
        response: &Response,
        sent: Option<&str>,
    ) -> Result<Receipt, Error> {
        let operation = s3::Operation::PutObject;
        if let Some(error) = s3::error::refusal(response, operation, &job.destination) {
            return Err(error);
        }
        let etag = response.text("etag").filter(|etag| !etag.is_empty());
        let Some(etag) = etag else {
            return Err(not_a_store(job, response));
        };
        let checksum = self.sent_digest(job, digests, response, sent)?;
        if let Some(checksum) = &checksum {
            compare(job, response, checksum)?;
        }
        Ok(Receipt {
            etag: etag.to_owned(),
            checksum,
            version_id: response.identifier("x-amz-version-id"),
        })
    }

    fn sent_digest(
        self,
        job: &Job,
        digests: &[Digest],
        response: &Response,
        sent: Option<&str>,
    ) -> Result<Option<Digest>, Error> {
        match self {
            Self::Trailer(algorithm) => match sent {
                Some(sent) => Digest::from_base64(algorithm, sent).map(Some),
                None => Err(integrity(
                    job,
                    response,
                    "the store answered before the whole payload was sent",
                )),
            },
            Self::Unsigned { header } | Self::Signed { header } => {
                Ok(header.and_then(|algorithm| find(digests, algorithm).cloned()))
            }
        }
    }
}

/// An answer without the checksum proves nothing and is accepted: stores other than AWS's
/// often leave it out, and they have refused what did not match.
fn compare(job: &Job, response: &Response, sent: &Digest) -> Result<(), Error> {
    let algorithm = sent.algorithm();
    match response.text(algorithm.header().as_str()) {
        Some(stored) if stored.trim() != sent.to_base64() => Err(integrity(
            job,
            response,
            &format!("the store has another {algorithm} than was sent"),
        )),
        _ => Ok(()),
    }
}

fn integrity(job: &Job, response: &Response, why: &str) -> Error {
    let message = format!("`{}` may be damaged: {why}", job.destination);
    answered(Error::new(ErrorKind::Integrity, message), response)
}

fn not_a_store(job: &Job, response: &Response) -> Error {
    let message = format!(
        "the answer for `{}` has no ETag, so nothing shows that the object was stored",
        job.destination
    );
    answered(Error::new(ErrorKind::Protocol, message), response).with_cure(format!(
        "check that {} is an S3 store, and that no proxy answers in its place",
        job.destination.store.endpoint()
    ))
}

fn answered(error: Error, response: &Response) -> Error {
    Error {
        status: Some(response.status().as_u16()),
        request_id: response.identifier("x-amz-request-id"),
        ..error
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

/// The codings of a body in chunks, and of the object in it: in this order, as S3 documents
/// it ("Signature Calculations for the Authorization Header: Transferring Payload in Multiple
/// Chunks", Amazon S3 API Reference).
fn chunked(codings: Option<&HeaderValue>) -> Result<HeaderValue, Error> {
    let Some(codings) = codings else {
        return Ok(HeaderValue::from_static("aws-chunked"));
    };
    let joined = [b"aws-chunked,", codings.as_bytes()].concat();
    HeaderValue::from_bytes(&joined).map_err(|error| unwritable(&error))
}

fn text(value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value).map_err(|error| unwritable(&error))
}

fn unwritable(error: &dyn std::error::Error) -> Error {
    Error::new(
        ErrorKind::Internal,
        format!("cannot make a header: {error}"),
    )
}
