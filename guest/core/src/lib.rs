//! Protocol logic without IO: credentials, signing, S3 operations and retry decisions.
//!
//! Everything here is a pure function or a state machine. Time and random numbers are
//! arguments, requests are values, answers are buffered and bounded before they come in.
//! The uploader component is a thin adapter from its WIT world to this crate; tests, fuzzers
//! and benchmarks use it natively.
//!
//! What it does not do: open connections, read payloads, look at a clock, or keep anything
//! beyond the value that the caller holds.

pub mod authority;
pub mod call;
pub mod checksum;
pub mod clock;
pub mod credentials;
pub mod error;
pub mod response;
pub mod retry;
pub mod s3;
pub mod settings;
pub mod sign;
pub mod unfinished;
pub mod upload;

mod excerpt;
mod exchange;

pub use clock::Now;
pub use error::{Error, ErrorKind};
pub use response::Response;
pub use settings::Settings;
