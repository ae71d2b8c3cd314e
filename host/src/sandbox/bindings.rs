//! What `wit/` looks like from the host.

#![expect(missing_docs, reason = "generated; wit/ holds the documentation")]

use super::imports::{jobs, payload};

wasmtime::component::bindgen!({
    path: "../wit",
    world: "uploader",
    imports: {
        "sealift:gateway/keystore.sign": async | trappable,
        "sealift:gateway/vault.credentials": async | trappable,
        "sealift:gateway/payload.[method]payload.acquire": async | trappable,
        "sealift:gateway/payload.[method]payload.checksum": async | trappable,
        "sealift:gateway/payload.[method]payload.read": async | trappable,
        "sealift:gateway/payload.[method]payload.release": async | trappable,
        "sealift:gateway/journal": async | trappable,
        "sealift:gateway/hints": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    additional_derives: [PartialEq, Eq, Hash],
    require_store_data_send: true,
    with: {
        "wasi:http": wasmtime_wasi_http::p2::bindings::http,
        "wasi:io": wasmtime_wasi::p2::bindings::io,
        "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        "wasi:random": wasmtime_wasi::p2::bindings::random,
        "sealift:gateway/payload.payload": payload::Held,
        "sealift:gateway/payload.sending": payload::OnItsWay,
        "sealift:gateway/jobs.job": jobs::Held,
    },
});
