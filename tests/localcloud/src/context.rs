//! What both services share.

use crate::clock::Clock;
use crate::counters::Counters;
use crate::faults::Plan;
use crate::issued::Issued;
use crate::registry::Registry;

/// What both services share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) clock: Clock,
    pub(crate) registry: Registry,
    pub(crate) issued: Issued,
    pub(crate) counters: Counters,
    pub(crate) faults: Plan,
}
