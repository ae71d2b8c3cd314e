//! What people do with jobs: retry, cancel, prune.

use std::time::SystemTime;

use rusqlite::Transaction;

use crate::moment::millis;
use crate::trouble::Trouble;
use crate::work::page;
use crate::{Job, JobId, Queue, QueueError, Refusal, State, store};

/// Which jobs of the past to forget. Those that have not ended are never among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prune {
    /// Those in these states.
    pub states: Vec<State>,
    /// Those that ended before this.
    pub finished_before: Option<SystemTime>,
    /// All but so many of each state, the latest.
    pub keep: Option<u64>,
}

impl Queue {
    /// Has failed and cancelled jobs tried again, and waiting ones at once. The new state of each.
    pub fn retry(&mut self, ids: &[JobId]) -> Result<Vec<Result<State, Refusal>>, QueueError> {
        self.write("retry jobs", |transaction| {
            change_all(transaction, ids, |job| revive(transaction, job))
        })
    }

    /// Has all failed jobs tried again, except those whose work was queued again since. How many.
    pub fn retry_failed(&mut self) -> Result<u64, QueueError> {
        self.sweep("retry failed jobs", State::Failed, revive)
    }

    /// Makes all waiting jobs due now, whatever they wait for: the link is back, say. How many waited.
    pub fn hasten(&mut self) -> Result<u64, QueueError> {
        let mut hastened = 0;
        loop {
            let count = self.write("hasten jobs", |transaction| {
                let delayed = store::ids(transaction, ANY_DELAYED, [])?;
                for id in &delayed {
                    let mut job = store::indexed(transaction, *id)?;
                    job.hasten();
                    store::update(transaction, &job)?;
                }
                Ok(delayed.len())
            })?;
            if count == 0 {
                return Ok(hastened);
            }
            hastened += u64::try_from(count).unwrap_or(u64::MAX);
        }
    }

    /// Calls jobs off. One that is running stays so until the service, which sees it by
    /// [`Reader::cancel_requested`](crate::Reader::cancel_requested), has settled it. The new state of each.
    pub fn cancel(
        &mut self,
        ids: &[JobId],
        now: SystemTime,
    ) -> Result<Vec<Result<State, Refusal>>, QueueError> {
        self.write("cancel jobs", |transaction| {
            change_all(transaction, ids, |job| Ok(job.cancel(now)))
        })
    }

    /// Forgets jobs of the past, and gives their room back to the file system. How many.
    ///
    /// A file that is still there, and whose job is forgotten, is new to whoever looks at its folder.
    pub fn prune(&mut self, prune: &Prune) -> Result<u64, QueueError> {
        let before = prune.finished_before.map(millis);
        let mut pruned = 0;
        for state in prune.states.iter().copied().filter(|it| it.is_final()) {
            if let Some(before) = before {
                pruned += self.forget(u64::MAX, |transaction, page| {
                    store::ids(transaction, ENDED_BEFORE, [state.code(), before, page])
                })?;
            }
            if let Some(keep) = prune.keep {
                let excess = self.counts()?.of(state).jobs.saturating_sub(keep);
                pruned += self.forget(excess, |transaction, page| {
                    store::ids(transaction, ENDED_FIRST, [state.code(), page])
                })?;
            }
        }
        Ok(pruned)
    }

    /// Deletes what `find` finds, a page at a time, at most `most` jobs.
    fn forget(
        &mut self,
        most: u64,
        find: impl Fn(&Transaction<'_>, i64) -> Result<Vec<JobId>, Trouble>,
    ) -> Result<u64, QueueError> {
        const PAGE: u64 = 500;
        let mut deleted = 0;
        while deleted < most {
            let limit = i64::try_from(PAGE.min(most - deleted)).unwrap_or(i64::MAX);
            let count = self.write("prune jobs", |transaction| {
                let ids = find(transaction, limit)?;
                for id in &ids {
                    store::delete(transaction, *id)?;
                }
                Ok(ids.len())
            })?;
            if count == 0 {
                break;
            }
            deleted += u64::try_from(count).unwrap_or(u64::MAX);
            self.write("give back the room of pruned jobs", |transaction| {
                Ok(store::shrink(transaction)?)
            })?;
        }
        Ok(deleted)
    }

    /// Changes all jobs in a state, a page at a time. How many were changed.
    fn sweep(
        &mut self,
        doing: &'static str,
        state: State,
        change: impl Fn(&Transaction<'_>, &mut Job) -> Result<Result<(), Refusal>, Trouble>,
    ) -> Result<u64, QueueError> {
        let mut changed = 0;
        let mut after = i64::MIN;
        loop {
            let page = self.write(doing, |transaction| {
                let page = page(transaction, state, after)?;
                let outcomes = change_all(transaction, &page, |job| change(transaction, job))?;
                let good = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
                changed += u64::try_from(good).unwrap_or(u64::MAX);
                Ok(page)
            })?;
            match page.last() {
                Some(last) => after = last.number(),
                None => return Ok(changed),
            }
        }
    }
}

pub(crate) const ENDED_BEFORE: &str = "SELECT id FROM jobs INDEXED BY jobs_finished \
     WHERE finished IS NOT NULL AND state = ? AND finished < ? ORDER BY finished LIMIT ?";
pub(crate) const ENDED_FIRST: &str = "SELECT id FROM jobs INDEXED BY jobs_finished \
     WHERE finished IS NOT NULL AND state = ? ORDER BY finished LIMIT ?";
const ANY_DELAYED: &str = "SELECT id FROM jobs INDEXED BY jobs_delayed \
     WHERE state = 0 AND not_before IS NOT NULL LIMIT 500";

/// Changes jobs, each as far as it may be; the state of each afterwards.
fn change_all(
    transaction: &Transaction<'_>,
    ids: &[JobId],
    change: impl Fn(&mut Job) -> Result<Result<(), Refusal>, Trouble>,
) -> Result<Vec<Result<State, Refusal>>, Trouble> {
    let mut outcomes = Vec::with_capacity(ids.len());
    for id in ids {
        let outcome = match store::load(transaction, *id)? {
            None => Err(Refusal::NoSuchJob { id: *id }),
            Some(mut job) => {
                let changed = change(&mut job)?;
                if changed.is_ok() {
                    store::update(transaction, &job)?;
                }
                changed.map(|()| job.state())
            }
        };
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Back to waiting, if the work is not another job's by now.
fn revive(transaction: &Transaction<'_>, job: &mut Job) -> Result<Result<(), Refusal>, Trouble> {
    if !job.current
        && let Some(by) = store::holder(transaction, &job.task.digest())?
    {
        return Ok(Err(Refusal::Overtaken { id: job.id, by }));
    }
    let retried = job.retry();
    if retried.is_ok() {
        job.current = true;
    }
    Ok(retried)
}
