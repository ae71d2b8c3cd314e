//! Adding jobs.

use std::time::SystemTime;

use rusqlite::Transaction;

use crate::trouble::Trouble;
use crate::{Job, JobId, Queue, QueueError, State, Task, store};

/// Work to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// What is to be done.
    pub task: Task,
    /// Whether it is to be done again if it ended before. Otherwise it is known for as long as the
    /// queue remembers it.
    pub again: bool,
}

/// What adding did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// There is a new job.
    New(JobId),
    /// The same work was there already.
    Known {
        /// Which job.
        id: JobId,
        /// Its state.
        state: State,
    },
}

impl Added {
    /// The job, new or known.
    pub fn id(self) -> JobId {
        match self {
            Self::New(id) | Self::Known { id, .. } => id,
        }
    }
}

impl From<Task> for NewJob {
    fn from(task: Task) -> Self {
        Self { task, again: false }
    }
}

impl Queue {
    /// Adds a job, unless the same work is there already.
    ///
    /// The same work has the same source, fingerprint, bucket and key. While it waits or is under way it
    /// is one job, whatever else differs. After it ended it stays known until it is pruned, so that
    /// looking at a folder again uploads nothing twice; unless it is wanted `again`, or has no
    /// fingerprint, without which nobody can tell whether the file is still the same.
    pub fn add(&mut self, job: &NewJob, now: SystemTime) -> Result<Added, QueueError> {
        self.write("add a job", |transaction| {
            let id = store::next_id(transaction)?;
            add(transaction, job, id, now)
        })
    }

    /// Adds several jobs in one transaction: all of them, or none. What was done with each, in order.
    pub fn add_all(&mut self, jobs: &[NewJob], now: SystemTime) -> Result<Vec<Added>, QueueError> {
        self.write("add jobs", |transaction| {
            let mut next = store::next_id(transaction)?;
            let mut all = Vec::with_capacity(jobs.len());
            for job in jobs {
                let added = add(transaction, job, next, now)?;
                next += i64::from(matches!(added, Added::New(_)));
                all.push(added);
            }
            Ok(all)
        })
    }
}

fn add(
    transaction: &Transaction<'_>,
    job: &NewJob,
    next: i64,
    now: SystemTime,
) -> Result<Added, Trouble> {
    if let Some(id) = store::holder(transaction, &job.task.digest())? {
        let mut known = store::indexed(transaction, id)?;
        let state = known.state();
        if !(job.again && state.is_final()) {
            return Ok(Added::Known { id, state });
        }
        known.current = false;
        store::update(transaction, &known)?;
    }
    let id = JobId::new(next);
    store::insert(transaction, &Job::new(id, job.task.clone(), now))?;
    Ok(Added::New(id))
}
