//! Settings that become the value of one header.

use http::HeaderValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::excerpt::excerpt;

/// "Canned ACL", Amazon S3 User Guide; those of objects.
const CANNED_ACLS: [&str; 7] = [
    "private",
    "public-read",
    "public-read-write",
    "aws-exec-read",
    "authenticated-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
];

/// Those of `PutObject`, Amazon S3 API Reference.
const STORAGE_CLASSES: [&str; 13] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "OUTPOSTS",
    "GLACIER_IR",
    "SNOW",
    "EXPRESS_ONEZONE",
    "FSX_OPENZFS",
    "FSX_ONTAP",
];

/// A field value of visible characters and single tabs or spaces between them (RFC 9110 §5.5).
pub(super) fn field(text: &str) -> Result<HeaderValue, Error> {
    if !text.is_ascii() {
        let error = invalid(text, "has characters that no header can carry");
        return Err(error.with_cure("write it in ASCII, encoded as its standard says"));
    }
    let trimmed = !text.is_empty() && text.trim_ascii() == text;
    match HeaderValue::from_str(text) {
        Ok(value) if trimmed => Ok(value),
        _ => Err(invalid(text, "is empty, padded or has control characters")),
    }
}

/// `type/subtype`, perhaps with parameters (RFC 9110 §8.3.1).
pub(super) fn media_type(text: &str) -> Result<HeaderValue, Error> {
    let essence = text.split(';').next().unwrap_or_default().trim_ascii_end();
    match essence.split_once('/') {
        Some((kind, subtype)) if is_token(kind) && is_token(subtype) => field(text),
        _ => Err(invalid(text, "is not a media type such as text/csv")),
    }
}

/// A list of codings (RFC 9110 §8.4), without the one that is the transfer's own business.
pub(super) fn codings(text: &str) -> Result<HeaderValue, Error> {
    for coding in text.split(',').map(str::trim_ascii) {
        if !is_token(coding) {
            return Err(invalid(text, "is not a list of codings such as gzip"));
        }
        if coding.eq_ignore_ascii_case("aws-chunked") {
            let error = invalid(text, "names aws-chunked, which says how bytes travel");
            return Err(error.with_cure("leave it out: it is added where it is used"));
        }
    }
    field(text)
}

/// A date in the preferred form of HTTP (RFC 9110 §5.6.7).
pub(super) fn http_date(text: &str) -> Result<HeaderValue, Error> {
    let date = clock::http_date(text)
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|date| date.format(&Rfc2822).ok())
        .and_then(|date| HeaderValue::from_str(&date.replace("+0000", "GMT")).ok());
    date.ok_or_else(|| {
        invalid(
            text,
            "is not an HTTP date such as Sun, 06 Nov 1994 08:49:37 GMT",
        )
    })
}

/// One of S3's canned access control lists.
pub(super) fn canned_acl(text: &str) -> Result<HeaderValue, Error> {
    one_of(text, &CANNED_ACLS)
}

/// A storage class. Stores have classes of their own, so others than S3's are passed on; one
/// of S3's in other letters is a mistake.
pub(super) fn storage_class(text: &str) -> Result<HeaderValue, Error> {
    let meant = text.to_ascii_uppercase().replace('-', "_");
    let known = STORAGE_CLASSES.into_iter().find(|class| *class == meant);
    match known {
        Some(class) if class != text => {
            let error = invalid(text, "is not a storage class");
            Err(error.with_cure(format!("write {class}")))
        }
        _ if is_token(text) => field(text),
        _ => Err(invalid(text, "is not a storage class")),
    }
}

/// Whether a legal hold is on the object.
pub(super) fn legal_hold(text: &str) -> Result<HeaderValue, Error> {
    one_of(text, &["ON", "OFF"])
}

/// The id of an AWS account.
pub(super) fn account(text: &str) -> Result<HeaderValue, Error> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return field(text);
    }
    Err(invalid(text, "is not an account id of 12 digits"))
}

/// Who pays for the request.
pub(super) fn payer(text: &str) -> Result<HeaderValue, Error> {
    one_of(text, &["requester"])
}

/// A token of RFC 9110 §5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

pub(super) fn invalid(text: &str, why: &str) -> Error {
    let message = format!("`{}` {why}", excerpt(text));
    Error::new(ErrorKind::InvalidInput, message)
}

fn one_of(text: &str, known: &[&'static str]) -> Result<HeaderValue, Error> {
    match known.iter().find(|known| **known == text) {
        Some(known) => Ok(HeaderValue::from_static(known)),
        None => Err(invalid(text, &format!("is not {}", known.join(", ")))),
    }
}
