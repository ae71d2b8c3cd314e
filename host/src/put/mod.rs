//! What `put` was asked to do, worked out before the first byte is sent.

mod destination;
mod plan;
mod walk;

pub use destination::{Destination, DestinationError};
pub use plan::{Input, Item, Plan, PlanError};
