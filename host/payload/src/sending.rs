//! Watching a body while the HTTP client drains it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use sealift_encoding::Checksum;

use crate::error::SourceError;

/// What is known of a [`FileBody`](crate::FileBody) that the HTTP client has taken away.
///
/// "Handed over" means that the client took the bytes. Only the server's answer says that they
/// arrived.
#[derive(Debug, Clone, Default)]
pub struct Sending(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    sent: AtomicU64,
    outcome: OnceLock<Result<Option<Checksum>, SourceError>>,
}

impl Sending {
    /// Bytes of the payload handed over so far, without any framing.
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// Whether everything was handed over and the file had not changed by then.
    pub fn finished(&self) -> bool {
        matches!(self.0.outcome.get(), Some(Ok(_)))
    }

    /// The checksum of the range, once [`finished`](Self::finished), if one was asked for.
    pub fn checksum(&self) -> Option<Checksum> {
        self.0.outcome.get()?.as_ref().ok().copied().flatten()
    }

    /// Why the body failed, if it did. A body that the client dropped half-way neither failed nor
    /// finished.
    pub fn failure(&self) -> Option<SourceError> {
        self.0.outcome.get()?.as_ref().err().cloned()
    }

    pub(crate) fn count(&self, bytes: usize) {
        self.0.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Only the first outcome counts: a body ends once.
    pub(crate) fn settle(&self, outcome: Result<Option<Checksum>, SourceError>) {
        self.0.outcome.get_or_init(|| outcome);
    }
}
