//! The component that this program was built with.

/// The uploader of `guest/`, or the one that `SEALIFT_COMPONENT` named at build time.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/factory.wasm"));
