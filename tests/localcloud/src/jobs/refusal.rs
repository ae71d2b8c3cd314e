//! Why a request about jobs is refused.

use http::{Response, StatusCode};
use tracing::error;

use super::job::Status;
use crate::body::AnswerBody;
use crate::error::Error;
use crate::json_answer;
use crate::registry;

/// Why a request about jobs is refused. AWS documents the kinds; the texts are guesses.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The certificate does not speak for the thing.
    Device(registry::Refusal),
    /// No such job of the thing.
    NoSuchJob,
    /// The request is none.
    Request(&'static str),
    /// The job has another version.
    Version(u64),
    /// The job's status does not allow this one.
    State(Status),
    /// The job's file.
    Store(Error),
    /// Another path or method.
    UnknownOperation,
}

impl From<registry::Refusal> for Refusal {
    fn from(refusal: registry::Refusal) -> Self {
        Self::Device(refusal)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl Refusal {
    pub(super) fn response(&self) -> Response<AnswerBody> {
        let (status, kind, message) = match self {
            Self::Device(refusal) => (403, "ForbiddenException", refusal.to_string()),
            Self::NoSuchJob => (
                404,
                "ResourceNotFoundException",
                "The specified resource does not exist".to_owned(),
            ),
            Self::Request(what) => (400, "InvalidRequestException", (*what).to_owned()),
            Self::Version(version) => (
                409,
                "VersionMismatchException",
                format!("The version of the job execution is {version}"),
            ),
            Self::State(status) => (
                409,
                "InvalidStateTransitionException",
                format!("The job execution is {status:?}"),
            ),
            Self::Store(cause) => {
                error!(?cause, "a job cannot be read or written");
                (500, "InternalFailureException", cause.to_string())
            }
            Self::UnknownOperation => (404, "UnknownOperationException", String::new()),
        };
        let status = StatusCode::from_u16(status).unwrap_or_default();
        let message = (!message.is_empty()).then_some(message);
        json_answer::refusal(status, kind, message)
    }
}
