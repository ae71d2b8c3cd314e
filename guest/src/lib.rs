//! The uploader component: the adapter between the world `sealift:gateway/uploader` and the
//! protocol core.
//!
//! The core decides, this crate does: it asks the host for credentials, checksums and time,
//! hands requests to `wasi:http`, and brings back answers.

mod aws;
#[allow(clippy::all, clippy::pedantic, reason = "generated")]
mod bindings;
mod convert;
mod credentials;
mod plugin;
mod transfer;

/// What the world's exports are implemented on. It has no state: an instance serves one call.
struct Component;

bindings::export!(Component with_types_in bindings);
