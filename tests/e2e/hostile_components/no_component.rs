//! What is no component at all, by its bytes.

use sealift_tests::{Cloud, guest};

use super::put;

/// `\0asm` and the version of a core module; of a component.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

#[track_caller]
fn refused(bytes: &[u8], parts: &[&str]) {
    let cloud = Cloud::start();
    let file = cloud.file("given.wasm", bytes);
    put(&cloud, file).run().failed(1, parts);
    assert_eq!(
        (
            cloud.counts().provider_connections,
            cloud.counts().s3_connections
        ),
        (0, 0)
    );
}

#[test]
fn a_core_module() {
    refused(MODULE, &["not a WebAssembly component"]);
}

#[test]
fn garbage() {
    refused(&[0xfe; 4096], &["not a WebAssembly component"]);
}

#[test]
fn nothing() {
    refused(b"", &["not a WebAssembly component"]);
}

#[test]
fn half_a_component() {
    let whole = std::fs::read(guest("panics")).unwrap();
    refused(&whole[..whole.len() / 2], &["not a WebAssembly component"]);
}

#[test]
fn without_our_exports() {
    refused(
        COMPONENT,
        &["does not export the world `sealift:gateway/uploader`"],
    );
}

#[test]
fn compiled_elsewhere() {
    let whole = std::fs::read(guest("panics")).unwrap();
    let precompiled = wasmtime::Engine::default()
        .precompile_component(&whole)
        .unwrap();
    refused(&precompiled, &["not a WebAssembly component"]);
}

#[test]
fn missing() {
    let cloud = Cloud::start();
    let path = cloud.path("none.wasm");
    put(&cloud, &path)
        .run()
        .failed(2, &["cannot read the component", "none.wasm"]);
}
