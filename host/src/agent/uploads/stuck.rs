//! Files whose objects are there and that could not be deleted or moved: a folder is not writable, or its disk full.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealift_queue::Job;
use sealift_watch::Fingerprint;
use tokio::time::Instant;

use crate::agent::backoff::Backoff;

/// When they are tried again.
const AGAIN: Backoff = Backoff::new(Duration::from_secs(15), Duration::from_mins(30));

/// So many at most are kept in mind; the next start finds the others.
const MOST: usize = 1000;

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Stuck(Arc<Mutex<Vec<Entry>>>);

/// A file to be dealt with.
#[derive(Clone, Debug)]
pub(super) struct Leftover {
    pub(super) job: Job,
    /// Which version of it was uploaded; that which was queued, if nobody knows any more.
    pub(super) uploaded: Option<Fingerprint>,
    /// How often that went wrong.
    pub(super) tries: u32,
}

impl Leftover {
    /// One that is dealt with for the first time.
    pub(super) fn of(job: Job, uploaded: Option<Fingerprint>) -> Self {
        let tries = 0;
        Self {
            job,
            uploaded,
            tries,
        }
    }
}

#[derive(Debug)]
struct Entry {
    leftover: Leftover,
    due: Instant,
}

impl Stuck {
    /// It went wrong again. Whether it is tried once more before the next start.
    pub(super) fn add(&self, mut leftover: Leftover, now: Instant) -> bool {
        let mut entries = self.entries();
        if entries.len() >= MOST {
            return false;
        }
        leftover.tries = leftover.tries.saturating_add(1);
        let due = now + AGAIN.random_delay(leftover.tries);
        entries.push(Entry { leftover, due });
        true
    }

    /// Those whose time has come.
    pub(super) fn due(&self, now: Instant) -> Vec<Leftover> {
        let mut entries = self.entries();
        let due = entries.extract_if(.., |entry| entry.due <= now);
        due.map(|entry| entry.leftover).collect()
    }

    /// All of them: what was in the way may be gone.
    pub(super) fn all(&self) -> Vec<Leftover> {
        let mut entries = self.entries();
        let all = entries.drain(..);
        all.map(|entry| entry.leftover).collect()
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::test_jobs::{job, watched};

    #[test]
    fn each_is_tried_again_later_and_there_are_not_too_many() {
        let (stuck, now) = (Stuck::default(), Instant::now());
        let leftover = || Leftover::of(job(watched()), None);
        let kept = (0..2 * MOST).filter(|_| stuck.add(leftover(), now));
        assert_eq!(kept.count(), MOST);
        assert!(stuck.due(now).is_empty());
        let later = stuck.due(now + Duration::from_hours(1));
        assert_eq!(later.len(), MOST);
        assert!(later.iter().all(|leftover| leftover.tries == 1));
        assert!(stuck.all().is_empty());
    }
}
