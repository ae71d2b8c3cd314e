//! The HTTP interface of the IoT credentials provider.
//!
//! <https://docs.aws.amazon.com/iot/latest/developerguide/authorizing-direct-aws.html>

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use tracing::{debug, error};

use crate::body::{AnswerBody, RequestBody};
use crate::context::Context;
use crate::faults::{Problem, Service};
use crate::fingerprint::Fingerprint;
use crate::issued::Credentials;
use crate::json_answer::{self, CredentialsJson, json, refusal};
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
        let usual = usual(problem.status);
        self.stamp(json_answer::problem(problem, usual))
    }

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

    fn stamp(&self, response: Response<AnswerBody>) -> Response<AnswerBody> {
        json_answer::stamp(&self.context, response)
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
struct Success<'a> {
    credentials: CredentialsJson<'a>,
}

impl<'a> Success<'a> {
    fn of(credentials: &'a Credentials) -> Self {
        Self {
            credentials: CredentialsJson::of(credentials),
        }
    }
}
