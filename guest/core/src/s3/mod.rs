//! Amazon S3: where objects are, what is asked of them, and what answers and refusals mean.

pub mod address;
pub mod bucket;
pub mod destination;
pub mod error;
pub mod key;
pub mod listing;
pub mod multipart;
pub mod operation;

mod document;
mod xml;

pub use address::{Addressing, Endpoint, Region, Scheme, Store};
pub use bucket::Bucket;
pub use destination::Destination;
pub use key::Key;
pub use listing::Listing;
pub use operation::{Operation, PartNumber, UploadId};
