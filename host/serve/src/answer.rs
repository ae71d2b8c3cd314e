//! What is answered.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use zeroize::Zeroizing;

/// An answer, whole.
pub(crate) type Answer = Response<Full<Bytes>>;

/// Why there is none of what was asked for. SDKs print code and message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: StatusCode,
    /// One of few, since refusals are counted by it.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// The method that is possible, if another was tried.
    pub(crate) allow: Option<&'static str>,
}

#[derive(Serialize)]
struct RefusedBody<'a> {
    code: &'a str,
    message: &'a str,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            allow: None,
        }
    }

    /// Another method than the one that is possible.
    pub(crate) fn method(allow: &'static str) -> Self {
        let message = format!("only {allow} is possible here");
        let refused = Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
        Self {
            allow: Some(allow),
            ..refused
        }
    }

    /// As JSON.
    pub(crate) fn answer(&self) -> Answer {
        let body = RefusedBody {
            code: self.code,
            message: &self.message,
        };
        let mut answer = json(&body);
        *answer.status_mut() = self.status;
        if let Some(allow) = self.allow {
            let allow = HeaderValue::from_static(allow);
            answer.headers_mut().insert(ALLOW, allow);
        }
        answer
    }
}

/// JSON, which may hold secrets: its bytes are wiped when they were sent. (hyper has them in a buffer of its
/// own for a moment, which is not.)
pub(crate) fn json(value: &impl Serialize) -> Answer {
    // Room enough for credentials, so that no copies of it stay behind.
    let mut body = Zeroizing::new(Vec::with_capacity(ROOM));
    match serde_json::to_writer(&mut *body, value) {
        Ok(()) => whole("application/json", Bytes::from_owner(body)),
        Err(error) => {
            // Only a map with keys that are no strings could fail.
            tracing::error!(%error, "cannot write an answer");
            let mut answer = text("cannot write the answer\n");
            *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            answer
        }
    }
}

/// In bytes: session tokens of 64 KiB and what stands around them.
const ROOM: usize = 72 * 1024;

pub(crate) fn text(text: impl Into<String>) -> Answer {
    whole("text/plain; charset=utf-8", text.into().into())
}

pub(crate) fn whole(content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
