//! Listings, page by page.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::EncodingType;
use s3s::{S3Result, s3_error};

pub(super) mod objects;
mod page;
pub(super) mod uploads;

/// S3's limit for one page of anything.
const MAX_ENTRIES: i32 = 1000;

fn limit(asked: Option<i32>) -> S3Result<usize> {
    usize::try_from(asked.unwrap_or(MAX_ENTRIES).min(MAX_ENTRIES))
        .map_err(|_| s3_error!(InvalidArgument, "The limit must not be negative"))
}

/// Percent-encoding of names, for keys that XML cannot carry.
struct Encoding(Option<EncodingType>);

impl Encoding {
    fn of(asked: Option<EncodingType>) -> Self {
        Self(asked.filter(|encoding| encoding.as_str() == EncodingType::URL))
    }

    fn apply(&self, text: &str) -> String {
        const KEPT: &AsciiSet = &NON_ALPHANUMERIC
            .remove(b'/')
            .remove(b'-')
            .remove(b'_')
            .remove(b'.')
            .remove(b'~');
        match self.0 {
            Some(_) => utf8_percent_encode(text, KEPT).to_string(),
            None => text.to_owned(),
        }
    }
}
