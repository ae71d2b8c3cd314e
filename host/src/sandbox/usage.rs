//! What an instance does with the network and the disk, and how much of it it may.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sealift_network::NetworkError;

use super::limits::Limits;

/// More requests than any upload needs: 10,000 parts, each tried a few times.
const MOST_REQUESTS: usize = 100_000;

/// The accounts of one instance.
#[derive(Debug)]
pub(super) struct Usage {
    requests: AtomicUsize,
    open: AtomicUsize,
    open_limit: usize,
    out: AtomicU64,
    read: AtomicU64,
    bytes_limit: AtomicU64,
    busy: AtomicUsize,
    moves: AtomicU64,
    failure: Mutex<Option<Arc<NetworkError>>>,
}

/// An instance went over one of its limits.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the component moved more than the {limit} bytes that it may (`sandbox.bytes_out`)")]
pub(super) struct TooMuch {
    pub(super) limit: u64,
}

impl Usage {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            requests: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            open_limit: limits.open_requests,
            out: AtomicU64::new(0),
            read: AtomicU64::new(0),
            bytes_limit: AtomicU64::new(limits.bytes_out),
            busy: AtomicUsize::new(0),
            moves: AtomicU64::new(0),
            failure: Mutex::new(None),
        }
    }

    /// Lets the instance send this many bytes, and have as many read and hashed.
    pub(super) fn allow(&self, bytes: u64) {
        self.bytes_limit.store(bytes, Ordering::Relaxed);
    }

    /// Lets the instance send, and have read, so many bytes more.
    pub(super) fn allow_more(&self, bytes: u64) {
        let before = self.bytes_limit.load(Ordering::Relaxed);
        self.allow(before.saturating_add(bytes));
    }

    /// Counts bytes of requests: heads as well as bodies.
    pub(super) fn count_out(&self, bytes: usize) -> Result<(), TooMuch> {
        self.moved();
        self.count(&self.out, bytes as u64)
    }

    /// Counts bytes that the host reads or hashes for the instance.
    pub(super) fn count_read(&self, bytes: u64) -> Result<(), TooMuch> {
        self.moved();
        self.count(&self.read, bytes)
    }

    fn count(&self, account: &AtomicU64, bytes: u64) -> Result<(), TooMuch> {
        let limit = self.bytes_limit.load(Ordering::Relaxed);
        let before = account.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > limit {
            return Err(TooMuch { limit });
        }
        Ok(())
    }

    /// Something happened.
    pub(super) fn moved(&self) {
        self.moves.fetch_add(1, Ordering::Relaxed);
    }

    /// Grows with every frame and answer: while it stands still and the host is not busy for the
    /// instance, nothing is happening.
    pub(super) fn moves(&self) -> u64 {
        if self.busy.load(Ordering::Relaxed) > 0 {
            self.moved();
        }
        self.moves.load(Ordering::Relaxed)
    }

    /// The host works for the instance until the answer is dropped: a pass over a large file on a
    /// slow disk is no standstill.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// A request was answered.
    pub(super) fn answered(&self) {
        self.moved();
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// A request failed.
    pub(super) fn failed(&self, error: NetworkError) {
        tracing::debug!(error = %crate::report::chain(&error), "request failed");
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(error));
    }

    /// Why the latest request failed, unless one was answered since.
    pub(super) fn failure(&self) -> Option<Arc<NetworkError>> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The host is at work for an instance.
#[derive(Debug)]
pub(super) struct Busy(Arc<Usage>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
        self.0.moved();
    }
}

/// One of the requests that an instance may have open.
#[derive(Debug)]
pub(super) struct Slot(Arc<Usage>);

impl Slot {
    /// None when as many are open as may be, or the instance has made as many as it may.
    pub(super) fn take(usage: &Arc<Usage>) -> Option<Self> {
        let slot = Self(Arc::clone(usage));
        let free = usage.open.fetch_add(1, Ordering::Relaxed) < usage.open_limit;
        let left = usage.requests.fetch_add(1, Ordering::Relaxed) < MOST_REQUESTS;
        (free && left).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
