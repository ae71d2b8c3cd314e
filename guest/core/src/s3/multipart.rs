//! What a store says of multipart uploads, and what it is told to complete one.

mod answer;
mod completion;

use super::destination::Destination;
use super::error;
use super::listing::{Listing, Marker};
use super::operation::{Operation, PartNumber, UploadId};
use crate::checksum::{Algorithm, Digest};
use crate::error::{Error, ErrorKind};
use crate::response::Response;
use answer::Answer;

pub use answer::etag;
pub use completion::{Part, completion};

/// An object that was made of parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// The entity tag, quotes included, as the store gave it.
    pub etag: String,
    /// The checksum, where the store tells one.
    pub checksum: Option<ObjectChecksum>,
    /// The version, in a bucket that keeps versions.
    pub version_id: Option<String>,
}

/// The checksum of an object that was made of parts ("Checking object integrity", Amazon S3
/// User Guide).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectChecksum {
    /// Of all bytes, as if they had come in one go.
    FullObject(Digest),
    /// Of the checksums of so many parts.
    Composite(Digest, u16),
}

impl ObjectChecksum {
    /// Reads S3's form: base64, and where it is `composite` the number of parts behind a hyphen. With
    /// that number it is one of checksums, whatever is said of it.
    pub fn parse(algorithm: Algorithm, text: &str, composite: bool) -> Result<Self, Error> {
        let Some((text, parts)) = text.split_once('-') else {
            if composite {
                let message = "its composite checksum does not tell how many parts";
                return Err(Error::new(ErrorKind::Protocol, message));
            }
            return Digest::from_base64(algorithm, text).map(Self::FullObject);
        };
        let parts: PartNumber = parts.parse()?;
        let digest = Digest::from_base64(algorithm, text)?;
        Ok(Self::Composite(digest, parts.get()))
    }

    /// Which checksum it is.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::FullObject(digest) | Self::Composite(digest, _) => digest.algorithm(),
        }
    }

    /// The checksum, if it is one of all bytes.
    pub fn of_whole(&self) -> Option<&Digest> {
        match self {
            Self::FullObject(digest) => Some(digest),
            Self::Composite(..) => None,
        }
    }
}

/// A part that the store has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Which part.
    pub number: PartNumber,
    /// The entity tag, quotes included, as the store gave it.
    pub etag: String,
    /// Its length in bytes.
    pub size: u64,
    /// The checksum, where the store tells one.
    pub checksum: Option<Digest>,
}

/// Some of an upload's parts, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartPage {
    /// The parts.
    pub parts: Vec<StoredPart>,
    /// Where the next page begins; none if this is the last.
    pub next: Option<PartNumber>,
}

/// An upload that was neither completed nor aborted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// Its object's literal name.
    pub key: String,
    /// Its id.
    pub upload: UploadId,
    /// When it began, in seconds since 1970.
    pub initiated: u64,
}

/// Some of a bucket's unfinished uploads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnfinishedPage {
    /// The uploads.
    pub uploads: Vec<Unfinished>,
    /// Where the next page begins; none if this is the last.
    pub next: Option<Marker>,
}

/// The answer to [`Operation::CreateMultipartUpload`].
pub fn created(response: &Response, destination: &Destination) -> Result<UploadId, Error> {
    let operation = Operation::CreateMultipartUpload;
    unless_refused(error::refusal(response, operation, destination))?;
    let answer = Answer::read(response, "InitiateMultipartUploadResult")?;
    answer.required("UploadId", str::parse)
}

/// The answer to [`Operation::CompleteMultipartUpload`].
pub fn completed(
    response: &Response,
    upload: &UploadId,
    destination: &Destination,
) -> Result<Completed, Error> {
    let operation = Operation::CompleteMultipartUpload { upload };
    unless_refused(error::refusal(response, operation, destination))?;
    let answer = Answer::read(response, "CompleteMultipartUploadResult")?;
    Ok(Completed {
        etag: answer.etag()?,
        checksum: answer.object_checksum()?,
        version_id: response.identifier("x-amz-version-id"),
    })
}

/// The answer to [`Operation::ListParts`] after the part that was the last of an earlier page.
pub fn parts(
    response: &Response,
    upload: &UploadId,
    after: Option<PartNumber>,
    destination: &Destination,
) -> Result<PartPage, Error> {
    let operation = Operation::ListParts { upload, after };
    unless_refused(error::refusal(response, operation, destination))?;
    let answer = Answer::read(response, "ListPartsResult")?;
    answer.parts(after)
}

/// The answer to [`Listing::uri`] after the upload that was the last of an earlier page.
pub fn unfinished(
    response: &Response,
    after: Option<&Marker>,
    listing: &Listing,
) -> Result<UnfinishedPage, Error> {
    unless_refused(error::listing_refusal(response, listing))?;
    let answer = Answer::read(response, "ListMultipartUploadsResult")?;
    answer.uploads(after)
}

fn unless_refused(refusal: Option<Error>) -> Result<(), Error> {
    refusal.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
