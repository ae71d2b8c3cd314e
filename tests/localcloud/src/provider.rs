//! The HTTP interface of the IoT credentials provider.
//!
//! <https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html>

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use tracing::{debug, error};

use crate::body::{AnswerBody, RequestBody, whole};
use crate::clock::iso_8601;
use crate::context::Context;
use crate::faults::{Problem, Service};
use crate::fingerprint::Fingerprint;
use crate::issued::Credentials;
use crate::listener::Handshakes;
use crate::operation::Operation;
use crate::registry::Refusal;

/// Answers `GET /role-aliases/{alias}/credentials`.
#[derive(Debug)]
pub(crate) struct Provider {
    context: Arc<Context>,
}

impl Service for Provider {
    fn operation(&self, _request: &Parts) -> Operation {
        Operation::GetCredentials
    }

    async fn call(
        &self,
        peer: Option<Fingerprint>,
        request: Request<RequestBody>,
    ) -> Response<AnswerBody> {
        let thing = request.headers().get("x-amzn-iot-thingname");
        let answer = match role_alias(&request) {
            None => Err(Failure::UnknownOperation),
            Some(alias) => self.credentials(peer, thing, &alias),
        };
        let response = match answer {
            Ok(credentials) => json(StatusCode::OK, &Success::of(&credentials)),
            Err(failure) => failure.response(),
        };
        self.stamp(response)
    }

    fn problem(&self, _method: &Method, problem: Problem<'_>) -> Response<AnswerBody> {
        let (usual, message) = usual(problem.status);
        let kind = problem.code.unwrap_or(usual);
        let mut response = refusal(problem.status, kind, Some(message.to_owned()));
        if let Some(seconds) = problem.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        self.stamp(response)
    }

    /// Who asks for credentials shows a certificate and has none yet.
    fn expire_credentials(&self, _request: &Parts) {}

    fn handshakes(&self) -> Handshakes<'_> {
        let counters = &self.context.counters;
        Handshakes {
            completed: &counters.provider_connections,
            failed: &counters.handshakes_failed,
        }
    }
}

impl Provider {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    fn credentials(
        &self,
        peer: Option<Fingerprint>,
        thing: Option<&HeaderValue>,
        alias: &str,
    ) -> Result<Credentials, Failure> {
        let certificate = peer.ok_or(Refusal::Certificate)?;
        let thing = thing
            .map(HeaderValue::to_str)
            .transpose()
            .map_err(|_| Refusal::ThingName)?;
        let ttl: Duration = self.context.registry.assume(certificate, thing, alias)?;
        let credentials = self
            .context
            .issued
            .issue(self.context.clock.now(), ttl)
            .map_err(Failure::Random)?;
        self.context.counters.credentials_issued.count();
        debug!(%certificate, thing, alias, ?credentials, "credentials issued");
        Ok(credentials)
    }

    /// What every response of AWS IoT carries.
    fn stamp(&self, mut response: Response<AnswerBody>) -> Response<AnswerBody> {
        let headers = response.headers_mut();
        let number = self.context.counters.answers.count();
        if let Ok(id) = HeaderValue::try_from(format!("00000000-0000-4000-8000-{number:012x}")) {
            headers.insert("x-amzn-requestid", id);
        }
        headers.insert(DATE, self.context.clock.http_date());
        response
    }
}

/// The role alias that a request names, or `None` for any other request.
fn role_alias(request: &Request<RequestBody>) -> Option<String> {
    let path = request.uri().path();
    let alias = path
        .strip_prefix("/role-aliases/")?
        .strip_suffix("/credentials")?;
    let whole = request.method() == Method::GET && !alias.is_empty() && !alias.contains('/');
    let decoded = percent_decode_str(alias).decode_utf8().ok()?;
    whole.then(|| decoded.into_owned())
}

#[derive(Debug)]
enum Failure {
    Refused(Refusal),
    UnknownOperation,
    Random(getrandom::Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Failure {
    fn response(&self) -> Response<AnswerBody> {
        let (status, kind) = self.status();
        let message = match self {
            Self::Refused(refusal) => {
                debug!(%refusal, "credentials refused");
                Some(refusal.to_string())
            }
            Self::UnknownOperation => None,
            Self::Random(cause) => {
                error!(%cause, "the system has no random numbers");
                Some("Internal failure".to_owned())
            }
        };
        refusal(status, kind, message)
    }

    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Refused(Refusal::Certificate | Refusal::ThingName | Refusal::Policy) => {
                (StatusCode::FORBIDDEN, "AccessDeniedException")
            }
            Self::Refused(Refusal::NoSuchRoleAlias) => {
                (StatusCode::NOT_FOUND, "ResourceNotFoundException")
            }
            Self::Refused(Refusal::Role | Refusal::Duration) => {
                (StatusCode::BAD_REQUEST, "InvalidRequestException")
            }
            Self::UnknownOperation => (StatusCode::NOT_FOUND, "UnknownOperationException"),
            Self::Random(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalFailureException",
            ),
        }
    }
}

fn refusal(status: StatusCode, kind: &str, message: Option<String>) -> Response<AnswerBody> {
    let mut response = json(status, &RefusalJson { message });
    if let Ok(kind) = HeaderValue::try_from(kind) {
        response.headers_mut().insert("x-amzn-errortype", kind);
    }
    response
}

/// The kind and message that AWS IoT has for a status when nothing more is known.
fn usual(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        403 => ("AccessDeniedException", "Access Denied"),
        404 => ("ResourceNotFoundException", "Not found"),
        429 => ("ThrottlingException", "Rate exceeded"),
        503 => ("ServiceUnavailableException", "Service unavailable"),
        400..=499 => ("InvalidRequestException", "Invalid request"),
        _ => ("InternalFailureException", "Internal failure"),
    }
}

#[derive(Serialize)]
struct RefusalJson {
    message: Option<String>,
}

#[derive(Serialize)]
struct Success<'a> {
    credentials: CredentialsJson<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialsJson<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expiration: String,
}

impl<'a> Success<'a> {
    fn of(credentials: &'a Credentials) -> Self {
        Self {
            credentials: CredentialsJson {
                access_key_id: &credentials.access_key_id,
                secret_access_key: &credentials.secret_access_key,
                session_token: &credentials.session_token,
                expiration: iso_8601(credentials.expiration),
            },
        }
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<AnswerBody> {
    // Strings and nothing else: this serialisation has no way to fail.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(whole(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
