//! Why updates do not come about.

use std::io;
use std::path::PathBuf;

use sealift_release::{ApplyError, Refusal, StoreError, TrustError};
use sealift_state::AuditError;

use super::releases::ReleasesError;
use super::source::SourceError;

/// Why an update does not come about.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// There is no repository.
    #[error(
        "no repository is configured; name it under release.repository, and its trusted root under release.root"
    )]
    NoRepository,
    /// The trusted root.
    #[error("cannot read the trusted root `{}`", path.display())]
    Root {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The way to the repository.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// What the repository says, or does not.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// No release is taken.
    #[error(transparent)]
    Refused(Refusal),
    /// The state on disk.
    #[error(transparent)]
    Releases(ReleasesError),
    /// Nothing changes that cannot be put on record.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

impl From<ReleasesError> for UpdateError {
    fn from(error: ReleasesError) -> Self {
        match error {
            ReleasesError::Apply(ApplyError::Refused(refusal)) => Self::Refused(refusal),
            error => Self::Releases(error),
        }
    }
}

impl From<StoreError> for UpdateError {
    fn from(error: StoreError) -> Self {
        Self::Releases(error.into())
    }
}

impl UpdateError {
    /// Whether the same may go well later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Releases(ReleasesError::Store(error)) => matches!(error, StoreError::Busy),
            Self::Trust(error) => matches!(
                error,
                TrustError::Unreachable(_) | TrustError::Slow { .. } | TrustError::Clock(_)
            ),
            _ => false,
        }
    }
}
