//! Which part of an object is read, on which conditions.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use futures_util::stream;
use s3s::dto::{ETagCondition, Range as RangeHeader, StreamingBlob, Timestamp};
use s3s::{S3Error, S3Result, s3_error};
use time::OffsetDateTime;

use crate::s3::store::Object;

/// Read from the file at once.
const CHUNK_BYTES: u64 = 256 * 1024;

/// The conditions of RFC 9110, section 13.1.
#[derive(Debug, Default)]
pub(super) struct ReadConditions {
    pub(super) matches: Option<ETagCondition>,
    pub(super) none_match: Option<ETagCondition>,
    pub(super) modified_since: Option<Timestamp>,
    pub(super) unmodified_since: Option<Timestamp>,
}

impl ReadConditions {
    /// In the order of precedence of RFC 9110, section 13.2.2.
    pub(super) fn check(self, object: &Object) -> S3Result<()> {
        let since = |time: Timestamp| OffsetDateTime::from(time);
        let is = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == object.etag,
        };
        let failed = match (&self.matches, self.unmodified_since) {
            (Some(condition), _) => !is(condition),
            (None, Some(time)) => object.modified > since(time),
            (None, None) => false,
        };
        if failed {
            return Err(s3_error!(
                PreconditionFailed,
                "At least one of the pre-conditions you specified did not hold"
            ));
        }
        let unchanged = match (&self.none_match, self.modified_since) {
            (Some(condition), _) => is(condition),
            (None, Some(time)) => object.modified <= since(time),
            (None, None) => false,
        };
        if unchanged {
            Err(s3_error!(NotModified))
        } else {
            Ok(())
        }
    }
}

/// The bytes of an object that a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Whole(Range<u64>),
    Some(Range<u64>),
}

impl Extent {
    pub(super) fn of(
        object: &Object,
        range: Option<RangeHeader>,
        part_number: Option<i32>,
    ) -> S3Result<Self> {
        let unsatisfiable = || s3_error!(InvalidRange, "The requested range is not satisfiable");
        match (range, part_number) {
            (None, None) => Ok(Self::Whole(0..object.size)),
            (Some(range), None) => range
                .check(object.size)
                .map(Self::Some)
                .map_err(|_| unsatisfiable()),
            (Some(_), Some(_)) => Err(s3_error!(
                InvalidRequest,
                "Cannot specify both Range header and partNumber query parameter"
            )),
            (None, Some(number)) => part(object, number)
                .map(Self::Some)
                .ok_or_else(unsatisfiable),
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    pub(super) fn length(&self) -> S3Result<i64> {
        let range = self.range();
        i64::try_from(range.end - range.start).map_err(S3Error::internal_error)
    }

    /// `bytes 0-9/100`; none for all of an object.
    pub(super) fn content_range(&self, object: &Object) -> Option<String> {
        match self {
            Self::Some(range) if range.end > range.start => Some(format!(
                "bytes {}-{}/{}",
                range.start,
                range.end - 1,
                object.size
            )),
            Self::Whole(_) | Self::Some(_) => None,
        }
    }

    fn range(&self) -> &Range<u64> {
        let (Self::Whole(range) | Self::Some(range)) = self;
        range
    }
}

/// An object that was put at once counts as one part.
fn part(object: &Object, number: i32) -> Option<Range<u64>> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    if object.parts.is_empty() {
        return (index == 0).then_some(0..object.size);
    }
    let start: u64 = object.parts.get(..index)?.iter().sum();
    Some(start..start + object.parts.get(index)?)
}

/// A part of a file as the body of a response.
pub(super) fn file_body(file: File, extent: &Extent) -> StreamingBlob {
    let range = extent.range().clone();
    StreamingBlob::wrap(stream::try_unfold(
        (file, range),
        |(file, range)| async move {
            if range.is_empty() {
                return Ok(None);
            }
            let read = tokio::task::spawn_blocking(move || read_chunk(file, range));
            read.await.map_err(std::io::Error::other)?.map(Some)
        },
    ))
}

type Rest = (File, Range<u64>);

fn read_chunk(mut file: File, range: Range<u64>) -> std::io::Result<(Bytes, Rest)> {
    let length = CHUNK_BYTES.min(range.end - range.start);
    file.seek(SeekFrom::Start(range.start))?;
    let mut chunk = Vec::new();
    file.by_ref().take(length).read_to_end(&mut chunk)?;
    if chunk.len() as u64 != length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok((Bytes::from(chunk), (file, range.start + length..range.end)))
}
