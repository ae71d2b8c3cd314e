//! What can be asked of a queue.

use std::cell::Cell;
use std::time::SystemTime;

use rusqlite::Connection;

use crate::course::LONGEST_DELAY;
use crate::moment::{millis, moment};
use crate::place::Place;
use crate::trouble::Trouble;
use crate::usage::Usage;
use crate::{Job, JobId, QueueError, State, store};

/// The most jobs of one list.
pub const LARGEST_PAGE: usize = 1000;

/// The queue as one can look at it. [`Queue`](crate::Queue) can do this too.
#[derive(Debug)]
pub struct Reader {
    // Before the usage: what the database is like once it is closed is noted there.
    pub(crate) connection: Connection,
    pub(crate) usage: Option<Usage>,
    pub(crate) place: Place,
    pub(crate) version_seen: Cell<Option<i64>>,
}

/// Which jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those in one of these states; all if there is none.
    pub states: Vec<State>,
}

/// How many jobs there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([Tally; State::ALL.len()]);

/// Jobs, and the bytes of their sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub jobs: u64,
    /// Bytes of all their sources when they were queued.
    pub bytes: u64,
}

impl Reader {
    pub(crate) fn new(connection: Connection, usage: Option<Usage>, place: Place) -> Self {
        Self {
            connection,
            usage,
            place,
            version_seen: Cell::new(None),
        }
    }

    /// Jobs in the order of their numbers: those after `after`, at most `limit` and at most
    /// [`LARGEST_PAGE`].
    pub fn list(
        &self,
        filter: &Filter,
        after: Option<JobId>,
        limit: usize,
    ) -> Result<Vec<Job>, QueueError> {
        const ALL: &str = "SELECT id FROM jobs WHERE id > ? ORDER BY id LIMIT ?";
        let after = after.map_or(i64::MIN, JobId::number);
        let limit = limit.min(LARGEST_PAGE);
        let page = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read("list the jobs", |connection| {
            let mut ids = Vec::new();
            if filter.states.is_empty() {
                ids = store::ids(connection, ALL, [after, page])?;
            }
            for state in &filter.states {
                let found = store::ids(connection, IN_STATE, [state.code(), after, page])?;
                ids.extend(found);
            }
            ids.sort_unstable();
            ids.dedup();
            ids.truncate(limit);
            load_all(connection, &ids)
        })
    }

    /// The job of this number.
    pub fn show(&self, id: JobId) -> Result<Option<Job>, QueueError> {
        self.read("look at a job", |connection| store::load(connection, id))
    }

    /// How many jobs are in which state, and how large their sources are.
    pub fn counts(&self) -> Result<Counts, QueueError> {
        self.read("count the jobs", |connection| {
            let mut counts = Counts::default();
            let mut statement = connection.prepare_cached(COUNT)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let tally = Tally {
                    jobs: row.get::<_, i64>(1)?.unsigned_abs(),
                    // A float, so that no sum is too large.
                    bytes: to_bytes(row.get(2)?),
                };
                if let Some(state) = State::from_code(row.get(0)?) {
                    counts.0[index(state)] = tally;
                }
            }
            Ok(counts)
        })
    }

    /// When there will be something to claim: `now` if there is, none if nothing waits.
    pub fn next_due(&self, now: SystemTime) -> Result<Option<SystemTime>, QueueError> {
        self.read("look for the next job", |connection| {
            if !store::ids(connection, DUE, [1])?.is_empty() {
                return Ok(Some(now));
            }
            let edge = |query| -> Result<Option<i64>, Trouble> {
                Ok(connection
                    .prepare_cached(query)?
                    .query_row([], |row| row.get(0))?)
            };
            let (Some(first), Some(last)) = (edge(FIRST_DELAYED)?, edge(LAST_DELAYED)?) else {
                return Ok(None);
            };
            let wrong = last > millis(now + LONGEST_DELAY);
            Ok(Some(if wrong { now } else { moment(first).max(now) }))
        })
    }

    /// Running jobs that somebody called off.
    pub fn cancel_requested(&self) -> Result<Vec<JobId>, QueueError> {
        self.read("look for cancelled jobs", |connection| {
            store::ids(connection, CANCELLING, [])
        })
    }

    /// Jobs whose object is there and whose source has not been dealt with: at the start of a
    /// service, those between whose two steps it ended. In pages, like [`Reader::list`].
    pub fn pending_disposals(
        &self,
        after: Option<JobId>,
        limit: usize,
    ) -> Result<Vec<Job>, QueueError> {
        let states = vec![State::Uploaded];
        self.list(&Filter { states }, after, limit)
    }

    /// Whether another connection has changed the queue since this was asked last: cheap, to be asked
    /// often. The first answer is true.
    pub fn changed_elsewhere(&self) -> Result<bool, QueueError> {
        self.read("look for changes", |connection| {
            let version: i64 =
                connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
            Ok(self.version_seen.replace(Some(version)) != Some(version))
        })
    }

    /// Reads within one transaction.
    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Trouble>,
    ) -> Result<T, QueueError> {
        let outcome = || {
            let transaction = self.connection.unchecked_transaction()?;
            let found = work(&transaction)?;
            transaction.finish()?;
            Ok(found)
        };
        outcome().map_err(|trouble| self.explain(doing, trouble))
    }

    pub(crate) fn explain(&self, doing: &'static str, trouble: Trouble) -> QueueError {
        if trouble.is_damage()
            && let Some(usage) = &self.usage
        {
            usage.suspect();
        }
        trouble.explain(doing, &self.place)
    }
}

impl Counts {
    /// Those in this state.
    pub fn of(&self, state: State) -> Tally {
        self.0[index(state)]
    }
}

/// The next to claim.
pub(crate) const DUE: &str = "SELECT id FROM jobs INDEXED BY jobs_due \
     WHERE state = 0 AND not_before IS NULL ORDER BY priority DESC, id LIMIT ?";
/// Those in a state.
pub(crate) const IN_STATE: &str = "SELECT id FROM jobs INDEXED BY jobs_state \
     WHERE state = ? AND id > ? ORDER BY id LIMIT ?";
pub(crate) const COUNT: &str =
    "SELECT state, count(*), total(size) FROM jobs INDEXED BY jobs_state GROUP BY state";
pub(crate) const FIRST_DELAYED: &str = "SELECT min(not_before) FROM jobs INDEXED BY jobs_delayed \
     WHERE state = 0 AND not_before IS NOT NULL";
pub(crate) const LAST_DELAYED: &str = "SELECT max(not_before) FROM jobs INDEXED BY jobs_delayed \
     WHERE state = 0 AND not_before IS NOT NULL";
pub(crate) const CANCELLING: &str =
    "SELECT id FROM jobs INDEXED BY jobs_cancelling WHERE cancelling = 1 ORDER BY id";

fn load_all(connection: &Connection, ids: &[JobId]) -> Result<Vec<Job>, Trouble> {
    let mut jobs = Vec::with_capacity(ids.len());
    for id in ids {
        jobs.extend(store::load(connection, *id)?);
    }
    Ok(jobs)
}

fn index(state: State) -> usize {
    state as usize
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are not negative, and the conversion saturates"
)]
fn to_bytes(total: f64) -> u64 {
    total as u64
}
