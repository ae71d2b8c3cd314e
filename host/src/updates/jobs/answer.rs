//! What a refusal of AWS IoT Jobs means.

use http::{HeaderMap, StatusCode};
use sealift_config::ThingName;
use serde::Deserialize;

use super::JobsError;
use crate::report;

/// The kind of an error, such as `ResourceNotFoundException`.
const KIND: &str = "x-amzn-errortype";

/// Longest piece of what the service said, in characters.
const LONGEST: usize = 200;

#[derive(Deserialize)]
struct Refusal {
    message: Option<String>,
}

/// The error that an answer is.
pub(super) fn refused(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    thing: &ThingName,
    action: &'static str,
) -> JobsError {
    let (said, thing) = (said(headers, body), thing.clone());
    match (status.as_u16(), kind(headers)) {
        // What other services say by 429.
        (_, "ThrottlingException") | (408 | 429 | 500.., _) => {
            JobsError::Unavailable { status, said }
        }
        (401 | 403, _) | (_, "CertificateValidationException") => JobsError::Denied {
            status,
            thing,
            action,
            said,
        },
        (404, _) => JobsError::NotFound { thing, said },
        (409, _) => JobsError::Changed { said },
        _ => JobsError::Refused { status, said },
    }
}

/// The kind without what may follow it: `KIND:http://…`.
fn kind(headers: &HeaderMap) -> &str {
    let kind = headers.get(KIND).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    kind.split(':').next().unwrap_or(kind)
}

/// Kind and message, behind a separator, shortened and on one line.
fn said(headers: &HeaderMap, body: &[u8]) -> String {
    let refusal = serde_json::from_slice(body).unwrap_or(Refusal { message: None });
    let message = refusal.message.unwrap_or_default();
    let parts = [kind(headers), message.as_str()];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let text: String = parts.flat_map(|part| [": ", part]).collect();
    report::line(&text).chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http::HeaderValue;

    use super::*;

    fn error(status: u16, kind: &'static str, body: &str) -> JobsError {
        let headers = HeaderMap::from_iter([(
            http::HeaderName::from_static(KIND),
            HeaderValue::from_static(kind),
        )]);
        let status = StatusCode::from_u16(status).unwrap();
        let thing = "thing_x".parse().unwrap();
        refused(status, &headers, body.as_bytes(), &thing, "iotjobsdata:X")
    }

    #[test]
    fn only_what_may_pass_by_itself_is_transient() {
        for (status, kind, transient) in [
            (400, "ThrottlingException", true),
            (400, "ThrottlingException:http://internal.amazon.com/", true),
            (429, "", true),
            (500, "InternalFailureException", true),
            (503, "ServiceUnavailableException", true),
            (409, "InvalidStateTransitionException", true),
            (400, "InvalidRequestException", false),
            (400, "CertificateValidationException", false),
            (403, "ForbiddenException", false),
            (404, "ResourceNotFoundException", false),
            (301, "", false),
        ] {
            assert_eq!(
                error(status, kind, "").is_transient(),
                transient,
                "{status} {kind}"
            );
        }
    }

    #[test]
    fn a_refusal_says_what_to_allow_and_drives_no_terminal() {
        let body = "{\"message\": \"a\\u001b[31mb\\n\"}";
        let text = error(403, "ForbiddenException", body).to_string();
        assert!(text.contains("iotjobsdata:X on thing/thing_x"), "{text}");
        assert!(
            text.contains("403 Forbidden: ForbiddenException: a"),
            "{text}"
        );
        assert!(!text.contains(char::is_control), "{text}");
        let long = format!("{{\"message\": \"{}\"}}", "x".repeat(9999));
        assert!(error(404, "", &long).to_string().len() < 400);
        assert!(
            error(404, "", "<html>")
                .to_string()
                .contains("device.thing_name")
        );
    }
}
