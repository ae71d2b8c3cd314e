//! Object tags ("Categorizing your objects using tags", Amazon S3 User Guide).

use http::{HeaderName, HeaderValue};
use percent_encoding::utf8_percent_encode;

use super::pairs;
use super::value::invalid;
use crate::error::{Error, ErrorKind};
use crate::s3::key::UNRESERVED;

/// Most tags of an object.
const MAX_TAGS: usize = 10;
/// Longest key and value, in units of UTF-16.
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

/// The tags of an object, in the one form that they have in a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tags(Option<HeaderValue>);

impl Tags {
    /// Reads pairs, percent-encoded as a query.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let pairs = pairs::decode(text)?;
        if pairs.len() > MAX_TAGS {
            let message = format!("{} tags are more than the {MAX_TAGS} allowed", pairs.len());
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        for (index, (key, value)) in pairs.iter().enumerate() {
            check(key, value)?;
            if pairs.iter().take(index).any(|(other, _)| other == key) {
                return Err(invalid(key, "is given more than once"));
            }
        }
        if pairs.is_empty() {
            return Ok(Self(None));
        }
        let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
        let encoded: Vec<_> = pairs
            .iter()
            .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
            .collect();
        let header = HeaderValue::try_from(encoded.join("&"));
        header
            .map(|header| Self(Some(header)))
            .map_err(|_| invalid(text, "cannot be written in a header"))
    }

    pub(super) fn into_header(self) -> Option<(HeaderName, HeaderValue)> {
        Some((HeaderName::from_static("x-amz-tagging"), self.0?))
    }
}

fn check(key: &str, value: &str) -> Result<(), Error> {
    let length = |text: &str| text.encode_utf16().count();
    if !(1..=MAX_KEY).contains(&length(key)) {
        let why = format!("is not a key of 1 to {MAX_KEY} characters");
        return Err(invalid(key, &why));
    }
    if key.starts_with("aws:") {
        return Err(invalid(key, "begins with `aws:`, which is AWS's own"));
    }
    if length(value) > MAX_VALUE {
        let why = format!("has a value of more than {MAX_VALUE} characters");
        return Err(invalid(key, &why));
    }
    Ok(())
}
