//! What the service does: claims jobs and settles them.

use std::time::SystemTime;

use rusqlite::Transaction;

use crate::course::LONGEST_DELAY;
use crate::moment::millis;
use crate::reader::{DUE, IN_STATE};
use crate::row::Damage;
use crate::trouble::Trouble;
use crate::{
    Job, JobId, LARGEST_PAGE, Outcome, Owner, Queue, QueueError, Refusal, Settlement, State, store,
};

/// Jobs that become due in one transaction. Where more are due at once, as after a long night, the
/// order of priorities holds among these.
const MOST_AWAKENED: i64 = 1000;

impl Queue {
    /// Claims up to `count` jobs that are due, at most [`LARGEST_PAGE`]: the highest priority first,
    /// then the lowest number. They are running when this returns.
    pub fn claim(
        &mut self,
        owner: &Owner,
        count: usize,
        now: SystemTime,
    ) -> Result<Vec<Job>, QueueError> {
        let count = i64::try_from(count.min(LARGEST_PAGE)).unwrap_or(i64::MAX);
        self.write("claim jobs", |transaction| {
            awaken(transaction, now)?;
            let mut jobs = Vec::new();
            for id in store::ids(transaction, DUE, [count])? {
                let mut job = store::indexed(transaction, id)?;
                job.begin(owner, now)
                    .map_err(|refusal| Damage(format!("an index is wrong: {refusal}")))?;
                store::update(transaction, &job)?;
                jobs.push(job);
            }
            Ok(jobs)
        })
    }

    /// Writes down how an attempt ended, and the bytes that it sent; the state that the job is in now.
    pub fn settle(
        &mut self,
        id: JobId,
        outcome: Outcome,
        sent: u64,
        now: SystemTime,
    ) -> Result<State, QueueError> {
        let settlement = Settlement { id, outcome, sent };
        self.write("settle a job", |transaction| {
            Ok(settle(transaction, settlement, now)??)
        })
    }

    /// Writes down how several attempts ended, in one transaction. Each job's new state, in order; one
    /// that is refused does not keep the others from being settled.
    pub fn settle_all(
        &mut self,
        settlements: &[Settlement],
        now: SystemTime,
    ) -> Result<Vec<Result<State, Refusal>>, QueueError> {
        self.write("settle jobs", |transaction| {
            settlements
                .iter()
                .map(|settlement| settle(transaction, settlement.clone(), now))
                .collect()
        })
    }

    /// Puts back what is running under other owners, who are gone: the service calls it at its start,
    /// with its [`ServiceLock`](crate::ServiceLock) taken. How many jobs that were.
    pub fn recover(&mut self, owner: &Owner, now: SystemTime) -> Result<u64, QueueError> {
        let mut recovered = 0;
        let mut after = i64::MIN;
        loop {
            let page = self.write("put back the jobs of the last run", |transaction| {
                let page = page(transaction, State::Running, after)?;
                for id in &page {
                    let mut job = store::indexed(transaction, *id)?;
                    if job.recover(owner, now) {
                        store::update(transaction, &job)?;
                        recovered += 1;
                    }
                }
                Ok(page)
            })?;
            match page.last() {
                Some(last) => after = last.number(),
                None => return Ok(recovered),
            }
        }
    }
}

/// A page of the jobs in a state: what one transaction of a long errand takes.
pub(crate) fn page(
    transaction: &Transaction<'_>,
    state: State,
    after: i64,
) -> Result<Vec<JobId>, Trouble> {
    const PAGE: i64 = 500;
    store::ids(transaction, IN_STATE, [state.code(), after, PAGE])
}

/// Makes due what has waited for long enough.
fn awaken(transaction: &Transaction<'_>, now: SystemTime) -> Result<(), Trouble> {
    let awakened = store::ids(transaction, DELAYED, [millis(now), MOST_AWAKENED])?;
    // Nobody waits for so long: the clock was put back since.
    let wrong = [millis(now + LONGEST_DELAY), MOST_AWAKENED];
    for id in awakened
        .into_iter()
        .chain(store::ids(transaction, DELAYED_BY_A_WRONG_CLOCK, wrong)?)
    {
        let mut job = store::indexed(transaction, id)?;
        job.hasten();
        store::update(transaction, &job)?;
    }
    Ok(())
}

pub(crate) const DELAYED: &str = "SELECT id FROM jobs INDEXED BY jobs_delayed \
     WHERE state = 0 AND not_before IS NOT NULL AND not_before <= ? ORDER BY not_before LIMIT ?";
pub(crate) const DELAYED_BY_A_WRONG_CLOCK: &str = "SELECT id FROM jobs INDEXED BY jobs_delayed \
     WHERE state = 0 AND not_before IS NOT NULL AND not_before > ? ORDER BY not_before LIMIT ?";

/// The outer error ends the transaction.
fn settle(
    transaction: &Transaction<'_>,
    settlement: Settlement,
    now: SystemTime,
) -> Result<Result<State, Refusal>, Trouble> {
    let Settlement { id, outcome, sent } = settlement;
    let Some(mut job) = store::load(transaction, id)? else {
        return Ok(Err(Refusal::NoSuchJob { id }));
    };
    if let Err(refusal) = job.settle(outcome, sent, now) {
        return Ok(Err(refusal));
    }
    store::update(transaction, &job)?;
    Ok(Ok(job.state()))
}
