//! What requests may cost, and what they did.

use std::collections::HashMap;

use http::{Method, Request};

use crate::retry::Policy;

/// Bytes of the payload, over all runs.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    sent: u64,
    granted: u64,
}

/// Attempts of each request, in one run.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    requests: HashMap<String, Count>,
}

#[derive(Debug, Default)]
struct Count {
    made: u32,
    /// Those that are not held against it: with credentials that turned out dead, or to another region.
    excused: u32,
}

impl Ledger {
    /// There is a reason to send so many bytes, once.
    pub(super) fn grant(&mut self, bytes: u64) {
        self.granted += bytes;
    }

    pub(super) fn spend(&mut self, bytes: u64) {
        self.sent += bytes;
    }

    pub(super) fn is_kept(&self) -> bool {
        self.sent <= self.granted
    }
}

impl Attempts {
    pub(super) fn made(&mut self, request: &Request<()>) {
        let count = self.requests.entry(name(request)).or_default();
        count.made += 1;
        let attempts = u32::from(Policy::default().max_attempts.get());
        let most = attempts * times(request) + count.excused;
        assert!(
            count.made <= most,
            "{} attempts of {}",
            count.made,
            name(request)
        );
    }

    pub(super) fn excuse(&mut self, request: &Request<()>) {
        self.requests.entry(name(request)).or_default().excused += 1;
    }
}

fn name(request: &Request<()>) -> String {
    format!("{} {}", request.method(), request.uri())
}

/// How often a job may have a reason for the same request: it begins anew twice at most, looks what is there
/// before it begins and whenever it is in doubt, and clears away at the beginning and in the end.
fn times(request: &Request<()>) -> u32 {
    let query = request.uri().query().unwrap_or_default();
    let upload = query.contains("uploadId=");
    match *request.method() {
        Method::HEAD => 4,
        Method::DELETE => 2,
        // A part, a completion, or a page of parts.
        _ if upload => 1,
        Method::PUT | Method::POST => 3,
        // A page of uploads.
        _ => 2,
    }
}
