//! The machine on its main paths, against refusals, and in a world where everything fails at
//! random.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod bench;
mod composite;
mod deadline;
mod doubt;
mod leftovers;
mod model;
mod multipart;
mod overwrite;
mod plan;
mod put;
mod refused;
mod region;
mod resume;
mod skip;
mod stop;
mod store;
mod stream;
mod turns;
mod vault;
