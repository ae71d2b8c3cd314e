//! Why a component could not be loaded, and why a call of it did not work.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sealift_network::{ConnectError, NetworkError, Stalled, TlsFailure};
use sealift_payload::{SourceError, SpoolError};
use sealift_state::JournalError;

use super::{Answer, ErrorKind};

/// Why a component cannot be used here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The engine itself, which no component is to blame for.
    #[error("cannot start the WebAssembly engine")]
    Engine(#[source] wasmtime::Error),
    /// No thread for the epoch.
    #[error("cannot start the thread that interrupts computing components")]
    Ticker(#[source] io::Error),
    /// Not WebAssembly, a core module, or one that needs features this host lacks.
    #[error("not a WebAssembly component that this host can compile")]
    NotAComponent(#[source] wasmtime::Error),
    /// It asks for something that the host does not offer.
    #[error("the component imports what this host does not offer")]
    Imports(#[source] wasmtime::Error),
    /// It does not implement our world.
    #[error("the component does not export the world `sealift:gateway/uploader`")]
    Exports(#[source] wasmtime::Error),
}

/// Why a call of a component gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The component worked, and answered with an error.
    #[error("{}", .answer.message)]
    Answered {
        /// What it said.
        answer: Box<Answer>,
        /// What the host saw of it, where that tells more.
        #[source]
        cause: Option<Cause>,
    },
    /// It got no credentials to work with.
    #[error("cannot get credentials")]
    NoCredentials(#[source] Arc<CallError>),
    /// The configuration has no place to upload to.
    #[error("cannot tell where to upload to")]
    NoStore(#[source] Box<sealift_config::Error>),
    /// The journal of the upload is another's or damaged.
    #[error("cannot tell how far the upload got before")]
    Journal(#[source] JournalError),
    /// Too many attempts of all jobs of this process failed.
    #[error("the retry quota of this process is used up; the latest failure: {reason}")]
    RetriesSpent {
        /// Why the attempt failed after which there was no other.
        reason: String,
        /// What the host saw of it.
        #[source]
        cause: Option<Cause>,
    },
    /// It claims an upload, and the host did not see the bytes go out and be answered.
    #[error(
        "the component reports an upload that the host did not see; the object may be missing or incomplete"
    )]
    Unconfirmed,
    /// It computed for longer than it may.
    #[error(
        "the component used more than {limit:?} of computing time and was ended (`sandbox.cpu_time` sets the limit)"
    )]
    OutOfTime {
        /// The limit.
        limit: Duration,
    },
    /// It asked for more memory than it may have.
    #[error(
        "the component needs more than {limit} bytes of memory and was ended (`sandbox.memory` sets the limit)"
    )]
    OutOfMemory {
        /// The limit in bytes.
        limit: usize,
    },
    /// It did not end in the time that it was given.
    #[error("not uploaded within {limit:?}, the deadline")]
    Overdue {
        /// The deadline.
        limit: Duration,
    },
    /// Nothing happened for too long.
    #[error("the component did nothing for {limit:?} and was ended")]
    Stalled {
        /// The limit.
        limit: Duration,
    },
    /// An answer of a service came, and whoever it is for does not take it in.
    #[error("cannot hand on the service's answer")]
    NotTaken(#[source] io::Error),
    /// A defect in the component: it panicked or broke a rule of the contract.
    #[error("the component failed and was ended: {0}")]
    Trapped(String),
}

/// What the host saw while the component only learned that something went wrong.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// A request failed.
    #[error(transparent)]
    Network(Arc<NetworkError>),
    /// The bytes to send were not there or were not the same any more.
    #[error(transparent)]
    Source(Arc<SourceError>),
    /// The stream to send could not be taken up to its end.
    #[error(transparent)]
    Stream(Arc<SpoolError>),
}

impl CallError {
    /// The host's own refusal, in the contract's terms.
    pub(crate) fn refused(answer: Answer) -> Self {
        Self::Answered {
            answer: Box::new(answer),
            cause: None,
        }
    }

