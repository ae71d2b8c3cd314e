//! What stands before a service and lets faults happen.

use std::sync::Arc;

use http::header::DATE;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use tokio::time::sleep;
use tracing::{debug, error};

use super::answer;
use super::kind::{Kind, Problem};
use super::replay::Replays;
use crate::body::{AnswerBody, RequestBody};
use crate::context::Context;
use crate::fingerprint::Fingerprint;
use crate::listener::{Cut, Handler, Handshakes};
use crate::operation::Operation;

/// What answers requests when nothing goes wrong.
pub(crate) trait Service: Send + Sync + 'static {
    /// The operation that a request asks for.
    fn operation(&self, request: &Parts) -> Operation;

    /// Answers one request; `peer` is the certificate that the client proved to own.
    fn call(
        &self,
        peer: Option<Fingerprint>,
        request: Request<RequestBody>,
    ) -> impl Future<Output = Response<AnswerBody>> + Send;

    /// An error in this service's words, for a request with this method.
    fn problem(&self, method: &Method, problem: Problem<'_>) -> Response<AnswerBody>;

    /// Lets the credentials expire that a request is signed with. Who asks for credentials has none
    /// yet.
    fn expire_credentials(&self, _request: &Parts) {}

    /// What counts handshakes.
    fn handshakes(&self) -> Handshakes<'_>;
}

/// A service whose requests meet the faults of the cloud's [`Plan`](super::Plan).
pub(crate) struct Faulty<S> {
    service: S,
    context: Arc<Context>,
    replays: Replays,
}

impl<S: Service> Handler for Faulty<S> {
    async fn handle(
        &self,
        peer: Option<Fingerprint>,
        request: Request<Incoming>,
    ) -> Result<Response<AnswerBody>, Cut> {
        let (parts, incoming) = request.into_parts();
        let operation = self.service.operation(&parts);
        self.context.counters.requests(operation).count();
        let body = RequestBody::new(incoming, &parts, operation, Arc::clone(&self.context));
        let call = Call {
            peer,
            parts,
            body,
            operation,
        };
        match self.context.faults.next(operation) {
            None => Ok(self.carry_out(call).await),
            Some(fault) => {
                debug!(%operation, %fault, "a request meets a fault");
                self.context.counters.faults.count();
                self.go_wrong(call, fault).await
            }
        }
    }

    fn handshakes(&self) -> Handshakes<'_> {
        self.service.handshakes()
    }
}

/// A request on its way.
struct Call {
    peer: Option<Fingerprint>,
    parts: Parts,
    body: RequestBody,
    operation: Operation,
}

impl<S: Service> Faulty<S> {
    pub(crate) fn new(service: S, context: Arc<Context>) -> Self {
        Self {
            service,
            context,
            replays: Replays::default(),
        }
    }

    async fn carry_out(&self, call: Call) -> Response<AnswerBody> {
        let Call {
            peer,
            parts,
            body,
            operation,
        } = call;
        let uri = parts.uri.clone();
        let answer = self
            .service
            .call(peer, Request::from_parts(parts, body))
            .await;
        // Who got this far signed well, and completes an upload that is not there any more.
        let is_repeated = operation == Operation::CompleteMultipartUpload
            && answer.status() == StatusCode::NOT_FOUND;
        let before = is_repeated.then(|| self.replays.find(&uri)).flatten();
        before.unwrap_or(answer)
    }

    async fn go_wrong(&self, call: Call, fault: Kind) -> Result<Response<AnswerBody>, Cut> {
        let method = call.parts.method.clone();
        let problem = |problem| self.service.problem(&method, problem);
        match fault {
            Kind::Status(error) => {
                call.body.discard().await;
                Ok(problem(error.problem()))
            }
            Kind::Reset(bytes) => {
                call.body.skip(bytes.0).await;
                Err(Cut::Reset)
            }
            Kind::Stall { time, bytes } => {
                call.body.skip(bytes.0).await;
                sleep(time.get()).await;
                Err(Cut::Close)
            }
            Kind::Slow(time) => {
                let answer = self.carry_out(call).await;
                sleep(time.get()).await;
                Ok(answer)
            }
            Kind::Truncate => match self.carry_out(call).await {
                answer if has_no_body(&method, answer.status()) => Err(Cut::Close),
                answer => Ok(answer::truncated(answer)),
            },
            Kind::ErrorIn200 { code } => {
                call.body.discard().await;
                let error = problem(Problem {
                    code: code.as_ref().map(super::values::Code::as_str),
                    ..Problem::INTERNAL
                });
                answer::error_in_200(error)
                    .await
                    .map_err(|cause| broken(&*cause))
            }
            Kind::ExpiredToken => {
                call.body.discard().await;
                self.service.expire_credentials(&call.parts);
                Ok(problem(Problem::EXPIRED_TOKEN))
            }
            Kind::Lost => {
                self.carry_out(call).await;
                Err(Cut::Close)
            }
            Kind::LateError(error) => {
                self.carry_out(call).await;
                Ok(problem(error.problem()))
            }
            Kind::Repeat => {
                let uri = call.parts.uri.clone();
                let answer = self.carry_out(call).await;
                self.keep(uri, answer, problem(Problem::INTERNAL)).await
            }
            Kind::Corrupt => {
                let answer = self.carry_out(call).await;
                answer::corrupted(answer)
                    .await
                    .map_err(|cause| broken(&*cause))
            }
            Kind::Skew(offset) => {
                let mut answer = self.carry_out(call).await;
                let date = self.context.clock.ahead(offset).http_date();
                answer.headers_mut().insert(DATE, date);
                Ok(answer)
            }
        }
    }

    /// Keeps a success for the request's repetition, and answers an error now.
    async fn keep(
        &self,
        uri: Uri,
        answer: Response<AnswerBody>,
        error: Response<AnswerBody>,
    ) -> Result<Response<AnswerBody>, Cut> {
        if !answer.status().is_success() {
            return Ok(answer);
        }
        self.replays
            .keep(uri, answer)
            .await
            .map_err(|cause| broken(&*cause))?;
        Ok(error)
    }
}

/// RFC 9110, section 6.4.1.
fn has_no_body(method: &Method, status: StatusCode) -> bool {
    method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn broken(cause: &(dyn std::error::Error + Send + Sync)) -> Cut {
    error!(%cause, "an answer could not be read to make a fault of it");
    Cut::Close
}
