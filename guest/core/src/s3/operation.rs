//! The requests that make an object, and their names for things.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use http::Method;
use percent_encoding::utf8_percent_encode;

use super::key::UNRESERVED;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;

/// A request about one object (Amazon S3 API Reference, by these names).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation<'a> {
    /// Stores the object in one go.
    PutObject,
    /// Asks what is stored.
    HeadObject,
    /// Reads the object, or a range of it.
    GetObject,
    /// Begins a multipart upload.
    CreateMultipartUpload,
    /// Stores a part, in place of an earlier one of that number.
    UploadPart {
        /// Of which upload.
        upload: &'a UploadId,
        /// Which part.
        number: PartNumber,
    },
    /// Makes the object of its parts.
    CompleteMultipartUpload {
        /// Of which upload.
        upload: &'a UploadId,
    },
    /// Ends an upload without an object; its parts are gone afterwards.
    AbortMultipartUpload {
        /// Which upload.
        upload: &'a UploadId,
    },
    /// Asks for the parts that are stored, at most 1000 at once.
    ListParts {
        /// Of which upload.
        upload: &'a UploadId,
        /// The last part of the page before.
        after: Option<PartNumber>,
    },
}

/// The id of a multipart upload, as the store gave it. Nothing in it is known to us.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UploadId(String);

/// The number of a part, 1 to 10 000 ("Amazon S3 multipart upload limits", Amazon S3 User
/// Guide).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartNumber(NonZeroU16);

/// Longest upload id that is taken, in bytes; those of S3 have about 130.
const MAX_UPLOAD_ID: usize = 1024;

impl Operation<'_> {
    /// The method.
    pub fn method(self) -> Method {
        match self {
            Self::PutObject | Self::UploadPart { .. } => Method::PUT,
            Self::HeadObject => Method::HEAD,
            Self::CreateMultipartUpload | Self::CompleteMultipartUpload { .. } => Method::POST,
            Self::AbortMultipartUpload { .. } => Method::DELETE,
            Self::GetObject | Self::ListParts { .. } => Method::GET,
        }
    }

    /// The query of the URI, encoded; none for the object itself.
    pub(super) fn query(self) -> Option<String> {
        match self {
            Self::PutObject | Self::HeadObject | Self::GetObject => None,
            Self::CreateMultipartUpload => Some("uploads".to_owned()),
            Self::UploadPart { upload, number } => {
                Some(format!("partNumber={number}&uploadId={}", upload.encode()))
            }
            Self::CompleteMultipartUpload { upload }
            | Self::AbortMultipartUpload { upload }
            | Self::ListParts {
                upload,
                after: None,
            } => Some(format!("uploadId={}", upload.encode())),
            Self::ListParts {
                upload,
                after: Some(part),
            } => Some(format!(
                "part-number-marker={part}&uploadId={}",
                upload.encode()
            )),
        }
    }

    /// What it does to an object, in the infinitive.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::PutObject => "store",
            Self::HeadObject => "look at",
            Self::GetObject => "read",
            Self::CreateMultipartUpload => "begin a multipart upload of",
            Self::UploadPart { .. } => "store a part of",
            Self::CompleteMultipartUpload { .. } => "complete",
            Self::AbortMultipartUpload { .. } => "abort the multipart upload of",
            Self::ListParts { .. } => "list the parts of",
        }
    }

    /// The IAM action that allows it ("Required permissions for Amazon S3 API operations",
    /// Amazon S3 User Guide).
    pub(super) fn permission(self) -> &'static str {
        match self {
            Self::PutObject
            | Self::CreateMultipartUpload
            | Self::UploadPart { .. }
            | Self::CompleteMultipartUpload { .. } => "s3:PutObject",
            Self::HeadObject | Self::GetObject => "s3:GetObject",
            Self::AbortMultipartUpload { .. } => "s3:AbortMultipartUpload",
            Self::ListParts { .. } => "s3:ListMultipartUploadParts",
        }
    }
}

impl UploadId {
    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that goes into a query.
    pub(super) fn encode(&self) -> String {
        utf8_percent_encode(&self.0, UNRESERVED).to_string()
    }
}

impl FromStr for UploadId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if (1..=MAX_UPLOAD_ID).contains(&text.len()) && !text.contains(char::is_control) {
            return Ok(Self(text.to_owned()));
        }
        let length = text.len();
        Err(Error::new(
            ErrorKind::InvalidInput,
            format!(
                "an upload id of {length} bytes is not of 1 to {MAX_UPLOAD_ID} printable bytes"
            ),
        ))
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartNumber {
    /// The first part's.
    pub const FIRST: Self = Self(NonZeroU16::MIN);
    /// The largest there is.
    pub const MAX: u16 = 10_000;

    /// Nothing unless the number is 1 to [`MAX`](Self::MAX).
    pub fn new(number: u16) -> Option<Self> {
        let number = NonZeroU16::new(number)?;
        (number.get() <= Self::MAX).then_some(Self(number))
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0.get()
    }

    /// The number after this one, if there can be one.
    pub fn next(self) -> Option<Self> {
        Self::new(self.get() + 1)
    }
}

impl FromStr for PartNumber {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let number = text.parse().ok().and_then(Self::new);
        number.ok_or_else(|| {
            let message = format!(
                "`{}` is not a part number of 1 to {}",
                excerpt(text),
                Self::MAX
            );
            Error::new(ErrorKind::InvalidInput, message)
        })
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_part_number_is_of_1_to_10_000() {
        assert_eq!(PartNumber::new(0), None);
        assert_eq!(PartNumber::new(1), Some(PartNumber::FIRST));
        assert_eq!(PartNumber::new(10_001), None);
        let last = PartNumber::new(10_000).unwrap();
        assert_eq!(last.next(), None);
        assert_eq!(PartNumber::FIRST.next().map(PartNumber::get), Some(2));
        for text in ["0", "10001", "-1", "", "x", "65537"] {
            let error = text.parse::<PartNumber>().unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{text}");
        }
    }

    #[test]
    fn an_upload_id_is_opaque_and_bounded() {
        let id: UploadId = "a/b+c==&x y%2F".parse().unwrap();
        assert_eq!(id.encode(), "a%2Fb%2Bc%3D%3D%26x%20y%252F");
        for text in ["", "a\nb", &"x".repeat(MAX_UPLOAD_ID + 1)] {
            let error = text.parse::<UploadId>().unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{text}");
        }
    }
}
