//! Object tags in a header.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use s3s::dto::Tag;
use s3s::{S3Result, s3_error};

use super::errors::bad_request;

const MAX_TAGS: usize = 10;
const MAX_KEY_CHARACTERS: usize = 128;
const MAX_VALUE_CHARACTERS: usize = 256;

/// Reads `x-amz-tagging`: `KEY=VALUE&KEY=VALUE`, form-encoded.
pub(super) fn parse(text: &str) -> S3Result<Vec<Tag>> {
    let tags: Vec<(String, String)> = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(key)?, decode(value)?))
        })
        .collect::<Option<_>>()
        .ok_or_else(malformed)?;
    let keys: BTreeSet<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
    if keys.len() != tags.len() {
        return Err(malformed());
    }
    if tags.len() > MAX_TAGS {
        return Err(s3_error!(
            InvalidArgument,
            "Object tags cannot be greater than {}",
            MAX_TAGS
        ));
    }
    tags.into_iter().map(tag).collect()
}

fn tag((key, value): (String, String)) -> S3Result<Tag> {
    if key.is_empty() || key.chars().count() > MAX_KEY_CHARACTERS {
        return Err(bad_request(
            "InvalidTag",
            "The TagKey you have provided is invalid",
        ));
    }
    if value.chars().count() > MAX_VALUE_CHARACTERS {
        return Err(bad_request(
            "InvalidTag",
            "The TagValue you have provided is invalid",
        ));
    }
    Ok(Tag {
        key: Some(key),
        value: Some(value),
    })
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

fn malformed() -> s3s::S3Error {
    s3_error!(
        InvalidArgument,
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query \
         parameters without tag name duplicates."
    )
}
