//! The HTTP interface of Roles Anywhere.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use rustls::time_provider::TimeProvider as _;
use rustls_pki_types::TrustAnchor;
use tokio::time::timeout;
use tracing::{debug, error};

use super::account::Account;
use super::answer::Session;
use super::authorization::Authorization;
use super::canonical::hashed_canonical_request;
use super::certificate::{Identity, Presented};
use super::refusal::{CertificateFault, Refusal, ValidationFault};
use super::session::SessionRequest;
use crate::body::{AnswerBody, RequestBody};
use crate::context::Context;
use crate::faults::{Problem, Service};
use crate::fingerprint::Fingerprint;
use crate::issued::Credentials;
use crate::json_answer::{self, json, refusal};
use crate::listener::Handshakes;
use crate::operation::Operation;

/// Answers `POST /sessions`.
pub(crate) struct Sessions {
    context: Arc<Context>,
    account: Arc<Account>,
    anchor: TrustAnchor<'static>,
}

/// A body has a few short parameters.
const MAX_BODY_BYTES: usize = 64 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Where a refusal says what AWS keeps to itself.
const REASON: &str = "x-localcloud-reason";

impl Service for Sessions {
    fn operation(&self, _request: &Parts) -> Operation {
        Operation::CreateSession
    }

    async fn call(
        &self,
        _peer: Option<Fingerprint>,
        request: Request<RequestBody>,
    ) -> Response<AnswerBody> {
        let (request, body) = request.into_parts();
        let response = if request.method == Method::POST && request.uri.path() == "/sessions" {
            match self.create_session(&request, body).await {
                Ok(response) => response,
                Err(failure) => failure.response(),
            }
        } else {
            refusal(StatusCode::NOT_FOUND, "UnknownOperationException", None)
        };
        json_answer::stamp(&self.context, response)
    }

    fn problem(&self, _method: &Method, problem: Problem<'_>) -> Response<AnswerBody> {
        let response = json_answer::problem(problem, usual(problem.status));
        json_answer::stamp(&self.context, response)
    }

    fn handshakes(&self) -> Handshakes<'_> {
        let counters = &self.context.counters;
        Handshakes {
            completed: &counters.roles_anywhere_connections,
            failed: &counters.handshakes_failed,
        }
    }
}

impl Sessions {
    /// `anchor` is what the trust anchor's certificate says.
    pub(crate) fn new(
        context: Arc<Context>,
        account: Arc<Account>,
        anchor: TrustAnchor<'static>,
    ) -> Self {
        Self {
            context,
            account,
            anchor,
        }
    }

    async fn create_session(
        &self,
        request: &Parts,
        body: RequestBody,
    ) -> Result<Response<AnswerBody>, Failure> {
        let body = read(body).await?;
        let (asked, identity, duration) = self.judge(request, &body)?;
        let credentials = self.issue(duration)?;
        debug!(?identity, ?asked, ?credentials, "session created");
        let session = Session::of(&asked, &identity, &credentials);
        Ok(json(StatusCode::CREATED, &session))
    }

    /// What a request asks for, who asks, and for how long it gets it. As on AWS, the signature
    /// is looked at before the path to the trust anchor.
    fn judge(
        &self,
        request: &Parts,
        body: &[u8],
    ) -> Result<(SessionRequest, Identity, Duration), Refusal> {
        let asked = SessionRequest::of(request, body)?;
        let authorization = Authorization::of(&request.headers)?;
        let presented = Presented::of(&request.headers)?;
        let identity = presented.identity()?;
        let clock = &self.context.clock;
        authorization.check(&identity.serial, &request.headers, clock.now())?;
        let hash = hashed_canonical_request(request, authorization.signed_headers(), body)?;
        let message = authorization.string_to_sign(&request.headers, &hash)?;
        presented.verify_signature(
            authorization.algorithm,
            message.as_bytes(),
            &authorization.signature,
        )?;
        self.account.trust_anchor(&asked)?;
        let now = clock.current_time().ok_or(CertificateFault::NotYetValid)?;
        presented.verify_path(&self.anchor, now)?;
        let duration = self.account.assume(&asked)?;
        Ok((asked, identity, duration))
    }

    fn issue(&self, duration: Duration) -> Result<Credentials, Failure> {
        let now = self.context.clock.now();
        let credentials = self
            .context
            .issued
            .issue(now, duration)
            .map_err(Failure::Random)?;
        self.context.counters.credentials_issued.count();
        Ok(credentials)
    }
}

/// The whole body, if it is a short one.
async fn read(body: RequestBody) -> Result<Bytes, Refusal> {
    let limited = Limited::new(body.clone(), MAX_BODY_BYTES);
    if let Ok(Ok(body)) = timeout(BODY_TIMEOUT, limited.collect()).await {
        return Ok(body.to_bytes());
    }
    body.discard().await;
    Err(ValidationFault::BodyTooLong.into())
}

#[derive(Debug)]
enum Failure {
    Refused(Refusal),
    Random(getrandom::Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Failure {
    fn response(&self) -> Response<AnswerBody> {
        match self {
            Self::Refused(reason) => {
                debug!(%reason, "session refused");
                let (status, kind, message) = reason.words();
                let mut response = refusal(status, kind, Some(message));
                if let Ok(reason) = HeaderValue::try_from(reason.to_string()) {
                    response.headers_mut().insert(REASON, reason);
                }
                response
            }
            Self::Random(cause) => {
                error!(%cause, "the system has no random numbers");
                let (kind, message) = usual(StatusCode::INTERNAL_SERVER_ERROR);
                refusal(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    kind,
                    Some(message.to_owned()),
                )
            }
        }
    }
}

/// The kind and message for a status when nothing more is known: guesses, in the manner of AWS's
/// other services.
fn usual(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        403 => ("AccessDeniedException", "Access denied"),
        404 => ("ResourceNotFoundException", "Not found"),
        429 => ("ThrottlingException", "Rate exceeded"),
        503 => ("ServiceUnavailableException", "Service unavailable"),
        400..=499 => ("ValidationException", "Invalid request"),
        _ => ("InternalServerException", "Internal server error"),
    }
}
