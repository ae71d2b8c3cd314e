//! What the answers of credentials providers have in common.

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::Credentials;
use crate::clock;
use crate::error::{Error, ErrorKind};
use crate::response::Response;

/// Expirations outside of these years are damage, not dates: seconds since 1970 of the starts
/// of 2015, when the oldest of the services did not exist yet, and of 2100.
const PLAUSIBLE: std::ops::Range<i64> = 1_420_070_400..4_102_444_800;

/// Credentials, in the words that both providers use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answered {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    session_token: Zeroizing<String>,
    expiration: String,
}

impl Answered {
    /// The credentials, or what is wrong with them.
    pub(super) fn accept(self) -> Result<Credentials, String> {
        let expiration = clock::rfc3339(&self.expiration)
            .filter(|seconds| PLAUSIBLE.contains(seconds))
            .and_then(|seconds| u64::try_from(seconds).ok())
            .ok_or("its expiration is not a plausible date")?;
        Credentials::new(
            self.access_key_id,
            self.secret_access_key.as_str().to_owned(),
            Some(self.session_token.as_str().to_owned()),
            Some(expiration),
        )
        .map_err(|error| error.message)
    }
}

/// The JSON of an answer, or where it is wrong. The parser's own words quote the value, which may
/// be a secret.
pub(super) fn read<T: DeserializeOwned>(response: &Response) -> Result<T, String> {
    serde_json::from_slice(response.body()).map_err(|error| describe(&error))
}

fn describe(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a field is missing, doubled or of the wrong type",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// What a provider says when it refuses.
pub(super) struct Refusal {
    /// Its sentence; empty if it says nothing.
    pub(super) message: String,
    /// The type of error, `AccessDeniedException` for instance.
    pub(super) code: Option<String>,
    pub(super) kind: ErrorKind,
}

#[derive(Deserialize)]
struct Said {
    #[serde(alias = "Message")]
    message: String,
}

impl Refusal {
    pub(super) fn of(response: &Response) -> Self {
        let said: Option<Said> = serde_json::from_slice(response.body()).ok();
        let code = response.error_type();
        Self {
            message: said.map(|said| said.message).unwrap_or_default(),
            kind: classify(response.status(), code.as_deref()),
            code,
        }
    }
}

/// An error with what the answer tells beside its words.
pub(super) fn answered(error: Error, response: &Response) -> Error {
    Error {
        status: Some(response.status().as_u16()),
        request_id: response.identifier("x-amzn-requestid"),
        retry_after: response.retry_after(),
        ..error
    }
}

fn classify(status: StatusCode, code: Option<&str>) -> ErrorKind {
    if status == StatusCode::TOO_MANY_REQUESTS
        || code.is_some_and(|code| code.starts_with("Throttl"))
    {
        return ErrorKind::Throttled;
    }
    match status.as_u16() {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        408 => ErrorKind::Timeout,
        400..=499 => ErrorKind::InvalidInput,
        503 => ErrorKind::Unavailable,
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::Protocol,
    }
}
