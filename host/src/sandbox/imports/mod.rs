//! The host's side of the interfaces in `wit/` that are ours.

pub(super) mod jobs;
pub(super) mod payload;

mod hints;
mod journal;
mod keystore;
mod progress;
mod vault;
