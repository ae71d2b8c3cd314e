//! A new database in the place of a damaged one.
//!
//! The new one is a draft until it is whole, then `queue.sqlite.repaired-N`: from then on, the damaged
//! one is moved to `queue.sqlite.damaged-N` and the new one to its place. Whoever finds that half done
//! after a loss of power does the rest.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use crate::place::{Place, beside, open_private, refused, remove, rename};
use crate::salvage::salvage;
use crate::schema::{MIGRATIONS, migrate};
use crate::store::{connect, connect_reading};
use crate::trouble::Trouble;
use crate::{JobId, QueueError, rescue};

/// Damaged databases that are kept; of more, the oldest are removed.
pub const DAMAGED_KEPT: u32 = 8;
/// Lost jobs that a [`Report`] names.
pub const LOST_NAMED: usize = 1000;

/// What was wrong with the queue that was found, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What was wrong.
    pub cause: Cause,
    /// Jobs that are in the new queue.
    pub kept: u64,
    /// Jobs that are not, as far as anything told of them.
    pub lost: u64,
    /// The first [`LOST_NAMED`] of these.
    pub lost_jobs: Vec<LostJob>,
    /// Whether there may have been more: a part could not be read, and nothing told what was in it.
    pub incomplete: bool,
    /// Whether what was sent on some day is lost, so that a budget may be exceeded.
    pub budget_lost: bool,
}

/// What was wrong with a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The file was not there, although there had been one.
    Missing,
    /// It was not what had been written.
    Damaged {
        /// What was found first.
        damage: String,
        /// Where the file is now.
        moved_to: PathBuf,
    },
}

/// What is known of a job that was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostJob {
    /// Its number.
    pub id: JobId,
    /// Its source, if it could be read; the bytes may be damaged too.
    pub source: Option<PathBuf>,
}

pub(crate) const REPAIRING: &str = "save what can be read of the damaged queue";
const MAKING: &str = "make the queue";

/// Makes an empty database; a report if there should have been one.
pub(crate) fn create(place: &Place, is_new: bool) -> Result<Option<Report>, QueueError> {
    draft(place, MAKING, |_| Ok(()))?;
    // A log without its database is of no use, and would be taken for the new one's.
    let had_log = place.has_log();
    install(place, &place.draft(), MAKING)?;
    Ok((!is_new || had_log).then_some(Report {
        cause: Cause::Missing,
        kept: 0,
        lost: 0,
        lost_jobs: Vec::new(),
        incomplete: true,
        budget_lost: true,
    }))
}

/// Moves the damaged database aside, and saves what can be read of it.
pub(crate) fn repair(place: &Place, damage: &str) -> Result<Report, QueueError> {
    let failed = |source| refused(REPAIRING, place.directory(), source);
    let last = place.numbers("damaged").map_err(failed)?.pop().unwrap_or(0);
    let number = last.saturating_add(1);
    let old = rescue::source(place)?;
    draft(place, REPAIRING, |new| {
        let transaction = new.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let harvest = salvage(&old.connection, &transaction, number)?;
        transaction.execute(
            "INSERT INTO repairs VALUES (?, ?, ?, ?, ?, ?)",
            (
                number,
                damage,
                harvest.kept,
                harvest.lost,
                harvest.incomplete || old.without_log,
                harvest.budget_lost,
            ),
        )?;
        transaction.commit()?;
        Ok(())
    })?;
    drop(old);
    discard(&place.rescue()).map_err(failed)?;
    rename(&place.draft(), &place.repaired(number))
        .and_then(|()| place.sync())
        .map_err(failed)?;
    report(place, number)
}

/// Does the rest of a repair that a loss of power ended.
pub(crate) fn finish(place: &Place) -> Result<Option<Report>, QueueError> {
    discard_draft(place).map_err(|source| refused(REPAIRING, &place.draft(), source))?;
    let numbers = place
        .numbers("repaired")
        .map_err(|source| refused(REPAIRING, place.directory(), source))?;
    match numbers.first() {
        Some(number) => report(place, *number).map(Some),
        None => Ok(None),
    }
}

