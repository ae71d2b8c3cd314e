//! The time that credentials end by.

use std::time::SystemTime;

/// AWS's clock, as far as it is known.
pub trait Clock: Send + Sync {
    /// Now. It may jump, in both directions, as corrections come in.
    fn wall(&self) -> SystemTime;
}
