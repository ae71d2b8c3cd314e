//! Amazon S3: where objects are, and what refusals mean.

pub mod address;
pub mod bucket;
pub mod destination;
pub mod error;
pub mod key;

mod document;

pub use address::{Addressing, Endpoint, Region, Scheme, Store};
pub use bucket::Bucket;
pub use destination::Destination;
pub use key::Key;
