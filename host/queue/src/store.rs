//! Jobs in the database, one at a time.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params, params_from_iter};

use crate::row::{COLUMNS, Damage, decode, encode};
use crate::trouble::Trouble;
use crate::{Job, JobId};

/// How long another process may hold the database. Transactions take milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pages in memory, in KiB. It does not grow with the queue.
const CACHE_KIB: i64 = 2048;
/// The log is cut back to this size once its pages are in the database, in bytes.
const LOG_SIZE: i64 = 4 << 20;

/// A connection that can write.
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Before anything is in it: it cannot be changed later.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    // Where the file system has no shared memory, the answer is another mode, and as durable.
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_SIZE, |_| Ok(()))?;
    Ok(connection)
}

/// A connection that only reads, and leaves the files as they are.
pub(crate) fn connect_reading(path: &Path) -> rusqlite::Result<Connection> {
    connect_with(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// A connection with the settings that all have.
pub(crate) fn connect_with(path: &Path, how: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, how | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // What a damaged file says is not believed.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// The number of the next job.
pub(crate) fn next_id(connection: &Connection) -> Result<i64, Trouble> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'jobs'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or(0).saturating_add(1))
}

/// Adds a job.
pub(crate) fn insert(connection: &Connection, job: &Job) -> Result<(), Trouble> {
    const INSERT: &str = "INSERT INTO jobs VALUES \
         (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    connection
        .prepare_cached(INSERT)?
        .execute(params_from_iter(encode(job)))?;
    Ok(())
}

/// Writes what has become of a job.
pub(crate) fn update(connection: &Connection, job: &Job) -> Result<(), Trouble> {
    // The task is not among it.
    const UPDATE: &str = "UPDATE jobs SET digest = ?2, state = ?13, not_before = ?14, owner = ?15, \
         cancelling = ?16, receipt = ?17, finished = ?18, attempts = ?19, last_attempt = ?20, \
         failure_kind = ?21, failure = ?22, sent = ?23, seal = ?24 WHERE id = ?1";
    let mut statement = connection.prepare_cached(UPDATE)?;
    let row = encode(job);
    for (place, value) in row.iter().enumerate() {
        // SQLite knows of the parameters up to the highest; those it does not use it takes.
        statement.raw_bind_parameter(place + 1, value)?;
    }
    statement.raw_execute()?;
    Ok(())
}

/// The job of this number.
pub(crate) fn load(connection: &Connection, id: JobId) -> Result<Option<Job>, Trouble> {
    let query = format!("SELECT {COLUMNS} FROM jobs WHERE id = ?");
    let mut statement = connection.prepare_cached(&query)?;
    let mut rows = statement.query([id.number()])?;
    match rows.next()? {
        Some(row) => Ok(Some(decode(row)?)),
        None => Ok(None),
    }
}

/// The job of a number that an index told.
pub(crate) fn indexed(connection: &Connection, id: JobId) -> Result<Job, Trouble> {
    Ok(load(connection, id)?.ok_or_else(|| Damage(format!("an index knows of a job {id}")))?)
}

/// The job that stands for the work with this digest.
pub(crate) fn holder(connection: &Connection, digest: &[u8]) -> Result<Option<JobId>, Trouble> {
    Ok(connection
        .prepare_cached("SELECT id FROM jobs INDEXED BY jobs_identity WHERE digest = ?")?
        .query_row([digest], |row| row.get(0).map(JobId::new))
        .optional()?)
}

/// The numbers that a query answers.
pub(crate) fn ids(
    connection: &Connection,
    query: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<JobId>, Trouble> {
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map(parameters, |row| row.get(0).map(JobId::new))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Frees the room of rows that were deleted, a bounded piece of it.
pub(crate) fn shrink(connection: &Connection) -> rusqlite::Result<()> {
    const PAGES: i64 = 256;
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    // It frees a page with each step.
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// Removes a job.
pub(crate) fn delete(connection: &Connection, id: JobId) -> Result<(), Trouble> {
    connection
        .prepare_cached("DELETE FROM jobs WHERE id = ?")?
        .execute(params![id.number()])?;
    Ok(())
}
