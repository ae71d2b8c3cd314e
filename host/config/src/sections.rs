//! The sections of the configuration file, each read into a type of its own.

mod clients;
mod credentials;
mod device;
mod jobs;
mod local_endpoints;
mod network;
mod put;
mod release;
mod s3;
mod sandbox;
mod service;
mod timetable;
mod watch;

pub use clients::Client;
pub use credentials::{CredentialProvider, Iot, ProviderKind, RolesAnywhere};
pub use device::{Device, KeyPermissions, SignaturePurpose};
pub use jobs::Jobs;
pub use local_endpoints::{LocalEndpoints, LocalSocket};
pub use network::{Network, Proxies, Timeouts};
pub use put::Put;
pub use release::{Release, Repository};
pub use s3::{
    Addressing, Checksum, ChecksumAlgorithm, ChecksumPlacement, HostChoice, Parts, S3, StorageClass,
};
pub use sandbox::Sandbox;
pub use service::Service;
pub use watch::{Quota, WatchRule, WhenFull};
