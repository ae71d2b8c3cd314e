//! When an object may be written at all ("How to prevent object overwrites with conditional
//! writes", Amazon S3 User Guide).

use http::{HeaderName, HeaderValue, header};

use super::contradiction;
use super::value::invalid;
use crate::error::Error;
use crate::settings::Settings;

/// What must hold for the object that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// There is none.
    Absent,
    /// It has this entity tag.
    Matches(HeaderValue),
}

impl Condition {
    /// Takes `if-none-match` (`*`) or `if-match` (an entity tag, with or without its quotes).
    pub(super) fn from_settings(settings: &mut Settings) -> Result<Option<Self>, Error> {
        let absent = settings.take_as("if-none-match", |text| match text {
            "*" => Ok(Self::Absent),
            _ => Err(invalid(text, "is not `*`, all that S3 knows here")),
        })?;
        let matches = settings.take_as("if-match", |text| entity_tag(text).map(Self::Matches))?;
        match (absent, matches) {
            (Some(_), Some(_)) => Err(contradiction(
                "`if-match` and `if-none-match` exclude each other".to_owned(),
                "leave out one: an object is either to be replaced or to be new",
            )),
            (condition, None) | (None, condition) => Ok(condition),
        }
    }

    pub(super) fn header(&self) -> (HeaderName, HeaderValue) {
        match self {
            Self::Absent => (header::IF_NONE_MATCH, HeaderValue::from_static("*")),
            Self::Matches(etag) => (header::IF_MATCH, etag.clone()),
        }
    }
}

/// A strong entity tag (RFC 9110 §8.8.3), in quotes as S3 gives it.
fn entity_tag(text: &str) -> Result<HeaderValue, Error> {
    let refused = || {
        let error = invalid(text, "is not an entity tag");
        error.with_cure("give the `ETag` that the store answered for the object")
    };
    let opaque = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').ok_or_else(refused)?,
        None => text,
    };
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
    if opaque.is_empty() || opaque == "*" || !opaque.bytes().all(allowed) {
        return Err(refused());
    }
    if text.starts_with("W/") {
        return Err(refused());
    }
    HeaderValue::try_from(format!("\"{opaque}\"")).map_err(|_| refused())
}
