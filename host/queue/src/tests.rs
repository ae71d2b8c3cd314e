//! The queue as its callers see it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod adding;
mod cancelling;
mod claiming;
mod faults;
mod kept;
mod model;
mod plans;
mod pruning;
mod repairing;
mod versions;

pub(crate) use kept::{Kept, at, failed, named, owner, retry_at, settlement, task, uploaded};
