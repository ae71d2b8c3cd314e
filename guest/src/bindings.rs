//! What `wit/` looks like from the component.

wit_bindgen::generate!({
    path: "../wit",
    world: "uploader",
    pub_export_macro: true,
    default_bindings_module: "crate::bindings",
    generate_all,
    with: {
        "wasi:http/types@0.2.12": wasi::http::types,
        "wasi:http/outgoing-handler@0.2.12": wasi::http::outgoing_handler,
        "wasi:io/error@0.2.12": wasi::io::error,
        "wasi:io/poll@0.2.12": wasi::io::poll,
        "wasi:io/streams@0.2.12": wasi::io::streams,
        "wasi:clocks/monotonic-clock@0.2.12": wasi::clocks::monotonic_clock,
        "wasi:clocks/wall-clock@0.2.12": wasi::clocks::wall_clock,
        "wasi:random/random@0.2.12": wasi::random::random,
    },
});

pub(crate) use sealift::gateway::{
    hints, jobs, journal, keystore, payload, progress, types, vault,
};