/// Puts a repaired database into its place, and tells what it has to tell.
fn report(place: &Place, number: u32) -> Result<Report, QueueError> {
    let moved_to = place.damaged(number);
    let database = place.database();
    rename(&beside(&database, "-wal"), &beside(&moved_to, "-wal"))
        .and_then(|()| rename(&database, &moved_to))
        .and_then(|()| remove_beyond(place, number))
        .map_err(|source| refused(REPAIRING, &database, source))?;
    install(place, &place.repaired(number), REPAIRING)?;
    connect_reading(&database)
        .map_err(Trouble::from)
        .and_then(|connection| told(&connection, number, moved_to))
        .map_err(|trouble| trouble.explain(REPAIRING, place))
}

/// What is written down about a repair.
fn told(connection: &Connection, number: u32, moved_to: PathBuf) -> Result<Report, Trouble> {
    let mut report = connection.query_row(
        "SELECT cause, kept, lost, incomplete, budget FROM repairs WHERE damaged = ?",
        [number],
        |row| {
            Ok(Report {
                cause: Cause::Damaged {
                    damage: row.get(0)?,
                    moved_to,
                },
                kept: row.get::<_, i64>(1)?.unsigned_abs(),
                lost: row.get::<_, i64>(2)?.unsigned_abs(),
                lost_jobs: Vec::new(),
                incomplete: row.get(3)?,
                budget_lost: row.get(4)?,
            })
        },
    )?;
    let mut statement =
        connection.prepare("SELECT id, source FROM lost_jobs WHERE damaged = ? ORDER BY id")?;
    let lost = statement.query_map([number], |row| {
        Ok(LostJob {
            id: JobId::new(row.get(0)?),
            source: row
                .get::<_, Option<Vec<u8>>>(1)?
                .map(|bytes| OsString::from_vec(bytes).into()),
        })
    })?;
    report.lost_jobs = lost.collect::<rusqlite::Result<_>>()?;
    Ok(report)
}

/// Makes a database of the newest version that is one file, and that nobody knows of yet.
fn draft(
    place: &Place,
    doing: &'static str,
    fill: impl FnOnce(&mut Connection) -> Result<(), Trouble>,
) -> Result<(), QueueError> {
    let path = place.draft();
    let failed = |source| refused(doing, &path, source);
    discard(&path).map_err(failed)?;
    open_private(&path).map_err(failed)?;
    let made = write_draft(&path, fill);
    if let Err(trouble) = made {
        // Whatever else fails, the room is given back; the first error is the one to tell.
        let _ = discard_draft(place);
        return Err(trouble.explain(doing, place));
    }
    open_private(&path)
        .and_then(|file| file.sync_all())
        .map_err(failed)
}

pub(crate) fn write_draft(
    path: &Path,
    fill: impl FnOnce(&mut Connection) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut connection = connect(path)?;
    migrate(&mut connection, MIGRATIONS)?;
    fill(&mut connection)?;
    // All of it into the one file, or an error that says why not.
    connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn discard_draft(place: &Place) -> io::Result<()> {
    discard(&place.draft())?;
    discard(&place.rescue())
}

fn discard(path: &Path) -> io::Result<()> {
    for ending in ["", "-wal", "-shm", "-journal"] {
        remove(&beside(path, ending))?;
    }
    Ok(())
}

/// Gives a database its name, with no log of another one beside it.
fn install(place: &Place, from: &Path, doing: &'static str) -> Result<(), QueueError> {
    let database = place.database();
    remove(&beside(&database, "-wal"))
        .and_then(|()| remove(&beside(&database, "-shm")))
        .and_then(|()| place.sync())
        .and_then(|()| std::fs::rename(from, &database))
        .and_then(|()| place.sync())
        .map_err(|source| refused(doing, &database, source))
}

/// Removes the oldest of many damaged databases.
fn remove_beyond(place: &Place, number: u32) -> io::Result<()> {
    for old in place.numbers("damaged")? {
        if old.saturating_add(DAMAGED_KEPT) <= number {
            remove(&beside(&place.damaged(old), "-wal"))?;
            remove(&place.damaged(old))?;
        }
    }
    Ok(())
}
