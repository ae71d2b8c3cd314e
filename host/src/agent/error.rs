//! Why the service does not run.

use std::io;
use std::path::PathBuf;

use sealift_queue::{QueueError, ServiceLockError};

use crate::gateway::OpenError;

/// Why the service does not start, or ended other than in order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] sealift_config::Error),
    /// Something that the configuration names is.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Another service has the state directory.
    #[error(transparent)]
    Lock(#[from] ServiceLockError),
    /// The queue cannot be opened.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Signals cannot be received.
    #[error("cannot listen for signals")]
    Signals(#[source] io::Error),
    /// Numbers cannot be counted.
    #[error(transparent)]
    Metrics(#[from] sealift_serve::MetricsError),
    /// A running service keeps its state where it is.
    #[error(
        "`service.state` is {} by now, and the service runs in {}; restart it",
        now.display(), running.display()
    )]
    StateMoved {
        /// What the configuration says.
        now: PathBuf,
        /// Where the service runs.
        running: PathBuf,
    },
    /// The configuration could not be read again.
    #[error("reading it again ended badly")]
    Reload(#[source] tokio::task::JoinError),
    /// It was told twice to stop.
    #[error("ended at once by a second {signal}; the next start goes on with what was under way")]
    EndedAtOnce {
        /// The signal.
        signal: &'static str,
    },
}

impl ServiceError {
    /// Whether the configuration, or a file that it names, is to blame.
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::Config(_) | Self::StateMoved { .. } => true,
            Self::Open(error) => error.is_configuration(),
            _ => false,
        }
    }
}
