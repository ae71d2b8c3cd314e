//! A gateway runs on what the state says.

use std::sync::Arc;

use sealift_release::{Choice, Digest, Event, Release, SlotName, Stage, State, StoreError};
use tokio::task::spawn_blocking;

use super::releases::{Releases, ReleasesError};
use crate::gateway::{Gateway, OpenError, Plugin};
use crate::report;
use crate::sandbox::LoadError;

/// Why a gateway stays on what it ran on.
#[derive(Debug, thiserror::Error)]
pub enum LineupError {
    /// The state.
    #[error(transparent)]
    Releases(#[from] ReleasesError),
    /// A component that has run before. Memory may be short.
    #[error("cannot load the component that is to run; it is tried again")]
    Load(#[source] Box<OpenError>),
    /// The component that this host was built with: there is nothing behind it.
    #[error("cannot load the factory component")]
    Factory(#[source] Box<OpenError>),
}

/// What is in a slot cannot be run.
enum Unusable {
    /// It is not what was put there, or not for this host.
    Slot(SlotName),
    /// The reason may pass.
    Passing(LineupError),
}

/// Has jobs that begin from now on run on what the state on disk says, and answers it. What cannot be loaded is
/// replaced, as the machine says.
pub async fn line_up(
    gateway: &Arc<Gateway>,
    releases: &Arc<Releases>,
) -> Result<State, LineupError> {
    // Each turn empties a slot.
    for _ in 0..=SlotName::ALL.len() {
        let state = releases.look().await?.state;
        match follow(gateway, releases, &state).await {
            Ok(()) => return Ok(state),
            Err(Unusable::Passing(error)) => return Err(error),
            Err(Unusable::Slot(slot)) => {
                releases.tell(gateway, Event::Damaged { slot }).await?;
            }
        }
    }
    Ok(releases.look().await?.state)
}

async fn follow(
    gateway: &Arc<Gateway>,
    releases: &Arc<Releases>,
    state: &State,
) -> Result<(), Unusable> {
    let settled = match (state.settled(), state.committed()) {
        (Choice::Slot { slot, .. }, Some(release)) => {
            plugin(gateway, releases, slot, release).await?
        }
        _ => factory(gateway).await?,
    };
    let on_trial = match state.stage() {
        Stage::Trial(trial) => {
            Some(plugin(gateway, releases, state.spare(), trial.release()).await?)
        }
        _ => None,
    };
    gateway.run_on(settled, on_trial);
    Ok(())
}

/// The release's component: one that is loaded already, if it is among the gateway's.
async fn plugin(
    gateway: &Arc<Gateway>,
    releases: &Arc<Releases>,
    slot: SlotName,
    release: &Release,
) -> Result<Plugin, Unusable> {
    let is_it = |plugin: &Plugin| plugin.release().is_some_and(|loaded| loaded.is(release));
    let loaded = [Some(gateway.settled()), gateway.on_trial()];
    if let Some(plugin) = loaded.into_iter().flatten().find(is_it) {
        return Ok(plugin);
    }
    let (gateway, releases, release) = (Arc::clone(gateway), Arc::clone(releases), release.clone());
    let load = move || load(&gateway, &releases, slot, release);
    spawn_blocking(load)
        .await
        .unwrap_or_else(|error| Err(Unusable::Passing(ReleasesError::from(error).into())))
}

fn load(
    gateway: &Gateway,
    releases: &Releases,
    slot: SlotName,
    release: Release,
) -> Result<Plugin, Unusable> {
    let bytes = releases.store.component(slot, release.digest);
    let bytes = bytes.map_err(|error| match error {
        StoreError::DamagedSlot { .. } => Unusable::Slot(slot),
        error => Unusable::Passing(ReleasesError::from(error).into()),
    })?;
    gateway.load(&bytes, release).map_err(|error| match error {
        // For this host, it will never be another.
        OpenError::Component(LoadError::Imports(_) | LoadError::Exports(_)) => {
            tracing::error!(error = %report::chain(&error), "the component in slot {slot} cannot be run");
            Unusable::Slot(slot)
        }
        error => Unusable::Passing(LineupError::Load(Box::new(error))),
    })
}

async fn factory(gateway: &Arc<Gateway>) -> Result<Plugin, Unusable> {
    let settled = gateway.settled();
    let built_in = Digest::of(crate::factory::COMPONENT);
    if settled.release().is_none() && settled.digest() == built_in {
        return Ok(settled);
    }
    let gateway = Arc::clone(gateway);
    let loaded = spawn_blocking(move || gateway.factory()).await;
    let loaded = loaded.map_err(|error| Unusable::Passing(ReleasesError::from(error).into()))?;
    loaded.map_err(|error| Unusable::Passing(LineupError::Factory(Box::new(error))))
}
