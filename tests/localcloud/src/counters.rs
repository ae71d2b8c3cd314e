//! What happened so far, for tests and demonstrations to look at.

use std::sync::atomic::{AtomicU64, Ordering};

/// What happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// TLS handshakes that the credentials provider completed.
    pub provider_connections: u64,
    /// TLS handshakes that S3 completed.
    pub s3_connections: u64,
    /// TLS handshakes that failed or timed out, on either listener.
    pub handshakes_failed: u64,
    /// Requests that the credentials provider answered, refusals included.
    pub provider_requests: u64,
    /// Credentials handed out.
    pub credentials_issued: u64,
    /// Requests that S3 answered, refusals included.
    pub s3_requests: u64,
    /// Objects stored, by one request or by completing a multipart upload.
    pub objects_put: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) provider_connections: Counter,
    pub(crate) s3_connections: Counter,
    pub(crate) handshakes_failed: Counter,
    pub(crate) provider_requests: Counter,
    pub(crate) credentials_issued: Counter,
    pub(crate) s3_requests: Counter,
    pub(crate) objects_put: Counter,
}

impl Counters {
    pub(crate) fn snapshot(&self) -> Counts {
        Counts {
            provider_connections: self.provider_connections.value(),
            s3_connections: self.s3_connections.value(),
            handshakes_failed: self.handshakes_failed.value(),
            provider_requests: self.provider_requests.value(),
            credentials_issued: self.credentials_issued.value(),
            s3_requests: self.s3_requests.value(),
            objects_put: self.objects_put.value(),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Counts one, and answers how many there were before.
    pub(crate) fn count(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
