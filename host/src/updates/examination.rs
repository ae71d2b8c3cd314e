//! A component before any job runs on it.

use std::sync::Arc;

use sealift_release::{Failure, Note, Release, SlotName, StoreError};
use tokio::task::spawn_blocking;

use super::releases::{Releases, ReleasesError};
use crate::gateway::{Gateway, OpenError, Plugin};
use crate::report;
use crate::sandbox::CallError;

/// Compiles what is in the slot, compares it with its world, and has it run dry. The inner error is what is found wrong
/// with it.
pub(super) async fn examine(
    gateway: &Arc<Gateway>,
    releases: &Arc<Releases>,
    release: &Release,
    slot: SlotName,
) -> Result<Result<(), Failure>, ReleasesError> {
    let loading = (Arc::clone(gateway), Arc::clone(releases), release.clone());
    let loaded = spawn_blocking(move || {
        let (gateway, releases, release) = loading;
        load(&gateway, &releases, release, slot)
    });
    let plugin = match loaded.await?? {
        Ok(plugin) => plugin,
        Err(failure) => return Ok(Err(failure)),
    };
    let probed = gateway.probe(&plugin).await;
    Ok(probed.map_err(|error| Failure::ProbeFailed { note: told(&error) }))
}

fn load(
    gateway: &Gateway,
    releases: &Releases,
    release: Release,
    slot: SlotName,
) -> Result<Result<Plugin, Failure>, ReleasesError> {
    let bytes = match releases.store.component(slot, release.digest) {
        Ok(bytes) => bytes,
        Err(StoreError::DamagedSlot { .. }) => return Ok(Err(Failure::DamagedOnDisk)),
        Err(error) => return Err(error.into()),
    };
    let loaded = gateway.load(&bytes, release);
    Ok(loaded.map_err(|error| Failure::Incompatible {
        note: wrong(&error),
    }))
}

fn wrong(error: &OpenError) -> Note {
    report::chain(error).into()
}

fn told(error: &CallError) -> Note {
    match error {
        CallError::Overdue { limit } => format!("it did not end within {limit:?}").into(),
        error => report::chain(error).into(),
    }
}
