//! How a payload becomes the body of a request to S3: its checksums, and the `aws-chunked` encoding.
//!
//! Pure, and used on both sides of the sandbox: by the host, which sends a gateway's files, and by the program
//! `sealift-command`, which sends them itself.

mod checksum;
pub mod chunked;

pub use checksum::{Algorithm, Checksum, Hasher, UnknownAlgorithm};
