//! User-defined metadata ("Working with object metadata", Amazon S3 User Guide).

use http::{HeaderMap, HeaderName, HeaderValue};

use super::pairs;
use super::value::{field, invalid, is_token};
use crate::error::{Error, ErrorKind};

/// Most bytes of all names and values together.
const MAX_METADATA: usize = 2 * 1024;

/// Names and values that S3 keeps with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata(HeaderMap);

impl Metadata {
    /// Reads pairs, percent-encoded as a query.
    ///
    /// Values are ASCII, as in AWS's own clients: S3 takes other bytes in several ways and
    /// answers them in another (RFC 2047), so that what is read is not what was written.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let pairs = pairs::decode(text)?;
        let size: usize = pairs
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if size > MAX_METADATA {
            let message = format!("{size} bytes of names and values exceed {MAX_METADATA}");
            return Err(Error::new(ErrorKind::InvalidInput, message));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let header = header(&name)?;
            if headers.contains_key(&header) {
                return Err(invalid(&name, "is given more than once (case is ignored)"));
            }
            headers.insert(header, content(&name, &value)?);
        }
        Ok(Self(headers))
    }

    pub(super) fn into_headers(self) -> HeaderMap {
        self.0
    }
}

fn header(name: &str) -> Result<HeaderName, Error> {
    let header = HeaderName::try_from(format!("x-amz-meta-{name}")).ok();
    header
        .filter(|_| is_token(name))
        .ok_or_else(|| invalid(name, "is not a name that a header can have"))
}

fn content(name: &str, value: &str) -> Result<HeaderValue, Error> {
    if value.is_empty() {
        return Ok(HeaderValue::from_static(""));
    }
    field(value).map_err(|error| Error {
        message: format!("the value of `{name}`: {}", error.message),
        cure: Some("encode the value, for example in base64 or with %XX".to_owned()),
        ..error
    })
}
