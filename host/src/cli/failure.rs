//! Why a command did not do what it was asked for, and what its caller learns of it.

use std::error::Error;
use std::sync::Arc;

use sealift::gateway::{OpenError, UnknownRole};
use sealift::put::PlanError;
use sealift::sandbox::CallError;

/// What the process ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ExitStatus {
    /// A temporary failure worth trying again later (`EX_TEMPFAIL` of sysexits.h).
    TryLater = 75,
    /// The work failed, and will fail again until something changes.
    Failed = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// The program to run is there, and cannot be executed (POSIX, "Exit Status for Commands").
    NotExecutable = 126,
    /// The program to run was not found (the same).
    NotFound = 127,
}

/// An error on its way to the user.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: ExitStatus,
    pub(crate) error: Box<dyn Error + Send + Sync>,
    /// What to do next.
    pub(crate) cure: Option<String>,
}

impl Failure {
    pub(crate) fn new(status: ExitStatus, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            status,
            error: error.into(),
            cure: None,
        }
    }

    pub(crate) fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(ExitStatus::Failed, error)
    }
}

impl From<sealift_config::Error> for Failure {
    fn from(error: sealift_config::Error) -> Self {
        Self::new(ExitStatus::Usage, error)
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        let status = if error.is_usage() {
            ExitStatus::Usage
        } else {
            ExitStatus::Failed
        };
        Self::new(status, error)
    }
}

impl From<UnknownRole> for Failure {
    fn from(error: UnknownRole) -> Self {
        Self::new(ExitStatus::Usage, error)
    }
}

impl From<sealift_serve::Error> for Failure {
    fn from(error: sealift_serve::Error) -> Self {
        Self::failed(error)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let status = if error.is_configuration() {
            ExitStatus::Usage
        } else {
            ExitStatus::Failed
        };
        Self::new(status, error)
    }
}

impl From<Arc<CallError>> for Failure {
    fn from(error: Arc<CallError>) -> Self {
        Self {
            status: status_of(&error),
            cure: error.cure().map(str::to_owned),
            error: error.into(),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::from(Arc::new(error))
    }
}

/// Whether the same call may work later without anybody doing anything.
pub(crate) fn status_of(error: &CallError) -> ExitStatus {
    if error.is_temporary() {
        ExitStatus::TryLater
    } else {
        ExitStatus::Failed
    }
}
