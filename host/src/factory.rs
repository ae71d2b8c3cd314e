//! The component that this program was built with.

/// The uploader of `guest/`, or the one that `SEALIFT_COMPONENT` named at build time. A static: a constant would be in the
/// program once for each unit of code that names it.
pub static COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/factory.wasm"));
