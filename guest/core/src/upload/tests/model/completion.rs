//! The document that asks for an object, read by other code than wrote it, and judged as S3 does.

use std::collections::BTreeMap;

use super::payload::{Content, Piece};
use crate::checksum::Algorithm;
use crate::upload::parts::MIN_PART;

/// The smallest part but for the last, in bytes.
const SMALLEST: u64 = MIN_PART;

/// What a completion says.
#[derive(Debug)]
pub(super) struct Completion {
    parts: Vec<Named>,
    /// Of `x-amz-mp-object-size`.
    pub(super) size: Option<u64>,
    /// Of the header for all bytes.
    pub(super) whole: Option<String>,
    /// Of `x-amz-checksum-type`.
    pub(super) kind: Option<String>,
}

#[derive(Debug)]
struct Named {
    number: u16,
    etag: String,
    checksum: Option<String>,
}

impl Completion {
    pub(super) fn read(
        document: &str,
        header: impl Fn(&str) -> Option<String>,
        algorithm: Option<Algorithm>,
    ) -> Self {
        let parts = document.split("<Part>").skip(1);
        Self {
            parts: parts.map(|part| Named::read(part, algorithm)).collect(),
            size: header("x-amz-mp-object-size").map(|size| size.parse().unwrap()),
            whole: algorithm.and_then(|algorithm| header(algorithm.header().as_str())),
            kind: header("x-amz-checksum-type"),
        }
    }

    /// The object that it makes of the stored parts, or the code of the refusal (`CompleteMultipartUpload`,
    /// Amazon S3 API Reference).
    pub(super) fn of(
        &self,
        stored: &BTreeMap<u16, Piece>,
        algorithm: Option<Algorithm>,
    ) -> Result<Content, &'static str> {
        if self.parts.is_empty() {
            return Err("MalformedXML");
        }
        let ascending = |one: &Named, next: &Named| one.number < next.number;
        if !self.parts.is_sorted_by(ascending) {
            return Err("InvalidPartOrder");
        }
        let mut pieces = Vec::new();
        for (index, named) in self.parts.iter().enumerate() {
            let piece = stored.get(&named.number).ok_or("InvalidPart")?;
            let checksum = algorithm.map(|algorithm| piece.digest(algorithm).to_base64());
            if piece.etag() != named.etag || checksum != named.checksum {
                return Err("InvalidPart");
            }
            if piece.length() < SMALLEST && index + 1 < self.parts.len() {
                return Err("EntityTooSmall");
            }
            pieces.push(piece.clone());
        }
        let content = Content::Pieces(pieces);
        if self.size != Some(content.length()) {
            return Err("InvalidRequest");
        }
        let full = algorithm.filter(|algorithm| algorithm.can_be_combined());
        let whole = full.map(|algorithm| content.digest(algorithm).to_base64());
        if self.whole != whole {
            return Err("BadDigest");
        }
        if self.kind.as_deref() != whole.map(|_| "FULL_OBJECT") {
            return Err("InvalidRequest");
        }
        Ok(content)
    }
}

impl Named {
    fn read(part: &str, algorithm: Option<Algorithm>) -> Self {
        let field = |name: &str| {
            let (_, rest) = part.split_once(&format!("<{name}>"))?;
            let (value, _) = rest.split_once(&format!("</{name}>"))?;
            Some(value.replace("&quot;", "\""))
        };
        let checksum = |algorithm: Algorithm| field(&format!("Checksum{}", algorithm.s3_name()));
        Self {
            number: field("PartNumber").unwrap().parse().unwrap(),
            etag: field("ETag").unwrap(),
            checksum: algorithm.and_then(checksum),
        }
    }
}
