//! What the server says: enough of S3 and of the credentials provider for clients to go on.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::http::Head;

/// Tells a client to send its body.
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The whole answer to a request.
pub(super) fn answer(head: &Head) -> Vec<u8> {
    let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
    if path.starts_with("/role-aliases/") {
        return with_body("application/json", &credentials());
    }
    match head.method.as_str() {
        "POST" if query.starts_with("uploads") => with_body("application/xml", INITIATED),
        "POST" => with_body("application/xml", COMPLETED),
        _ => with_body("application/xml", ""),
    }
}

const INITIATED: &str =
    "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>";
const COMPLETED: &str = "<CompleteMultipartUploadResult><ETag>\"0123456789abcdef0123456789abcdef-1\"</ETag></CompleteMultipartUploadResult>";

/// Nobody checks these: what they open is a server that keeps nothing.
fn credentials() -> String {
    let expiration = OffsetDateTime::now_utc() + Duration::hours(1);
    // Whole seconds of this era always have the form.
    let expiration = expiration
        .replace_nanosecond(0)
        .unwrap_or(expiration)
        .format(&Rfc3339)
        .unwrap_or_default();
    serde_json::json!({ "credentials": {
        "accessKeyId": super::ACCESS_KEY_ID,
        "secretAccessKey": super::SECRET_ACCESS_KEY,
        "sessionToken": super::session_token(),
        "expiration": expiration,
    }})
    .to_string()
}

fn with_body(kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nETag: \"0123456789abcdef0123456789abcdef\"\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
