//! What the end-to-end tests share.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "tests"
)]

mod aws;
mod chance;
mod cloud;
mod control_plane;
mod device;
mod device_proxy;
mod kept_memory;
mod key_parts;
mod link;
mod machine;
mod nginx;
mod openssl;
mod process_memory;
mod program;
mod proxy;
mod publisher;
mod relay;
mod repository;
mod running;
mod second_store;
mod server;
mod service;
mod small_disk;
mod store;
mod until;

pub use aws::{Aws, Seen};
pub use chance::{Chance, number};
pub use cloud::Cloud;
pub use control_plane::ControlPlane;
pub use device::Device;
pub use device_proxy::DeviceProxy;
pub use kept_memory::KeptMemories;
pub use key_parts::KeyParts;
pub use link::Link;
pub use machine::{Machine, package};
pub use nginx::Nginx;
pub use openssl::{TlsServer, openssl};
pub use process_memory::ProcessMemory;
pub use program::{Outcome, Program, guest};
pub use proxy::{Asked, Proxy, Verdict};
pub use publisher::{Publisher, factory_marked, marked};
pub use relay::Relay;
pub use repository::{Looker, Repository};
pub use running::Running;
pub use second_store::SecondStore;
pub use server::{Exchange, Hold, Request, Server, tls};
pub use service::Service;
pub use small_disk::{SmallDisk, among_own_mounts};
pub use store::CREDENTIALS;
pub use tokens::Token;
pub use until::{soon, until};
