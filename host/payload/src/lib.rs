//! The bytes to upload: file-backed request bodies, checksums and spooled streams.
//!
//! A [`Payload`] is a file or a stream. [`Payload::body`] makes a range of it the body of an HTTP
//! request; hyper pulls from it directly, and page-cache hits cost neither a copy nor a thread hop.
//! A [`Source`] is an opened regular file together with its [`Fingerprint`]; a [`Stream`] is
//! anything that can be read to an end not known in advance, of which the pieces in use are in a
//! temporary file.
//!
//! The promise that everything here serves: **a file that changes while it is sent does not become
//! an object.** The last bytes of a body are held back until the file's fingerprint still matches;
//! if it does not, the body fails with [`SourceError::Changed`] and the HTTP client has to cut the
//! connection.
//!
//! Two limits of that promise are the kernel's: a writer through a shared memory mapping may change
//! bytes without changing any time stamp at once, and before Linux 6.13 (or on a file system
//! without multigrain time stamps) a rewrite of the same length within the clock tick, at most 10
//! ms, of the write before it leaves no trace.
//!
//! ```
//! # async fn example() -> Result<(), sealift_payload::SourceError> {
//! use sealift_payload::{Algorithm, Framing, Source};
//!
//! let source = Source::open("/var/log/sensor.csv".as_ref())?;
//! let whole = 0..source.len();
//! let (body, sending) = source.body(whole, Framing::AwsChunked(Algorithm::Crc64Nvme))?;
//! # let _ = body;
//! // Hand `body` to the HTTP client; watch `sending` meanwhile.
//! println!("{} bytes", sending.sent());
//! # Ok(())
//! # }
//! ```
//!
//! This crate knows files, [`http_body::Body`] and tokio. It knows no network, no sandbox and no
//! configuration.

mod body;
mod buffer;
mod error;
mod fingerprint;
mod held;
mod open_file;
mod payload;
mod reader;
mod sending;
mod source;
mod spool;
mod stream;

pub use body::{FileBody, Framing};
pub use error::{FileKind, Origin, SourceError, SpoolError};
pub use fingerprint::{Change, Fingerprint};
pub use payload::{Payload, READ_LIMIT};
pub use sealift_encoding::{Algorithm, Checksum, UnknownAlgorithm};
pub use sending::Sending;
pub use source::Source;
pub use stream::Stream;
