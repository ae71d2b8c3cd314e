//! What a trial has not shown, for as long as the process lives.

/// As often in a row may the network fail for a component on trial and not for the one before it: a bad link fails for one of
/// them now and then, a component that talks to the wrong host each time.
const MOST_FAILURES: u32 = 3;

/// After so many jobs in a row that say nothing, each of which was sent twice, only a share of the jobs are tried.
const MOST_IN_VAIN: u32 = 10;

/// One job of so many is tried then.
const SHARE: u32 = 16;

/// Counts of a trial.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    network: u32,
    in_vain: u32,
    passed: u32,
}

impl Doubts {
    /// Whether the next job may be tried.
    pub(super) fn may_try(&mut self) -> bool {
        if self.in_vain < MOST_IN_VAIN {
            return true;
        }
        self.passed = self.passed.wrapping_add(1);
        self.passed.is_multiple_of(SHARE)
    }

    /// A job told something of the component.
    pub(super) fn told(&mut self) {
        *self = Self::default();
    }

    /// A job that was run on both told nothing.
    pub(super) fn in_vain(&mut self) {
        self.in_vain = self.in_vain.saturating_add(1);
    }

    /// The network failed for the component on trial. Whether that is held against it by now, where it did not fail for the
    /// other one.
    pub(super) fn network_failed(&mut self, others_went_well: bool) -> bool {
        if !others_went_well {
            return false;
        }
        self.network += 1;
        let too_often = self.network >= MOST_FAILURES;
        if too_often {
            self.network = 0;
        }
        too_often
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_to_blame_until_it_fails_for_one_component_alone_again_and_again() {
        let mut doubts = Doubts::default();
        assert!(!(0..100).any(|_| doubts.network_failed(false)));
        assert!(!doubts.network_failed(true));
        assert!(!doubts.network_failed(true));
        doubts.told();
        assert!(!doubts.network_failed(true));
        assert!(!doubts.network_failed(true));
        assert!(doubts.network_failed(true));
    }

    #[test]
    fn jobs_that_fail_on_both_are_not_all_sent_twice() {
        let mut doubts = Doubts::default();
        let tried = (0..1000).filter(|_| {
            let tried = doubts.may_try();
            if tried {
                doubts.in_vain();
            }
            tried
        });
        assert_eq!(tried.count(), 10 + 990 / 16);
        doubts.told();
        assert!(doubts.may_try());
    }
}
