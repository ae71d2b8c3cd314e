//! The network against servers and proxies that run in the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod failures;
mod http2;
mod identity;
mod policy;
mod pooling;
mod proxy;
mod rates;
mod requests;
mod slow_key;
mod support;
mod timeouts;
mod trust;
