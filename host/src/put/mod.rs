//! What `put` was asked to do, worked out before the first byte is sent.

mod destination;
mod error;
mod filter;
mod item;
mod plan;
mod selection;
mod walk;

pub use destination::{Destination, DestinationError};
pub use error::{EntryError, PlanError};
pub use filter::{Filter, Pattern, PatternError, Rule};
pub use item::{Input, Item, LeftOut};
pub use plan::Plan;
pub use selection::{Selection, Symlinks};
