//! Answers of the services that speak JSON, which are all but S3.

use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::body::{AnswerBody, whole};
use crate::clock::iso_8601;
use crate::context::Context;
use crate::faults::Problem;
use crate::issued::Credentials;

/// An answer with a body.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<AnswerBody> {
    // Strings and numbers and nothing else: this serialisation has no way to fail.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(whole(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An error by its kind, such as `AccessDeniedException`.
pub(crate) fn refusal(
    status: StatusCode,
    kind: &str,
    message: Option<String>,
) -> Response<AnswerBody> {
    let mut response = json(status, &RefusalJson { message });
    if let Ok(kind) = HeaderValue::try_from(kind) {
        response.headers_mut().insert("x-amzn-errortype", kind);
    }
    response
}

/// An error on purpose. `usual` is the kind and the message that the service has for the status
/// when nothing more is known.
pub(crate) fn problem(
    problem: Problem<'_>,
    usual: (&'static str, &'static str),
) -> Response<AnswerBody> {
    let (kind, message) = usual;
    let kind = problem.code.unwrap_or(kind);
    let mut response = refusal(problem.status, kind, Some(message.to_owned()));
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// Adds what every response carries.
pub(crate) fn stamp(context: &Context, mut response: Response<AnswerBody>) -> Response<AnswerBody> {
    let headers = response.headers_mut();
    let number = context.counters.answers.count();
    if let Ok(id) = HeaderValue::try_from(format!("00000000-0000-4000-8000-{number:012x}")) {
        headers.insert("x-amzn-requestid", id);
    }
    headers.insert(DATE, context.clock.http_date());
    response
}

#[derive(Serialize)]
struct RefusalJson {
    message: Option<String>,
}

/// Temporary credentials.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CredentialsJson<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expiration: String,
}

impl<'a> CredentialsJson<'a> {
    pub(crate) fn of(credentials: &'a Credentials) -> Self {
        Self {
            access_key_id: &credentials.access_key_id,
            secret_access_key: &credentials.secret_access_key,
            session_token: &credentials.session_token,
            expiration: iso_8601(credentials.expiration),
        }
    }
}
