//! Updates of the component: where they come from, and who orders them.

mod client;
mod device;
pub mod jobs;
pub mod source;

pub use client::NoNetwork;
pub(crate) use device::Device;
