//! The requests of a job, and what their answers prove.

use std::ops::Range;
use std::time::SystemTime;

use http::{HeaderMap, Method, Request, header};

use super::job::Job;
use super::protection::text;
use super::{Body, Framing};
use crate::checksum::{Algorithm, Digest};
use crate::credentials::Credentials;
use crate::error::{Error, ErrorKind};
use crate::exchange;
use crate::response::Response;
use crate::s3::listing::Marker;
use crate::s3::multipart::{self, ObjectChecksum, PartPage, UnfinishedPage};
use crate::s3::{self, Operation, PartNumber, Store, UploadId};
use crate::sign::{self, Payload, Scope};

/// What a request is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// To learn what is there.
    Find,
    /// To make the object in one go.
    Put { length: u64 },
    /// To find uploads of the same object that were left behind: a page, the first being 1.
    Sweep { after: Option<Marker>, page: u8 },
    /// To begin a multipart upload.
    Create,
    /// To store a part.
    Part {
        upload: UploadId,
        number: PartNumber,
        range: Range<u64>,
    },
    /// To learn which parts are there.
    List {
        upload: UploadId,
        after: Option<PartNumber>,
    },
    /// To make the object of its parts, which `document` names.
    Complete {
        upload: UploadId,
        document: String,
        length: u64,
        whole: Option<Digest>,
    },
    /// To end a multipart upload without an object.
    Abort { upload: UploadId },
}

/// What an answer proves.
#[derive(Debug)]
pub(super) enum Receipt {
    Found(Found),
    Stored(Object),
    Unfinished(UnfinishedPage),
    Created(UploadId),
    Part {
        etag: String,
        checksum: Option<Digest>,
    },
    Parts(PartPage),
    Aborted,
}

/// An object as the store describes it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) length: Option<u64>,
    pub(super) checksum: Option<ObjectChecksum>,
    pub(super) object: Object,
}

/// What a store says of an object.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) etag: String,
    pub(super) checksum: Option<Digest>,
    pub(super) version_id: Option<String>,
}

impl exchange::Purpose for Purpose {
    type Job = Job;
    type Body = Body;
    type Receipt = Receipt;

    fn range(&self) -> Option<Range<u64>> {
        match self {
            Self::Put { length } => Some(0..*length),
            Self::Part { range, .. } => Some(range.clone()),
            _ => None,
        }
    }

    fn missing_digest(&self, job: &Job, known: &[Digest]) -> Option<Algorithm> {
        job.protection().missing_digest(known)
    }

    /// What clears up is not stopped.
    fn can_be_stopped(&self) -> bool {
        !matches!(self, Self::Abort { .. } | Self::Sweep { .. })
    }

    /// A completion that met a conditional one has lost its parts ("begin the upload anew", says
    /// S3's API reference); one that met another operation has not.
    fn is_final(&self, error: &Error) -> bool {
        let lost = error.code.as_deref() == Some("ConditionalRequestConflict");
        matches!(self, Self::Complete { .. }) && lost
    }

    fn store<'a>(&'a self, job: &'a Job) -> &'a Store {
        &job.destination.store
    }

    /// Without a `content-length`: that is the sender's.
    fn request(
        &self,
        job: &Job,
        digests: &[Digest],
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<(Request<()>, Body), Error> {
        let mut request = Request::new(());
        if let Self::Sweep { after, .. } = self {
            *request.method_mut() = Method::GET;
            *request.uri_mut() = job.listing().uri(after.as_ref())?;
            *request.headers_mut() = job.options.listing_headers();
        } else if let Some(operation) = self.operation() {
            *request.method_mut() = operation.method();
            *request.uri_mut() = job.destination.uri_of(operation)?;
            *request.headers_mut() = job.options.headers(operation);
        }
        let headers = request.headers_mut();
        self.describe(job, headers)?;
        let protection = job.protection();
        let mut hash = None;
        let (body, payload) = match self {
            Self::Put { .. } | Self::Part { .. } => {
                let range = self.range().unwrap_or_default();
                protection.announce(headers, range.end - range.start, digests)?;
                hash = protection.signed_digest(digests)?;
                let framing = protection.framing();
                let payload = match (framing, &hash) {
                    (Framing::AwsChunked(_), _) => Payload::StreamingUnsignedTrailer,
                    (Framing::Raw, Some(hex)) => Payload::Sha256(hex),
                    (Framing::Raw, None) => Payload::Unsigned,
                };
                (Body::Payload { range, framing }, payload)
            }
            Self::Complete { document, .. } => (
                Body::Bytes(document.clone().into_bytes()),
                Payload::Bytes(document.as_bytes()),
            ),
            _ => (Body::Empty, Payload::Empty),
        };
        let scope = Scope {
            region: job.destination.store.region().as_str(),
            service: "s3",
        };
        sign::sign(&mut request, payload, credentials, scope, now)?;
        drop(hash);
        Ok((request, body))
    }

    fn judge(
        &self,
        job: &Job,
        digests: &[Digest],
        response: &Response,
        sent: Option<&str>,
    ) -> Result<Receipt, Error> {
        let place = &job.destination;
        if let Self::Sweep { after, .. } = self {
            let page = multipart::unfinished(response, after.as_ref(), &job.listing())?;
            return Ok(Receipt::Unfinished(page));
        }
        let judged = match self {
            Self::Create => Receipt::Created(multipart::created(response, place)?),
            Self::List { upload, after } => {
                Receipt::Parts(multipart::parts(response, upload, *after, place)?)
            }
            Self::Complete { upload, whole, .. } => {
                let completed = multipart::completed(response, upload, place)?;
                let object = completed_object(job, response, completed, whole.as_ref())?;
                Receipt::Stored(object)
            }
            Self::Find
            | Self::Put { .. }
            | Self::Part { .. }
            | Self::Abort { .. }
            | Self::Sweep { .. } => {
                if let Some(operation) = self.operation()
                    && let Some(refusal) = s3::error::refusal(response, operation, place)
                {
                    return Err(refusal);
                }
                self.accepted(job, digests, response, sent)?
            }
        };
        Ok(judged)
    }
}

impl Purpose {
    fn operation(&self) -> Option<Operation<'_>> {
        Some(match self {
            Self::Find => Operation::HeadObject,
            Self::Put { .. } => Operation::PutObject,
            Self::Sweep { .. } => return None,
            Self::Create => Operation::CreateMultipartUpload,
            Self::Part { upload, number, .. } => Operation::UploadPart {
                upload,
                number: *number,
            },
            Self::List { upload, after } => Operation::ListParts {
                upload,
                after: *after,
            },
            Self::Complete { upload, .. } => Operation::CompleteMultipartUpload { upload },
            Self::Abort { upload } => Operation::AbortMultipartUpload { upload },
        })
    }

