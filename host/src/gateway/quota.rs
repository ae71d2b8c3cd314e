//! The retry quota: what all jobs of a process may spend on trying again.
//!
//! Attempts and waits are the component's business, and bounded for each job alone. When a service is
//! down or a link is dead, though, a thousand jobs with three attempts each are three thousand
//! requests that burn a data plan and keep the service down. So retries cost, and successes pay
//! back ("Retry behavior", AWS SDKs and Tools Reference Guide, standard mode).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sandbox::{Failure, NoRetryLeft};

/// A full quota.
const CAPACITY: u32 = 500;

/// A retry after an error that the service answered.
const RETRY: u32 = 5;

/// A retry after a time limit or a failure of the network.
const RETRY_UNANSWERED: u32 = 10;

/// What a success pays that no retry came before.
const SUCCESS: u32 = 1;

/// Retries of one job that can be paid back: more than it has requests under way.
const MOST_OPEN: usize = 64;

/// The quota of a process.
#[derive(Debug)]
pub(super) struct Quota(Mutex<u32>);

/// The account of one job.
#[derive(Debug)]
pub(super) struct Retries {
    quota: Arc<Quota>,
    /// What the retries cost that no success came after yet.
    open: Mutex<Vec<u32>>,
}

impl Default for Quota {
    fn default() -> Self {
        Self(Mutex::new(CAPACITY))
    }
}

impl Quota {
    fn draw(&self, cost: u32) -> Result<(), NoRetryLeft> {
        let mut left = lock(&self.0);
        *left = left.checked_sub(cost).ok_or(NoRetryLeft)?;
        Ok(())
    }

    fn pay(&self, sum: u32) {
        let mut left = lock(&self.0);
        *left = (*left + sum).min(CAPACITY);
    }
}

impl Retries {
    pub(super) fn new(quota: Arc<Quota>) -> Self {
        Self {
            quota,
            open: Mutex::default(),
        }
    }

    /// The job wants to try again.
    pub(super) fn retry(&self, failure: Failure) -> Result<(), NoRetryLeft> {
        let cost = match failure {
            Failure::Answered => RETRY,
            Failure::Unanswered => RETRY_UNANSWERED,
        };
        self.quota.draw(cost)?;
        let mut open = lock(&self.open);
        if open.len() < MOST_OPEN {
            open.push(cost);
        }
        Ok(())
    }

    /// A request of the job was answered with success.
    pub(super) fn success(&self) {
        let sum = lock(&self.open).pop().unwrap_or(SUCCESS);
        self.quota.pay(sum);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn left(quota: &Quota) -> u32 {
        *lock(&quota.0)
    }

    #[test]
    fn a_dead_link_ends_the_retries_of_all_jobs_together() {
        let quota = Arc::new(Quota::default());
        let jobs = [(); 2].map(|()| Retries::new(Arc::clone(&quota)));
        for round in 0..25 {
            for job in &jobs {
                assert_eq!(job.retry(Failure::Unanswered), Ok(()), "{round}");
            }
        }
        for job in &jobs {
            assert_eq!(job.retry(Failure::Unanswered), Err(NoRetryLeft));
            assert_eq!(job.retry(Failure::Answered), Err(NoRetryLeft));
        }
    }

    #[test]
    fn a_success_pays_back_the_retry_before_it_or_a_little() {
        let quota = Arc::new(Quota::default());
        let job = Retries::new(Arc::clone(&quota));
        job.retry(Failure::Answered).unwrap_or_default();
        job.retry(Failure::Unanswered).unwrap_or_default();
        assert_eq!(left(&quota), 485);
        for (success, expected) in [(1, 495), (2, 500), (3, 500)] {
            job.success();
            assert_eq!(left(&quota), expected, "{success}");
        }
        job.retry(Failure::Answered).unwrap_or_default();
        Retries::new(Arc::clone(&quota)).success();
        assert_eq!(left(&quota), 496);
    }

    proptest! {
        #[test]
        fn whatever_happens_the_quota_is_neither_overdrawn_nor_overfull(
            events in prop::collection::vec(0_u8..3, 0..2000),
        ) {
            let quota = Arc::new(Quota::default());
            let job = Retries::new(Arc::clone(&quota));
            for event in events {
                let before = left(&quota);
                match event {
                    0 => job.success(),
                    1 => prop_assert_eq!(job.retry(Failure::Answered).is_ok(), before >= 5),
                    _ => prop_assert_eq!(job.retry(Failure::Unanswered).is_ok(), before >= 10),
                }
                prop_assert!(left(&quota) <= CAPACITY);
                prop_assert!(lock(&job.open).len() <= MOST_OPEN);
            }
        }
    }
}
