//! What our components do with standard WASI: requests and their answers, clocks and chance.
//!
//! Between the protocol core, which knows nothing of WebAssembly, and the two worlds that use it: `uploader`
//! and `command`.

pub mod clock;
pub mod http;
