//! What the services share.

use crate::clock::Clock;
use crate::counters::Counters;
use crate::faults::Plan;
use crate::issued::Issued;
use crate::registry::Registry;

/// What the services share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) clock: Clock,
    pub(crate) registry: Registry,
    pub(crate) issued: Issued,
    pub(crate) counters: Counters,
    pub(crate) faults: Plan,
}
