//! How often one job may have credentials fetched.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Fetches without anything to show for them: for a first set, for one that was withdrawn, and some for
/// bad links. What wants more burns a data plan.
const MOST: u32 = 8;

/// The fetches of one job.
///
/// A job may take days, and its credentials an hour: it is not the number of fetches that tells a job
/// from one that only fetches, but whether it gets on. So the account is full again for a fetch that is
/// due, because there are no credentials any more, after the store took something of the job.
/// Credentials that a component calls rejected before their time are not due, whatever it sends in
/// between: otherwise a fetch for each byte would be progress too.
#[derive(Debug)]
pub(super) struct Fetches(Mutex<Account>);

#[derive(Debug)]
struct Account {
    left: u32,
    /// Whether the store took something since the latest fetch.
    progressed: bool,
}

/// There is no fetch left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MOST} fetches of credentials did not bring this job any further")]
pub(super) struct NoneLeft;

impl Default for Fetches {
    fn default() -> Self {
        Self(Mutex::new(Account {
            left: MOST,
            progressed: false,
        }))
    }
}

impl Fetches {
    /// The store took something of the job.
    pub(super) fn progressed(&self) {
        self.account().progressed = true;
    }

    /// Whether another fetch may be made; `early` if it is for credentials that are not at their end.
    pub(super) fn allow(&self, early: bool) -> Result<(), NoneLeft> {
        if self.account().left_for(early) == 0 {
            return Err(NoneLeft);
        }
        Ok(())
    }

    /// A fetch is made. Only this fills the account again: asking for credentials that turn out to be
    /// there costs nothing, and earns nothing.
    pub(super) fn count(&self, early: bool) {
        let mut account = self.account();
        account.left = account.left_for(early).saturating_sub(1);
        account.progressed = false;
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn left_for(&self, early: bool) -> u32 {
        if self.progressed && !early {
            MOST
        } else {
            self.left
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for a fetch, and makes it if there is one left.
    fn fetch(fetches: &Fetches, early: bool) -> Result<(), NoneLeft> {
        fetches.allow(early)?;
        fetches.count(early);
        Ok(())
    }

    #[test]
    fn a_job_that_gets_on_has_credentials_renewed_for_ever() {
        let fetches = Fetches::default();
        for hour in 0..1000 {
            assert_eq!(fetch(&fetches, false), Ok(()), "{hour}");
            fetches.progressed();
        }
    }

    #[test]
    fn a_job_that_gets_nowhere_has_eight() {
        for early in [true, false] {
            let fetches = Fetches::default();
            for _ in 0..8 {
                assert_eq!(fetch(&fetches, early), Ok(()));
            }
            assert_eq!(fetch(&fetches, early), Err(NoneLeft));
        }
    }

    #[test]
    fn rejecting_what_is_good_is_no_way_to_more_whatever_is_sent_in_between() {
        let fetches = Fetches::default();
        for _ in 0..8 {
            fetches.progressed();
            assert_eq!(fetch(&fetches, true), Ok(()));
        }
        fetches.progressed();
        assert_eq!(fetch(&fetches, true), Err(NoneLeft));
        // What is due in its time is another matter.
        assert_eq!(fetch(&fetches, false), Ok(()));
    }

    #[test]
    fn asking_for_what_is_there_is_no_way_to_more_either() {
        let fetches = Fetches::default();
        for _ in 0..8 {
            assert_eq!(fetch(&fetches, true), Ok(()));
            fetches.progressed();
            // Answered from what is held: nothing is fetched.
            assert_eq!(fetches.allow(false), Ok(()));
        }
        assert_eq!(fetch(&fetches, true), Err(NoneLeft));
    }

    #[test]
    fn a_success_counts_once() {
        let fetches = Fetches::default();
        fetches.progressed();
        for _ in 0..8 {
            assert_eq!(fetch(&fetches, false), Ok(()));
        }
        assert_eq!(fetch(&fetches, false), Err(NoneLeft));
    }
}
