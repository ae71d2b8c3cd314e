//! The body that completes a multipart upload.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::answer::checksum_element;
use crate::checksum::Digest;
use crate::error::{Error, ErrorKind};
use crate::s3::operation::PartNumber;

/// A part that the object is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which part.
    pub number: PartNumber,
    /// The entity tag that the store gave it.
    pub etag: String,
    /// The checksum that was sent with it; required of composite ones, checked of others.
    pub checksum: Option<Digest>,
}

/// The body of `CompleteMultipartUpload` (Amazon S3 API Reference). Parts must be in ascending
/// order, and there must be one: an object without bytes has an empty part.
pub fn completion(parts: &[Part]) -> Result<String, Error> {
    let ascending = parts.is_sorted_by(|one, next| one.number < next.number);
    if parts.is_empty() || !ascending {
        return Err(Error::new(
            ErrorKind::Internal,
            "an object can only be made of parts in ascending order",
        ));
    }
    let mut body =
        String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for part in parts {
        append(&mut body, part).map_err(|error| {
            let message = format!("part {} cannot be written: {error}", part.number);
            Error::new(ErrorKind::Internal, message)
        })?;
    }
    body.push_str("</CompleteMultipartUpload>");
    Ok(body)
}

fn append(body: &mut String, part: &Part) -> std::fmt::Result {
    let (number, etag) = (part.number, escape(&part.etag));
    write!(
        body,
        "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag>"
    )?;
    if let Some(digest) = &part.checksum {
        let name = checksum_element(digest.algorithm());
        write!(body, "<{name}>{}</{name}>", digest.to_base64())?;
    }
    body.push_str("</Part>");
    Ok(())
}
