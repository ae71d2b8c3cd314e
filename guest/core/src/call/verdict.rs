//! What an answer that was handed on says of another attempt.

use http::StatusCode;
use serde::Deserialize;

use crate::error::ErrorKind;
use crate::s3::error::classify;

/// The error in a body of the JSON protocols ("AWS JSON 1.0 protocol", Smithy: operation error serialization).
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "__type", alias = "code")]
    kind: String,
}

/// Whether the same request may work later: by its status, or by the type of error that the body names, since the JSON
/// protocols answer with 400 when they throttle. A body that is cut off names none.
pub fn may_work_later(status: StatusCode, body: &[u8]) -> bool {
    let code = in_json(body).or_else(|| in_xml(body)).unwrap_or_default();
    matches!(
        classify(status, &code),
        ErrorKind::Throttled | ErrorKind::Server | ErrorKind::Unavailable | ErrorKind::Timeout
    ) || status.is_server_error()
}

/// The name without its namespace: `com.amazonaws.dynamodb.v20120810#ThrottlingException`.
fn in_json(body: &[u8]) -> Option<String> {
    let Named { kind } = serde_json::from_slice(body).ok()?;
    let name = kind.rsplit('#').next()?;
    Some(name.split(':').next()?.to_owned())
}

fn in_xml(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    Some(rest.split_once("</Code>")?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_is_known_in_every_protocol() {
        for (status, body, later) in [
            (
                400,
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"m"}"#,
                true,
            ),
            (400, r#"{"__type":"ThrottlingException"}"#, true),
            (
                400,
                r#"{"code":"ThrottlingException:http://internal/"}"#,
                true,
            ),
            (
                400,
                "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>",
                true,
            ),
            (400, r#"{"__type":"ValidationException"}"#, false),
            (400, "{\"__type\":\"Thrott", false),
            (400, "", false),
            (403, "<Error><Code>AccessDenied</Code></Error>", false),
            (429, "", true),
            (503, "busy", true),
            (501, "", true),
        ] {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            assert_eq!(
                may_work_later(status, body.as_bytes()),
                later,
                "{status} {body}"
            );
        }
    }
}
