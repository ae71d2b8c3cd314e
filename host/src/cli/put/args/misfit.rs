//! Values that are each right, and not together.

use super::pairs::PairError;
use crate::cli::{ExitStatus, Failure};

/// Options that do not go together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Misfit {
    /// Of `--metadata`.
    #[error("--metadata cannot be sent")]
    Metadata(#[source] PairError),
    /// Of `--tag`.
    #[error("--tag cannot be sent")]
    Tags(#[source] PairError),
    /// KMS's options without KMS.
    #[error("{0} is for --sse aws:kms and --sse aws:kms:dsse")]
    NotKms(&'static str),
    /// Bucket keys exist for one of the two.
    #[error("--bucket-key-enabled is for --sse aws:kms alone")]
    NoBucketKey,
    /// A checksum that there is none of.
    #[error(
        "--checksum-placement says where a checksum goes, and --checksum none that there is none"
    )]
    NoChecksum,
}

impl From<Misfit> for Failure {
    fn from(misfit: Misfit) -> Self {
        Self::new(ExitStatus::Usage, misfit)
    }
}
