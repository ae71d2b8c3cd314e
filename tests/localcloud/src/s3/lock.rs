//! Object lock, as far as requests and answers tell of it: every bucket takes
//! it, and nothing is kept from being replaced.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>

use http::{HeaderMap, HeaderValue};
use s3s::dto::{Timestamp, TimestampFormat};
use s3s::{S3Result, s3_error};
use time::OffsetDateTime;

pub(super) const MODE: &str = "x-amz-object-lock-mode";
pub(super) const RETAIN_UNTIL: &str = "x-amz-object-lock-retain-until-date";
pub(super) const LEGAL_HOLD: &str = "x-amz-object-lock-legal-hold";

/// Whether what a request says about locking makes sense.
pub(super) fn check(request: &HeaderMap, now: OffsetDateTime) -> S3Result<()> {
    match (text(request, MODE), text(request, RETAIN_UNTIL)) {
        (None, None) => {}
        (Some("GOVERNANCE" | "COMPLIANCE"), Some(date)) => {
            let until = parse_date(date).map(OffsetDateTime::from);
            if until.is_none_or(|until| until <= now) {
                return Err(s3_error!(
                    InvalidArgument,
                    "The retain until date must be in the future!"
                ));
            }
        }
        (Some(_), Some(_)) => {
            return Err(s3_error!(InvalidArgument, "Unknown wormMode directive."));
        }
        _ => {
            return Err(s3_error!(
                InvalidArgument,
                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be \
                 supplied"
            ));
        }
    }
    match text(request, LEGAL_HOLD) {
        None | Some("ON" | "OFF") => Ok(()),
        Some(_) => Err(s3_error!(
            InvalidArgument,
            "Legal Hold must be either of 'ON' or 'OFF'"
        )),
    }
}

/// A PUT that locks must bring a checksum of its own.
pub(super) fn check_integrity(request: &HeaderMap, has_checksum: bool) -> S3Result<()> {
    let locks = [MODE, LEGAL_HOLD]
        .into_iter()
        .any(|name| request.contains_key(name));
    if locks && !has_checksum {
        return Err(s3_error!(
            InvalidRequest,
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with \
             Object Lock parameters"
        ));
    }
    Ok(())
}

pub(super) fn parse_date(text: &str) -> Option<Timestamp> {
    Timestamp::parse(TimestampFormat::DateTime, text).ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(HeaderValue::to_str)?.ok()
}