    /// The fields that say what is meant, beside the user's options.
    fn describe(&self, job: &Job, headers: &mut HeaderMap) -> Result<(), Error> {
        let algorithm = job.checksum.map(|checksum| checksum.algorithm);
        match self {
            Self::Find => {
                headers.insert("x-amz-checksum-mode", text("ENABLED")?);
            }
            Self::Create => {
                if let Some(algorithm) = algorithm {
                    headers.insert("x-amz-checksum-algorithm", text(algorithm.s3_name())?);
                    headers.insert("x-amz-checksum-type", text(checksum_type(algorithm))?);
                }
            }
            Self::Complete {
                length,
                whole,
                document,
                ..
            } => {
                headers.insert(header::CONTENT_TYPE, text("application/xml")?);
                headers.insert(header::CONTENT_LENGTH, document.len().into());
                headers.insert("x-amz-mp-object-size", (*length).into());
                if let Some(whole) = whole {
                    let algorithm = whole.algorithm();
                    headers.insert("x-amz-checksum-type", text(checksum_type(algorithm))?);
                    headers.insert(algorithm.header(), text(&whole.to_base64())?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What an answer without a document proves.
    fn accepted(
        &self,
        job: &Job,
        digests: &[Digest],
        response: &Response,
        sent: Option<&str>,
    ) -> Result<Receipt, Error> {
        if let Self::Abort { .. } = self {
            return Ok(Receipt::Aborted);
        }
        let etag = response.text("etag").map(multipart::etag);
        let etag = etag.and_then(Result::ok);
        let etag = etag.ok_or_else(|| not_a_store(job, response))?;
        if let Self::Find = self {
            return Ok(Receipt::Found(found(response, etag)));
        }
        let sent = job.protection().sent_digest(digests, sent);
        let checksum = sent.ok_or_else(|| {
            let why = "the store answered before all bytes were sent";
            integrity(job, response, why)
        })??;
        if let Some(checksum) = &checksum {
            compare(job, response, checksum)?;
        }
        Ok(match self {
            Self::Part { .. } => Receipt::Part { etag, checksum },
            _ => Receipt::Stored(Object {
                etag,
                checksum,
                version_id: response.identifier("x-amz-version-id"),
            }),
        })
    }
}

/// How the checksum of an object follows from those of its parts ("Checking object integrity",
/// Amazon S3 User Guide).
fn checksum_type(algorithm: Algorithm) -> &'static str {
    if algorithm.can_be_combined() {
        "FULL_OBJECT"
    } else {
        "COMPOSITE"
    }
}

/// An object as an answer describes it; what it says in a form that is not S3's, it does not say.
fn found(response: &Response, etag: String) -> Found {
    let length = response.text(header::CONTENT_LENGTH.as_str());
    let composite = response.text("x-amz-checksum-type") == Some("COMPOSITE");
    let checksum = Algorithm::ALL.into_iter().find_map(|algorithm| {
        let text = response.text(algorithm.header().as_str())?;
        ObjectChecksum::parse(algorithm, text.trim(), composite).ok()
    });
    let whole = checksum.as_ref().and_then(ObjectChecksum::of_whole);
    Found {
        length: length.and_then(|length| length.trim().parse().ok()),
        object: Object {
            etag,
            checksum: whole.cloned(),
            version_id: response.identifier("x-amz-version-id"),
        },
        checksum,
    }
}

fn completed_object(
    job: &Job,
    response: &Response,
    completed: multipart::Completed,
    whole: Option<&Digest>,
) -> Result<Object, Error> {
    if let (Some(ObjectChecksum::FullObject(stored)), Some(whole)) = (&completed.checksum, whole)
        && stored.algorithm() == whole.algorithm()
        && stored != whole
    {
        return Err(differs(job, response, whole.algorithm()));
    }
    Ok(Object {
        etag: completed.etag,
        checksum: whole.cloned(),
        version_id: completed.version_id,
    })
}

/// An answer without the checksum proves nothing and is accepted: stores other than AWS's
/// often leave it out, and they have refused what did not match.
fn compare(job: &Job, response: &Response, sent: &Digest) -> Result<(), Error> {
    let algorithm = sent.algorithm();
    match response.text(algorithm.header().as_str()) {
        Some(stored) if stored.trim() != sent.to_base64() => Err(differs(job, response, algorithm)),
        _ => Ok(()),
    }
}

fn differs(job: &Job, response: &Response, algorithm: Algorithm) -> Error {
    let why = format!("the store has another {algorithm} than was sent");
    integrity(job, response, &why)
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
