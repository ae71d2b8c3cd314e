//! Why a journal cannot be had.

use std::io;
use std::path::{Path, PathBuf};

/// Why a journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Somebody else holds it.
    #[error(
        "another sealift is uploading this file to this place (it holds the journal {})", path.display()
    )]
    Busy {
        /// The journal.
        path: PathBuf,
    },
    /// It is not what was written.
    #[error(
        "the journal {} is damaged at byte {offset}; delete it, and the upload begins anew", path.display()
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Where the first frame that cannot be read begins.
        offset: u64,
    },
    /// The file system does not let us.
    #[error("cannot use the journal {}", path.display())]
    Unusable {
        /// The journal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record over [`LONGEST_RECORD`](crate::LONGEST_RECORD).
    #[error(
        "a record of {length} bytes is longer than the {} that a journal takes",
        crate::LONGEST_RECORD
    )]
    RecordTooLong {
        /// In bytes.
        length: usize,
    },
    /// It would grow over [`LARGEST_JOURNAL`](crate::LARGEST_JOURNAL).
    #[error("the journal {} is full: it may have {} bytes", path.display(), crate::LARGEST_JOURNAL)]
    Full {
        /// The journal.
        path: PathBuf,
    },
}

impl JournalError {
    pub(super) fn unusable(path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Unusable {
            path: path.to_owned(),
            source: source.into(),
        }
    }
}
