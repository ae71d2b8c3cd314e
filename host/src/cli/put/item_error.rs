//! Why one object was not made.

use sealift::put::EntryError;
use sealift::sandbox::{CallError, Reach};
use sealift_payload::{SourceError, SpoolError};

use crate::cli::failure::status_of;
use crate::cli::{ExitStatus, Failure};

/// Why one object was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum ItemError {
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It is not any more what was found below a directory.
    #[error(transparent)]
    Entry(#[from] EntryError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// Nothing to read from, which is not the same as nothing.
    #[error("standard input is closed")]
    NoStandardInput,
    #[error(transparent)]
    SpoolDirectory(#[from] sealift_config::Error),
    #[error(transparent)]
    Upload(#[from] CallError),
}

impl ItemError {
    pub(super) fn status(&self) -> ExitStatus {
        match self {
            Self::Upload(error) => status_of(error),
            Self::Source(SourceError::Changed { .. }) => ExitStatus::TryLater,
            Self::SpoolDirectory(_) | Self::NoStandardInput => ExitStatus::Usage,
            Self::Source(_) | Self::Entry(_) | Self::Spool(_) => ExitStatus::Failed,
        }
    }

    pub(super) fn cure(&self) -> Option<&str> {
        match self {
            Self::Upload(error) => error.cure(),
            Self::Spool(SpoolError::DiskFull { .. } | SpoolError::Write { .. }) => {
                Some("`put.spool_dir` names another directory for standard input")
            }
            Self::NoStandardInput => {
                Some("pipe data into it; for an empty object redirect it from /dev/null")
            }
            Self::Source(_) | Self::Entry(_) | Self::Spool(_) | Self::SpoolDirectory(_) => None,
        }
    }

    /// Whether the next file would meet the same fate.
    pub(super) fn reach(&self) -> Reach {
        match self {
            Self::Upload(error) => error.reach(),
            _ => Reach::One,
        }
    }
}

impl From<ItemError> for Failure {
    fn from(error: ItemError) -> Self {
        Self {
            status: error.status(),
            cure: error.cure().map(str::to_owned),
            error: error.into(),
        }
    }
}
