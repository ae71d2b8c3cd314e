//! What the server saw, so that a side that did not do the work is noticed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::arrivals::Arrivals;
use super::http::Head;

/// Between two looks at a counter.
const GLANCE: Duration = Duration::from_millis(2);

/// Counters of both listeners since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    handshakes: AtomicU64,
    requests: AtomicU64,
    body: AtomicU64,
    /// Which objects arrived, and when.
    pub(crate) arrivals: Arrivals,
}

/// The counters at one time, or how they grew between two times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    /// TLS handshakes.
    pub(crate) handshakes: u64,
    /// Complete requests.
    pub(crate) requests: u64,
    /// Bytes of request bodies, without HTTP's own framing, with that of `aws-chunked`.
    pub(crate) body: u64,
}

impl Counts {
    pub(crate) fn now(&self) -> Tally {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Tally {
            handshakes: read(&self.handshakes),
            requests: read(&self.requests),
            body: read(&self.body),
        }
    }

    /// Waits until so many more bytes of bodies arrived.
    pub(crate) fn flow(&self, bytes: u64, patience: Duration) -> Result<()> {
        let (before, deadline) = (self.now().body, Instant::now() + patience);
        while self.now().body < before + bytes {
            ensure!(Instant::now() < deadline, "nothing is sent");
            thread::sleep(GLANCE);
        }
        Ok(())
    }

    pub(super) fn handshake(&self) {
        self.handshakes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn request(&self, head: &Head) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.arrivals.complete(head);
    }

    pub(super) fn body(&self, bytes: u64) {
        self.body.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Tally {
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            handshakes: self.handshakes - before.handshakes,
            requests: self.requests - before.requests,
            body: self.body - before.body,
        }
    }
}
