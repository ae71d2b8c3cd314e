//! Faults on purpose.
//!
//! A [`Fault`] says what goes wrong ([`Kind`](kind::Kind)), with which
//! operation, and when ([`Schedule`](schedule::Schedule)). A [`Plan`] holds
//! those of a running cloud and picks the one that a request meets.
//! [`Faulty`] stands before each service and lets it happen.

mod answer;
mod fault;
mod kind;
mod layer;
mod plan;
mod replay;
mod schedule;
mod values;

pub use fault::Fault;
pub use kind::FaultKind;
pub use values::ParseFaultError;

pub(crate) use kind::Problem;
pub(crate) use layer::{Faulty, Service};
pub(crate) use plan::Plan;
