//! The fields of a document that a store answered with.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{Marker, ObjectChecksum, PartPage, StoredPart, Unfinished, UnfinishedPage};
use crate::checksum::{Algorithm, Digest};
use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;
use crate::response::Response;
use crate::s3::operation::PartNumber;
use crate::s3::xml::{self, Element};

/// A whole document with the root that was expected.
pub(super) struct Answer {
    root: Element,
    status: u16,
    request_id: Option<String>,
}

impl Answer {
    /// An answer that breaks off is a failure of the connection; another document is not S3's.
    pub(super) fn read(response: &Response, root: &'static str) -> Result<Self, Error> {
        let failed = |kind, message| Error {
            status: Some(response.status().as_u16()),
            request_id: response.identifier("x-amz-request-id"),
            ..Error::new(kind, message)
        };
        let broken = || {
            let message = format!("the store's answer broke off before the end of `{root}`");
            failed(ErrorKind::Network, message)
        };
        let foreign = || {
            let message = format!("the store's answer is not a `{root}`");
            failed(ErrorKind::Protocol, message).with_cure(
                "check that the endpoint is an S3 store, and that no proxy answers in its place",
            )
        };
        if response.body().trim_ascii().is_empty() {
            return Err(broken());
        }
        let document = xml::parse(response.body()).ok_or_else(foreign)?;
        if !is(document.root.name(), root) {
            return Err(foreign());
        }
        if !document.whole {
            return Err(broken());
        }
        Ok(Self {
            root: document.root,
            status: response.status().as_u16(),
            request_id: response.identifier("x-amz-request-id"),
        })
    }

    /// A field of the root as a type.
    pub(super) fn required<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.told(required(&self.root, name, parse))
    }

    pub(super) fn etag(&self) -> Result<String, Error> {
        self.required("ETag", etag)
    }

    pub(super) fn object_checksum(&self) -> Result<Option<ObjectChecksum>, Error> {
        self.told(object_checksum(&self.root))
    }

    /// The page, whose parts must be in order and behind those of the page before: so that
    /// reading pages comes to an end.
    pub(super) fn parts(&self, after: Option<PartNumber>) -> Result<PartPage, Error> {
        let parts: Result<Vec<_>, _> = self.root.children("Part").map(part).collect();
        let parts = self.told(parts)?;
        let numbers: Vec<_> = after
            .into_iter()
            .chain(parts.iter().map(|part| part.number))
            .collect();
        if !numbers.is_sorted_by(|one, next| one < next) {
            return self.told(Err(wrong("its parts are not in ascending order")));
        }
        let next = if self.is_truncated()? {
            let last = parts.last().map(|part| part.number);
            let last = last.ok_or_else(|| wrong("it is truncated and has no part"));
            Some(self.told(last)?)
        } else {
            None
        };
        Ok(PartPage { parts, next })
    }

    /// The page; its marker must be behind the one before, so that reading pages comes to an
    /// end.
    pub(super) fn uploads(&self, after: Option<&Marker>) -> Result<UnfinishedPage, Error> {
        let encoded = self.root.field("EncodingType") == Some("url");
        let uploads: Result<Vec<_>, _> = self
            .root
            .children("Upload")
            .map(|upload| unfinished(upload, encoded))
            .collect();
        let uploads = self.told(uploads)?;
        let next = if self.is_truncated()? {
            let marker = Marker {
                key: self.required("NextKeyMarker", |text| key(text, encoded))?,
                upload: self.required("NextUploadIdMarker", str::parse)?,
            };
            if after.is_some_and(|after| *after == marker) {
                return self.told(Err(wrong("its next page would be the same again")));
            }
            Some(marker)
        } else {
            None
        };
        Ok(UnfinishedPage { uploads, next })
    }

    fn is_truncated(&self) -> Result<bool, Error> {
        match self.root.field("IsTruncated") {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => self.told(Err(wrong("`IsTruncated` is not true or false"))),
        }
    }

    /// Whatever is wrong with a field is the store's doing.
    fn told<T>(&self, read: Result<T, Error>) -> Result<T, Error> {
        read.map_err(|error| Error {
            kind: ErrorKind::Protocol,
            message: format!("the store's `{}`: {}", self.root.name(), error.message),
            status: Some(self.status),
            request_id: self.request_id.clone(),
            ..error
        })
    }
}

/// Whether the root has this name. Some stores say `…Response` for S3's `…Result`; AWS's own clients look at
/// neither.
fn is(root: &str, expected: &str) -> bool {
    root == expected
        || root
            .strip_suffix("Response")
            .is_some_and(|stem| expected.strip_suffix("Result") == Some(stem))
}

fn required<T>(
    element: &Element,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, Error>,
) -> Result<T, Error> {
    let text = element.field(name);
    parse(text.ok_or_else(|| wrong(&format!("`{name}` is missing")))?)
}

fn part(element: &Element) -> Result<StoredPart, Error> {
    Ok(StoredPart {
        number: required(element, "PartNumber", str::parse)?,
        etag: required(element, "ETag", etag)?,
        size: required(element, "Size", number)?,
        checksum: match checksum(element) {
            Some((algorithm, text)) => Some(Digest::from_base64(algorithm, text)?),
            None => None,
        },
    })
}

fn unfinished(element: &Element, encoded: bool) -> Result<Unfinished, Error> {
    Ok(Unfinished {
        key: required(element, "Key", |text| key(text, encoded))?,
        upload: required(element, "UploadId", str::parse)?,
        initiated: required(element, "Initiated", date)?,
    })
}

/// With the number of parts behind it, or of type `COMPOSITE`, a checksum is of checksums.
fn object_checksum(element: &Element) -> Result<Option<ObjectChecksum>, Error> {
    let composite = element.field("ChecksumType") == Some("COMPOSITE");
    let told = checksum(element);
    told.map(|(algorithm, text)| ObjectChecksum::parse(algorithm, text, composite))
        .transpose()
}

fn checksum(element: &Element) -> Option<(Algorithm, &str)> {
    let told = |algorithm| Some((algorithm, element.field(checksum_element(algorithm))?));
    Algorithm::ALL.into_iter().find_map(told)
}

/// The element that holds a checksum, in answers and requests.
pub(super) fn checksum_element(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Crc64Nvme => "ChecksumCRC64NVME",
        Algorithm::Crc32 => "ChecksumCRC32",
        Algorithm::Crc32C => "ChecksumCRC32C",
        Algorithm::Sha1 => "ChecksumSHA1",
        Algorithm::Sha256 => "ChecksumSHA256",
    }
}

/// An entity tag, at most 256 bytes long. It goes into requests and the journal, so it must be what
/// a header could carry.
pub fn etag(text: &str) -> Result<String, Error> {
    let text = text.trim_ascii();
    let fits = (1..=256).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        return Ok(text.to_owned());
    }
    Err(wrong(&format!("`{}` is not an entity tag", excerpt(text))))
}

fn number(text: &str) -> Result<u64, Error> {
    text.parse()
        .map_err(|_| wrong(&format!("`{}` is not a size in bytes", excerpt(text))))
}

fn date(text: &str) -> Result<u64, Error> {
    let seconds = clock::rfc3339(text).and_then(|seconds| u64::try_from(seconds).ok());
    seconds.ok_or_else(|| wrong(&format!("`{}` is not a date since 1970", excerpt(text))))
}

/// Encoded keys come as in a query: `+` is a space.
fn key(text: &str, encoded: bool) -> Result<String, Error> {
    if !encoded {
        return Ok(text.to_owned());
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(Cow::into_owned)
        .map_err(|_| wrong("a key is not UTF-8"))
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::Protocol, what)
}
