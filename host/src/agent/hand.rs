//! Jobs that are claimed and not begun, and which of them begins next.
//!
//! A few jobs are claimed at once, since each claim is a transaction. An urgent file must not wait for
//! others: one place is kept free of large files, what is claimed later goes before what is
//! claimed already, if it is more urgent, and where all places are taken by files that are less
//! urgent, which on a slow link can be small ones too, there is one place more.

use sealift_queue::{Job, Target};

/// A file of this size, in bytes, is one that takes a place for long.
const LARGE: u64 = 1024 * 1024;

/// Claimed jobs, the next one first.
#[derive(Debug, Default)]
pub(super) struct Hand(Vec<Job>);

/// The places of uploads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// How many there are.
    pub(super) all: usize,
    /// How many are taken.
    pub(super) taken: usize,
    /// By large files.
    pub(super) taken_by_large: usize,
    /// The highest priority among those that took them.
    pub(super) highest: Option<i8>,
}

/// Whether a file of this size takes a place for long.
pub(super) fn is_large(size: u64) -> bool {
    size > LARGE
}

impl Places {
    fn has_room_for(self, job: &Job) -> bool {
        let is_large = is_large(job.task.size);
        let is_free = self.taken < self.all && (!is_large || self.taken_by_large + 1 < self.all);
        let is_more_urgent = self
            .highest
            .is_none_or(|highest| job.task.priority > highest);
        is_free || (self.taken <= self.all && is_more_urgent)
    }
}

impl Hand {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes up claimed jobs.
    pub(super) fn take_up(&mut self, jobs: Vec<Job>) {
        self.0.extend(jobs);
        let urgency = |job: &Job| (std::cmp::Reverse(job.task.priority), job.id);
        self.0.sort_by_key(urgency);
    }

    /// The next that has a place, and whose object nobody is sending. Two versions of a file under way at once
    /// could be stored in either order, and the newer one is deleted when it was stored first, too.
    pub(super) fn next(
        &mut self,
        places: Places,
        is_sent: impl Fn(&Target) -> bool,
    ) -> Option<Job> {
        let next = |job: &Job| places.has_room_for(job) && !is_sent(&job.task.target);
        let next = self.0.iter().position(next)?;
        Some(self.0.remove(next))
    }

    /// Those that are too many, the least urgent ones.
    pub(super) fn lay_down(&mut self, most: usize) -> Vec<Job> {
        self.0.split_off(most.min(self.0.len()))
    }

    /// Takes one out.
    pub(super) fn remove(&mut self, wanted: impl Fn(&Job) -> bool) -> Option<Job> {
        let place = self.0.iter().position(wanted)?;
        Some(self.0.remove(place))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::agent::test_jobs;

    /// Jobs of these priorities and sizes in bytes, claimed.
    fn jobs(all: &[(i8, u64)]) -> Vec<Job> {
        let tasks = all.iter().enumerate().map(|(number, (priority, size))| {
            let mut task = test_jobs::task(&number.to_string(), test_jobs::watched());
            (task.priority, task.size) = (*priority, *size);
            task
        });
        test_jobs::claimed(tasks.collect())
    }

    fn places(taken: usize, taken_by_large: usize) -> Places {
        Places {
            all: 2,
            taken,
            taken_by_large,
            highest: (taken > 0).then_some(5),
        }
    }

    #[test]
    fn the_last_place_is_kept_free_of_large_files() {
        let mut hand = Hand::default();
        hand.take_up(jobs(&[(5, LARGE + 1), (5, LARGE + 1), (5, LARGE)]));
        let first = hand.next(places(0, 0), |_| false).unwrap();
        assert_eq!(first.task.target.key(), "0");
        let second = hand.next(places(1, 1), |_| false).unwrap();
        assert_eq!(second.task.target.key(), "2");
        assert!(hand.next(places(1, 1), |_| false).is_none());
        assert!(hand.next(places(2, 1), |_| false).is_none());
    }

    #[test]
    fn a_newer_version_waits_while_an_older_one_is_sent_and_others_do_not() {
        let mut hand = Hand::default();
        hand.take_up(jobs(&[(9, 0), (5, 0)]));
        let newer = hand.0[0].task.target.clone();
        let other = hand.next(places(1, 0), |target| *target == newer);
        assert_eq!(other.unwrap().task.target.key(), "1");
        assert!(hand.next(places(1, 0), |target| *target == newer).is_none());
        let after = hand.next(places(0, 0), |_| false);
        assert_eq!(after.unwrap().task.target, newer);
    }

    #[test]
    fn one_that_is_more_urgent_than_all_that_took_a_place_has_one_more() {
        let mut hand = Hand::default();
        hand.take_up(jobs(&[(6, LARGE), (6, LARGE + 1), (5, 0)]));
        // None for the others, nor for a second one.
        assert_eq!(
            hand.next(places(2, 0), |_| false)
                .unwrap()
                .task
                .target
                .key(),
            "0"
        );
        assert!(hand.next(places(3, 0), |_| false).is_none());
        assert_eq!(
            hand.next(places(2, 1), |_| false)
                .unwrap()
                .task
                .target
                .key(),
            "1"
        );
        assert!(hand.next(places(2, 0), |_| false).is_none());
    }

    #[test]
    fn what_is_more_urgent_goes_first_whenever_it_came() {
        let mut hand = Hand::default();
        let mut all = jobs(&[(9, 0), (5, 0), (5, 1)]);
        let rest = all.split_off(1);
        hand.take_up(rest);
        hand.take_up(all);
        assert_eq!(hand.next(places(0, 0), |_| false).unwrap().task.priority, 9);
        let laid_down = hand.lay_down(1);
        assert_eq!(laid_down.len(), 1);
        assert_eq!(laid_down[0].task.size, 1);
        assert_eq!(hand.len(), 1);
    }
}
