//! The unsafe call, and nothing else.
#![allow(unsafe_code)]

use wasmtime::Engine;
use wasmtime::component::Component;

/// Code that [`crate::Cache`] read from a file of its own whose digest matched.
pub(crate) struct OwnCode<'a>(&'a [u8]);

impl<'a> OwnCode<'a> {
    /// Only the cache calls this, after it checked who may write the file and that it is whole.
    pub(crate) fn vouched_for(code: &'a [u8]) -> Self {
        Self(code)
    }
}

/// Makes a component of code that was compiled before.
///
/// # Errors
/// Another version or configuration of the engine compiled it.
pub(crate) fn load(engine: &Engine, code: &OwnCode<'_>) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are what `Component::serialize` of this program gave, unaltered: the
    // digest in the file matched, and file and directory belong to this user and are
    // writable by no other. wasmtime itself refuses another engine version or configuration.
    unsafe { Component::deserialize(engine, code.0) }
}
