//! The faults of a running cloud.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::fault::Fault;
use super::kind::Kind;
use super::schedule::History;
use crate::operation::Operation;

/// The faults of a running cloud, and what they have done so far.
#[derive(Debug)]
pub(crate) struct Plan(Mutex<Armed>);

#[derive(Debug)]
struct Armed {
    since: Instant,
    faults: Vec<(Fault, History)>,
}

impl Plan {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self(Mutex::new(Armed::new(faults)))
    }

    /// Puts other faults in place of those that were there. What they count begins anew.
    pub(crate) fn set(&self, faults: Vec<Fault>) {
        *self.lock() = Armed::new(faults);
    }

    /// The fault that a request meets. Faults are asked in their order; one
    /// that comes after the one that is met does not see the request.
    pub(super) fn next(&self, operation: Operation) -> Option<Kind> {
        let mut armed = self.lock();
        let elapsed = armed.since.elapsed();
        armed
            .faults
            .iter_mut()
            .filter(|(fault, _)| fault.concerns(operation))
            .find_map(|(fault, history)| {
                let meets = fault.schedule.decide(history, elapsed);
                meets.then(|| fault.kind.clone())
            })
    }

    /// A history changes by two additions, neither of which can panic.
    fn lock(&self) -> MutexGuard<'_, Armed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn new(faults: Vec<Fault>) -> Self {
        Self {
            since: Instant::now(),
            faults: faults
                .into_iter()
                .map(|fault| (fault, History::default()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_first_fault_that_is_due_wins_and_the_next_has_its_turn_after_it() {
        let texts = ["UploadPart:status=503,times=2", "*:lost,times=1"];
        let plan = Plan::new(texts.map(|text| text.parse().unwrap()).to_vec());
        let next = |operation| plan.next(operation).map(|kind| kind.name());
        assert_eq!(next(Operation::UploadPart), Some("status"));
        assert_eq!(next(Operation::UploadPart), Some("status"));
        assert_eq!(next(Operation::UploadPart), Some("lost"));
        assert_eq!(next(Operation::UploadPart), None);
        plan.set(vec!["*:truncate".parse().unwrap()]);
        assert_eq!(next(Operation::GetCredentials), Some("truncate"));
    }
}
