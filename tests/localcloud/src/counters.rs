//! What happened so far, for tests and demonstrations to look at.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::operation::Operation;

/// What happened since the start, or since the counts were last reset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// TLS handshakes that the credentials provider completed.
    pub provider_connections: u64,
    /// TLS handshakes that Roles Anywhere completed.
    pub roles_anywhere_connections: u64,
    /// TLS handshakes that Jobs completed.
    pub jobs_connections: u64,
    /// TLS handshakes that S3 completed.
    pub s3_connections: u64,
    /// TLS handshakes that failed or timed out, on any listener.
    pub handshakes_failed: u64,
    /// Requests that reached the credentials provider, refused ones included.
    pub provider_requests: u64,
    /// Requests that reached Roles Anywhere, refused ones included.
    pub roles_anywhere_requests: u64,
    /// Credentials handed out, by the credentials provider or by Roles Anywhere.
    pub credentials_issued: u64,
    /// Requests that reached S3, refused ones included.
    pub s3_requests: u64,
    /// Objects stored, by one request or by completing a multipart upload.
    pub objects_put: u64,
    /// Requests that met a fault on purpose.
    pub faults: u64,
    requests: [u64; Operation::ALL.len()],
    body_bytes: [u64; Operation::ALL.len()],
}

impl Counts {
    /// Requests for an operation, those included that were refused or met a fault.
    pub fn requests(&self, operation: Operation) -> u64 {
        self.requests[operation as usize]
    }

    /// Bytes that arrived in the bodies of requests for an operation, the
    /// framing of `aws-chunked` and the bodies of refused requests included.
    pub fn body_bytes(&self, operation: Operation) -> u64 {
        self.body_bytes[operation as usize]
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) provider_connections: Counter,
    pub(crate) roles_anywhere_connections: Counter,
    pub(crate) jobs_connections: Counter,
    pub(crate) s3_connections: Counter,
    pub(crate) handshakes_failed: Counter,
    pub(crate) credentials_issued: Counter,
    pub(crate) objects_put: Counter,
    pub(crate) faults: Counter,
    /// Never reset: request ids are made of it.
    pub(crate) answers: Counter,
    requests: [Counter; Operation::ALL.len()],
    body_bytes: [Counter; Operation::ALL.len()],
}

impl Counters {
    pub(crate) fn requests(&self, operation: Operation) -> &Counter {
        &self.requests[operation as usize]
    }

    pub(crate) fn body_bytes(&self, operation: Operation) -> &Counter {
        &self.body_bytes[operation as usize]
    }

    pub(crate) fn snapshot(&self) -> Counts {
        self.collect(Counter::value)
    }

    /// Sets everything to zero, and answers what it was.
    pub(crate) fn take(&self) -> Counts {
        self.collect(Counter::take)
    }

    fn collect(&self, read: fn(&Counter) -> u64) -> Counts {
        let requests = self.requests.each_ref().map(read);
        let provider_requests = requests[Operation::GetCredentials as usize];
        let roles_anywhere_requests = requests[Operation::CreateSession as usize];
        let jobs = Operation::ALL.into_iter().filter(|it| it.is_jobs());
        let jobs_requests: u64 = jobs.map(|operation| requests[operation as usize]).sum();
        let all_requests = requests.iter().sum::<u64>();
        Counts {
            provider_connections: read(&self.provider_connections),
            roles_anywhere_connections: read(&self.roles_anywhere_connections),
            jobs_connections: read(&self.jobs_connections),
            s3_connections: read(&self.s3_connections),
            handshakes_failed: read(&self.handshakes_failed),
            provider_requests,
            roles_anywhere_requests,
            credentials_issued: read(&self.credentials_issued),
            s3_requests: all_requests - provider_requests - roles_anywhere_requests - jobs_requests,
            objects_put: read(&self.objects_put),
            faults: read(&self.faults),
            requests,
            body_bytes: self.body_bytes.each_ref().map(read),
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Counts one, and answers how many there were before.
    pub(crate) fn count(&self) -> u64 {
        self.add(1)
    }

    /// Counts some, and answers how many there were before.
    pub(crate) fn add(&self, some: u64) -> u64 {
        self.0.fetch_add(some, Ordering::Relaxed)
    }

    fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}
