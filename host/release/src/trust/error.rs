//! Why nothing is taken from a repository.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::time::{Duration, SystemTime};

use super::clock::{ClockBehind, seconds};
use super::source::FetchError;
use crate::StoreError;

/// Why nothing is taken. What runs goes on.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Without the time nothing can be said of its expiry.
    #[error(transparent)]
    Clock(#[from] ClockBehind),
    /// The root that the configuration names is none.
    #[error("the configured root cannot be used; get it from whoever publishes the releases")]
    Root(#[source] Box<tough::error::Error>),
    /// The repository cannot be reached, or not all of it. It may be otherwise the next time.
    #[error("cannot fetch from the repository")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// It answers more slowly than it may. So does a link; what has come in of a component is kept.
    #[error("the repository did not answer within {} s", within.as_secs())]
    Slow {
        /// The limit.
        within: Duration,
    },
    /// What it says is not signed as it has to be, contradicts itself, or goes back.
    #[error("what the repository says cannot be trusted; tell its publisher")]
    NotTrusted(#[source] Box<tough::error::Error>),
    /// What it says was signed for a time that is over: it is not kept up, or somebody holds back what is newer.
    #[error("the {role} of the repository expired {} s ago; its publisher has to sign a new one", ago(*expired, *now))]
    Expired {
        /// Of which role.
        role: Role,
        /// When.
        expired: SystemTime,
        /// The time that it was judged by.
        now: SystemTime,
    },
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place for temporary files.
    #[error("cannot use the directory for temporary files; make room in it, or set TMPDIR")]
    Temporary(#[source] std::io::Error),
}

/// A role of TUF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Says whose keys count.
    Root,
    /// Says which targets there are.
    Targets,
    /// Says which metadata belongs together.
    Snapshot,
    /// Says which snapshot is the newest.
    Timestamp,
}

impl Display for Role {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Root => "root",
            Self::Targets => "targets",
            Self::Snapshot => "snapshot",
            Self::Timestamp => "timestamp",
        })
    }
}

fn ago(expired: SystemTime, now: SystemTime) -> u64 {
    seconds(now).saturating_sub(seconds(expired))
}

impl From<tough::error::Error> for TrustError {
    /// Tells what could not be fetched from what was fetched and is bad.
    fn from(error: tough::error::Error) -> Self {
        let fetched = match &error {
            tough::error::Error::Transport { source, .. } => {
                !source.source().is_some_and(<dyn Error>::is::<FetchError>)
            }
            _ => true,
        };
        match error {
            tough::error::Error::ParseTrustedMetadata { .. }
            | tough::error::Error::VerifyTrustedMetadata { .. } => Self::Root(Box::new(error)),
            error if fetched => Self::NotTrusted(Box::new(error)),
            error => Self::Unreachable(Box::new(error)),
        }
    }
}