    /// What kind of error it is: the component's word, or `internal` where it gave none.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Answered { answer, .. } => answer.kind,
            Self::NoCredentials(error) => error.kind(),
            Self::Journal(JournalError::Busy { .. }) => ErrorKind::Conflict,
            Self::RetriesSpent { .. } => ErrorKind::Unavailable,
            Self::Overdue { .. } => ErrorKind::Timeout,
            _ => ErrorKind::Internal,
        }
    }

    /// Whether another job of the same gateway would meet the same fate: nothing is wrong with the
    /// object, but with the way to AWS or with the component.
    pub fn reach(&self) -> Reach {
        match self {
            Self::NoCredentials(_) | Self::NoStore(_) | Self::RetriesSpent { .. } => Reach::All,
            Self::Answered { cause, answer } => match cause {
                Some(Cause::Network(error)) => reach_of(error),
                Some(Cause::Source(_) | Cause::Stream(_)) => Reach::One,
                None => match answer.kind {
                    ErrorKind::ExpiredCredentials => Reach::All,
                    ErrorKind::Network | ErrorKind::Timeout | ErrorKind::Unavailable => {
                        Reach::Perhaps(Trouble::Unreachable)
                    }
                    ErrorKind::Denied => Reach::Perhaps(Trouble::Refused {
                        code: answer.code.clone().unwrap_or_default(),
                    }),
                    _ => Reach::One,
                },
            },
            _ => Reach::One,
        }
    }

    /// What the host saw of it.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Answered { cause, .. } | Self::RetriesSpent { cause, .. } => cause.as_ref(),
            Self::NoCredentials(error) => error.cause(),
            _ => None,
        }
    }

    /// The HTTP status that a service answered with, if it answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { answer, .. } => answer.status,
            Self::NoCredentials(error) => error.status(),
            _ => None,
        }
    }

    /// Whether the same call may work later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        match self.kind() {
            ErrorKind::Network
            | ErrorKind::Timeout
            | ErrorKind::Throttled
            | ErrorKind::Server
            | ErrorKind::Unavailable
            | ErrorKind::Conflict
            | ErrorKind::SourceChanged => {
                // The host saw more than the component did.
                self.cause().is_none_or(Cause::is_transient)
            }
            _ => false,
        }
    }

    /// How long the service asked to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answered { answer, .. } => answer.retry_after.map(Duration::from_millis),
            Self::NoCredentials(error) => error.retry_after(),
            _ => None,
        }
    }

    /// What to do next, where that is known.
    pub fn cure(&self) -> Option<&str> {
        match self {
            Self::Answered { answer, .. } => answer.cure.as_deref(),
            Self::NoCredentials(error) => error.cure(),
            Self::RetriesSpent { .. } => {
                Some("the network or the service is in trouble: try again later")
            }
            Self::Overdue { .. } => Some(
                "the same upload of a file goes on where this one ended; `--deadline` gives it more time",
            ),
            _ => None,
        }
    }
}

/// The trap of an instance that wants to try again when no job of the process may.
#[derive(Debug, thiserror::Error)]
#[error("no retry is left")]
pub(super) struct RetriesSpent(pub(super) String);

/// The end of an instance whose answer nobody takes in.
#[derive(Debug, thiserror::Error)]
#[error("the answer is not taken in")]
pub(super) struct NotTaken(#[source] pub(super) io::Error);

/// Whom what went wrong for one object concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This object.
    One,
    /// Every object of the same gateway.
    All,
    /// All of them, if it happens again and again.
    Perhaps(Trouble),
}

/// What may be wrong for all objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The way to the store, now; or one transfer that stood still.
    Unreachable,
    /// The store does not let this role do it: at all, or with this object.
    Refused {
        /// The store's word for it; empty if it has none.
        code: String,
    },
}

/// What cannot get better by itself is wrong for whatever goes the same way, and what may is perhaps
/// wrong for one connection only.
fn reach_of(error: &NetworkError) -> Reach {
    match error {
        NetworkError::Body { .. }
        | NetworkError::ResponseTooLarge { .. }
        | NetworkError::IdleTimeout {
            stalled: Stalled::Source,
            ..
        } => Reach::One,
        error if error.is_transient() => Reach::Perhaps(Trouble::Unreachable),
        NetworkError::Protocol { .. } => Reach::Perhaps(Trouble::Unreachable),
        _ => Reach::All,
    }
}

impl Cause {
    /// Whether a clock that is wrong would explain it.
    pub(super) fn suspects_clock(&self) -> bool {
        matches!(
            self,
            Self::Network(error) if matches!(
                **error,
                NetworkError::Connect(ConnectError::Tls {
                    source: TlsFailure::Expired(_) | TlsFailure::NotYetValid(_),
                    ..
                })
            )
        )
    }

    /// Whether the same may well work in a while.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Network(error) => error.is_transient(),
            Self::Source(error) => matches!(**error, SourceError::Changed { .. }),
            Self::Stream(_) => false,
        }
    }
}

impl Answer {
    /// An answer to a component that carries nothing but its kind and a message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            cure: None,
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
        }
    }
}
