//! Compiled components, kept on disk so that only the first start pays for compiling.
//!
//! A compiled component is native code, and wasmtime runs what it is given: that is why
//! [`wasmtime::component::Component::deserialize`] is unsafe. This crate confines it. What it loads, it
//! wrote itself, into a directory that nobody but the service's user can write; a
//! `.cwasm` file from anywhere else never gets here. Each file carries the digest of its
//! own contents, so that one damaged by a power cut is compiled again rather than run.

mod cache;
mod digest;
mod entry;
mod heap;
mod load;

pub use cache::{Cache, CacheError};
pub use digest::Digest;
