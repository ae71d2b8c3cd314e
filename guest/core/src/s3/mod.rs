//! Amazon S3: where objects are, what is asked of them, and what answers and refusals mean.

pub mod access_point;
pub mod address;
pub mod bucket;
pub mod destination;
pub mod error;
pub mod hosts;
pub mod key;
pub mod listing;
pub mod multipart;
pub mod operation;
pub mod store;

mod document;
mod xml;

pub use access_point::AccessPoint;
pub use address::{Addressing, Endpoint, Region, Scheme};
pub use bucket::Bucket;
pub use destination::Destination;
pub use hosts::{HostKind, Hosts};
pub use key::Key;
pub use listing::Listing;
pub use operation::{Operation, PartNumber, UploadId};
pub use store::Store;
