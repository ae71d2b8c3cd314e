//! The one error of this crate: a small kind to act on, and a message for people.

use std::time::Duration;

/// What failed, on what and why.
///
/// `kind` is what a program acts on. `message` is for people and is never to be parsed; it
/// quotes at most short, cleaned pieces of what a server said and never a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The class of failure.
    pub kind: ErrorKind,
    /// One sentence: what failed, on what, why.
    pub message: String,
    /// The HTTP status, when a server answered.
    pub status: Option<u16>,
    /// The service's own error code, `NoSuchBucket` for instance.
    pub code: Option<String>,
    /// The service's id of the request, for a support case.
    pub request_id: Option<String>,
    /// How long the server asked to wait before the next attempt.
    pub retry_after: Option<Duration>,
    /// What to do about it: a command, or the setting to change.
    pub cure: Option<String>,
}

/// The classes of failure, one for each thing that a caller does differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The caller's own input is wrong; the same input fails again.
    InvalidInput,
    /// What was asked for is not something this version, or this server, can do.
    Unsupported,
    /// The service or the host cannot serve this right now.
    Unavailable,
    /// The caller is known and may not do this.
    Denied,
    /// The bucket, role alias or other object that was named does not exist.
    NotFound,
    /// Another operation on the same object was in the way.
    Conflict,
    /// A condition that the request carried (`If-None-Match`, `If-Match`) does not hold.
    PreconditionFailed,
    /// The credentials have expired or were withdrawn; new ones are needed.
    ExpiredCredentials,
    /// The device's clock is too far from the server's.
    ClockSkew,
    /// Too many requests; slow down.
    Throttled,
    /// The server failed by its own account (5xx).
    Server,
    /// The connection failed.
    Network,
    /// Nothing happened for too long.
    Timeout,
    /// The answer is not what the protocol allows.
    Protocol,
    /// The payload or an answer exceeds a limit.
    TooLarge,
    /// The bytes that arrived are not the bytes that were meant.
    Integrity,
    /// The source changed while it was being sent.
    SourceChanged,
    /// The user or the host stopped the job.
    Cancelled,
    /// A defect in the program itself.
    Internal,
}

impl Error {
    /// An error with nothing known beyond kind and message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            cure: None,
        }
    }

    /// The same error with advice on what to do next.
    #[must_use]
    pub fn with_cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }
}

impl ErrorKind {
    /// Whether the same request may well succeed a little later.
    ///
    /// `ExpiredCredentials` and `ClockSkew` are not transient: something has to change before
    /// a retry makes sense, which [`retry::Policy`](crate::retry::Policy) knows about.
    pub fn is_transient(self) -> bool {
        match self {
            Self::Unavailable
            | Self::Conflict
            | Self::Throttled
            | Self::Server
            | Self::Network
            | Self::Timeout
            | Self::Integrity => true,
            Self::InvalidInput
            | Self::Unsupported
            | Self::Denied
            | Self::NotFound
            | Self::PreconditionFailed
            | Self::ExpiredCredentials
            | Self::ClockSkew
            | Self::Protocol
            | Self::TooLarge
            | Self::SourceChanged
            | Self::Cancelled
            | Self::Internal => false,
        }
    }
}
