//! The HTTP interface for devices.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::debug;

use super::job::{Job, Status};
use super::refusal::Refusal;
use super::request::{Start, Target, Update, check, with_document};
use super::store::Store;
use crate::body::{AnswerBody, RequestBody};
use crate::context::Context;
use crate::error::Error;
use crate::faults::{Problem, Service};
use crate::fingerprint::Fingerprint;
use crate::json_answer::{self, json};
use crate::listener::Handshakes;
use crate::operation::Operation;

/// A request's body is no longer, in bytes.
const LONGEST_BODY: usize = 64 * 1024;

/// Answers the three requests about jobs.
#[derive(Debug)]
pub(crate) struct Jobs {
    context: Arc<Context>,
    store: Store,
}

impl Service for Jobs {
    fn operation(&self, request: &Parts) -> Operation {
        Target::of(request).map_or(Operation::Unknown, |target| {
            target.operation(&request.method)
        })
    }

    async fn call(
        &self,
        peer: Option<Fingerprint>,
        request: Request<RequestBody>,
    ) -> Response<AnswerBody> {
        let (parts, body) = request.into_parts();
        let answer = match Limited::new(body, LONGEST_BODY).collect().await {
            Ok(body) => self.answer(peer, &parts, &body.to_bytes()),
            Err(_) => Err(Refusal::Request(
                "The request body is too long, or broke off",
            )),
        };
        let response = answer.unwrap_or_else(|refusal| {
            debug!(?refusal, "a request about jobs is refused");
            refusal.response()
        });
        json_answer::stamp(&self.context, response)
    }

    fn problem(&self, _method: &Method, problem: Problem<'_>) -> Response<AnswerBody> {
        let usual = match problem.status.as_u16() {
            403 => ("ForbiddenException", "Forbidden"),
            404 => ("ResourceNotFoundException", "Not found"),
            409 => ("InvalidStateTransitionException", "Conflict"),
            429 => ("ThrottlingException", "Rate exceeded"),
            503 => ("ServiceUnavailableException", "Service unavailable"),
            400..=499 => ("InvalidRequestException", "Invalid request"),
            _ => ("InternalFailureException", "Internal failure"),
        };
        json_answer::stamp(&self.context, json_answer::problem(problem, usual))
    }

    fn handshakes(&self) -> Handshakes<'_> {
        let counters = &self.context.counters;
        Handshakes {
            completed: &counters.jobs_connections,
            failed: &counters.handshakes_failed,
        }
    }
}

impl Jobs {
    pub(crate) fn open(dir: &Path, context: Arc<Context>) -> Result<Self, Error> {
        let store = Store::open(dir)?;
        Ok(Self { context, store })
    }

    fn answer(
        &self,
        peer: Option<Fingerprint>,
        request: &Parts,
        body: &[u8],
    ) -> Result<Response<AnswerBody>, Refusal> {
        let target = Target::of(request).ok_or(Refusal::UnknownOperation)?;
        let operation = target.operation(&request.method);
        let Target { thing, job } = target;
        let certificate = peer.ok_or(crate::registry::Refusal::Certificate)?;
        self.context.registry.speaks_for(certificate, &thing)?;
        match (operation, job) {
            (Operation::DescribeJobExecution, job) => {
                self.describe(&thing, job, with_document(request))
            }
            (Operation::StartNextPendingJobExecution, _) => self.start(&thing, parse(body)?),
            (Operation::UpdateJobExecution, Some(job)) => self.update(&thing, &job, parse(body)?),
            _ => Err(Refusal::UnknownOperation),
        }
    }

    fn describe(
        &self,
        thing: &str,
        job: Option<String>,
        with_document: bool,
    ) -> Result<Response<AnswerBody>, Refusal> {
        let found = match job {
            None => self.store.next(thing)?,
            Some(id) => {
                let job = self.store.get(&id)?.filter(|job| job.thing == thing);
                Some((id, job.ok_or(Refusal::NoSuchJob)?))
            }
        };
        Ok(execution(found.as_ref(), with_document))
    }

    fn start(&self, thing: &str, start: Start) -> Result<Response<AnswerBody>, Refusal> {
        check(start.status_details.as_ref())?;
        let Some((id, _)) = self.store.next(thing)? else {
            return Ok(execution(None, true));
        };
        let started = self.store.change(&id, |job| {
            let mut job = job.ok_or(Refusal::NoSuchJob)?;
            // One that has begun already stays as it is.
            if job.status == Status::Queued {
                job.status = Status::InProgress;
                job.version_number += 1;
                job.status_details = start.status_details.unwrap_or(job.status_details);
            }
            Ok::<_, Refusal>((job.clone(), job))
        })?;
        Ok(execution(Some(&(id, started)), true))
    }

    fn update(
        &self,
        thing: &str,
        id: &str,
        update: Update,
    ) -> Result<Response<AnswerBody>, Refusal> {
        check(update.status_details.as_ref())?;
        if !update.status.is_a_devices() {
            return Err(Refusal::Request("Invalid status"));
        }
        self.store.change(id, |job| {
            let job = job.filter(|job| job.thing == thing);
            let mut job = job.ok_or(Refusal::NoSuchJob)?;
            if !job.status.is_pending() {
                return Err(Refusal::State(job.status));
            }
            if update
                .expected_version
                .is_some_and(|it| it != job.version_number)
            {
                return Err(Refusal::Version(job.version_number));
            }
            job.status = update.status;
            job.version_number += 1;
            job.status_details = update.status_details.unwrap_or(job.status_details);
            Ok((job, ()))
        })?;
        Ok(json(StatusCode::OK, &BTreeMap::<String, String>::new()))
    }
}

/// A body of JSON, or none.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|_| Refusal::Request("Invalid request body"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExecutionJson<'a> {
    job_id: &'a str,
    thing_name: &'a str,
    status: Status,
    status_details: &'a BTreeMap<String, String>,
    queued_at: u64,
    version_number: u64,
    execution_number: u64,
    /// JSON as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_document: Option<String>,
}

#[derive(Serialize)]
struct Described<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    execution: Option<ExecutionJson<'a>>,
}

fn execution(found: Option<&(String, Job)>, with_document: bool) -> Response<AnswerBody> {
    let execution = found.map(|(id, job)| ExecutionJson {
        job_id: id,
        thing_name: &job.thing,
        status: job.status,
        status_details: &job.status_details,
        queued_at: job.queued_at,
        version_number: job.version_number,
        execution_number: 1,
        job_document: with_document.then(|| job.document.to_string()),
    });
    json(StatusCode::OK, &Described { execution })
}
