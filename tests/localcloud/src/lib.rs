//! A stand-in for AWS on the loopback interface.
//!
//! [`start`] opens four TLS listeners and writes what a device needs to use
//! them into a directory, under the names that AWS gives those files:
//!
//! * the **IoT credentials provider**: mutual TLS with real verification of
//!   client certificates, role aliases, things and policies in a [`Registry`],
//!   and AWS's own answer for every way to be refused;
//! * **IAM Roles Anywhere**: `CreateSession`, with real verification of
//!   signatures and of the certificates in requests;
//! * **AWS IoT Jobs**: mutual TLS, the three requests by which a device does jobs, and
//!   the jobs as files that a shell can write and read;
//! * **S3**: protocol and Signature Version 4 by the `s3s` crate, storage over
//!   plain files, so that what arrived can be looked at with `ls`.
//!
//! A [`Fault`] makes any of them fail on purpose.
//!
//! It is made for tests and demonstrations. What it does not do: it encrypts
//! nothing at rest, has no versions, no bucket policies and one account, and
//! it survives the death of its process but not of the machine (nothing is
//! flushed to the disk, which keeps measurements of clients honest).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cloud = localcloud::start(localcloud::Settings::new("cloud")).await?;
//! println!("ENDPOINT_NAME={}", cloud.credentials_endpoint());
//! cloud.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod action;
mod authority;
mod body;
mod clock;
mod cloud;
mod context;
mod counters;
mod directory;
mod error;
mod faults;
mod files;
mod fingerprint;
mod hex;
mod issued;
mod jobs;
mod json_answer;
mod listener;
mod operation;
mod provider;
mod registry;
mod roles_anywhere;
mod s3;
mod settings;
mod tls;

pub use action::{Action, ParseActionError};
pub use authority::{Authority, Certificate, Certified, KeyType, Validity};
pub use clock::Clock;
pub use cloud::{LocalCloud, start};
pub use counters::Counts;
pub use directory::Paths;
pub use error::Error;
pub use faults::{Fault, FaultKind, ParseFaultError};
pub use fingerprint::Fingerprint;
pub use operation::{Operation, ParseOperationError};
pub use registry::{Registry, RoleAlias};
pub use roles_anywhere::{Profile, Role, RolesAnywhere, TrustAnchor};
pub use settings::{Bucket, BucketName, ClockOffset, ParseSettingError, Region, Settings};

/// The name of the thing that the written device certificate belongs to.
pub const THING_NAME: &str = "thing_x";
/// The role alias that the written device certificate may assume.
pub const ROLE_ALIAS: &str = "s3_role_alias";
/// The region of the services, and of every bucket that names no other.
pub const REGION: &str = "ap-northeast-1";
/// The bucket that always exists.
pub const DEFAULT_BUCKET: &str = "demo";
/// The account that owns every bucket.
pub const ACCOUNT_ID: &str = "123456789012";
/// The trust anchor of Roles Anywhere.
pub const TRUST_ANCHOR_ARN: &str = "arn:aws:rolesanywhere:ap-northeast-1:123456789012:trust-anchor/6f0c2d1e-7a3b-4c58-9e21-0b5d8f4a7c36";
/// The profile of Roles Anywhere.
pub const PROFILE_ARN: &str = "arn:aws:rolesanywhere:ap-northeast-1:123456789012:profile/b81e5a90-3d47-4f6c-8a15-c2e97d604f1b";
/// The role of that profile.
pub const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/s3_role";
