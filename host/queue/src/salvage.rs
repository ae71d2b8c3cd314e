//! Saving what can be read of a damaged database, row by row.
//!
//! A row counts if its checksum does. The table is read from its beginning until that fails, then from
//! its end, and each number between is tried by itself. An index, which lies on other pages, tells
//! which jobs there were.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::row::{COLUMNS, decode, remains};
use crate::trouble::Trouble;
use crate::{LOST_NAMED, budget, store};

/// What became of the jobs of a damaged database.
pub(crate) struct Harvest {
    pub(crate) kept: i64,
    pub(crate) lost: i64,
    pub(crate) incomplete: bool,
    pub(crate) budget_lost: bool,
}

/// Numbers that are tried one by one from each side of what cannot be read: well under a second's work.
const MOST_TRIED: i64 = 50_000;
/// No queue has had so many jobs; a greater number is damage.
const HIGHEST: i64 = 1 << 40;

/// Copies what is good; what is not is told in the new database.
pub(crate) fn salvage(
    old: &Connection,
    new: &Transaction<'_>,
    number: u32,
) -> Result<Harvest, Trouble> {
    new.execute_batch("CREATE TEMP TABLE lost (id INTEGER PRIMARY KEY, source BLOB)")?;
    let mut salvage = Salvage { old, new, kept: 0 };
    let whole = salvage.table()?;
    let told = salvage.told_by_an_index()?;
    let budget_lost = salvage.days()?;
    salvage.number_on()?;
    new.execute(
        "INSERT INTO lost_jobs SELECT ?, id, source FROM temp.lost ORDER BY id LIMIT ?",
        params![number, i64::try_from(LOST_NAMED).unwrap_or(i64::MAX)],
    )?;
    let lost = new.query_row("SELECT count(*) FROM temp.lost", [], |row| row.get(0))?;
    Ok(Harvest {
        kept: salvage.kept,
        lost,
        incomplete: !(whole || told),
        budget_lost,
    })
}

/// An error of the new database ends it; one of the old ends what is being read of it.
struct Salvage<'a> {
    old: &'a Connection,
    new: &'a Transaction<'a>,
    kept: i64,
}

/// How far the table could be read.
enum Reached {
    End,
    /// An error behind this number.
    Behind(i64),
}

impl Salvage<'_> {
    /// All rows that can be read. Whether that was all of the table.
    fn table(&mut self) -> Result<bool, Trouble> {
        let upwards = format!("SELECT {COLUMNS} FROM jobs WHERE id > ? ORDER BY id");
        let low = match self.pass(&upwards, 0, 1)? {
            Reached::End => return Ok(true),
            Reached::Behind(id) => id,
        };
        let top = self.highest().saturating_add(1);
        let downwards = format!("SELECT {COLUMNS} FROM jobs WHERE id < ? ORDER BY id DESC");
        let high = match self.pass(&downwards, top, -1)? {
            Reached::End => low,
            Reached::Behind(id) => id,
        };
        if low == 0 && high == top {
            // Neither end can be read, nor what lies between.
            return Ok(false);
        }
        let (from, to) = (low.saturating_add(1), high);
        let middle = from.saturating_add(MOST_TRIED).min(to);
        self.each(from, middle)?;
        self.each(middle.max(to.saturating_sub(MOST_TRIED)), to)?;
        Ok(false)
    }

    /// Reads rows from a number on, upwards or downwards, until that fails.
    fn pass(&mut self, query: &str, start: i64, step: i64) -> Result<Reached, Trouble> {
        let mut last = start;
        let Ok(mut statement) = self.old.prepare(query) else {
            return Ok(Reached::Behind(last));
        };
        let Ok(mut rows) = statement.query([start]) else {
            return Ok(Reached::Behind(last));
        };
        loop {
            match rows.next() {
                Ok(None) => return Ok(Reached::End),
                Ok(Some(row)) => {
                    let id: i64 = row.get(0).unwrap_or(last);
                    // A page that leads back to where one came from.
                    if (id - last).signum() != step {
                        return Ok(Reached::Behind(last));
                    }
                    self.take(row)?;
                    last = id;
                }
                Err(_) => return Ok(Reached::Behind(last)),
            }
        }
    }

    /// Tries each number by itself, from one to before another.
    fn each(&mut self, from: i64, to: i64) -> Result<(), Trouble> {
        let query = format!("SELECT {COLUMNS} FROM jobs WHERE id = ?");
        let Ok(mut statement) = self.old.prepare(&query) else {
            return Ok(());
        };
        for id in from..to {
            if let Ok(mut rows) = statement.query([id])
                && let Ok(Some(row)) = rows.next()
            {
                self.take(row)?;
            }
        }
        Ok(())
    }

    /// Copies a row if it is good.
    fn take(&mut self, row: &Row<'_>) -> Result<(), Trouble> {
        let Ok(job) = decode(row) else {
            let (id, source) = remains(row);
            return self.lost(id, source.as_deref());
        };
        let digest = job.current.then(|| job.task.digest());
        let known = match digest {
            Some(digest) => store::holder(self.new, &digest)?,
            None => None,
        };
        // Damaged pages can tell of a job twice.
        if known.is_none() && store::load(self.new, job.id)?.is_none() {
            store::insert(self.new, &job)?;
            self.kept += 1;
        }
        Ok(())
    }

    /// Notes the jobs that an index knows and the new database does not. Whether that can be all of them:
    /// an index that does not know those that were saved is damaged too.
    fn told_by_an_index(&mut self) -> Result<bool, Trouble> {
        const INDEX: &str =
            "SELECT id FROM jobs INDEXED BY jobs_state WHERE state >= 0 ORDER BY state, id";
        let Ok(mut statement) = self.old.prepare(INDEX) else {
            return Ok(false);
        };
        let Ok(mut rows) = statement.query([]) else {
            return Ok(false);
        };
        let mut exists = self.new.prepare("SELECT 1 FROM jobs WHERE id = ?")?;
        let (mut listed, mut saved) = (0_u64, 0);
        loop {
            match rows.next() {
                Ok(None) => return Ok(listed > 0 && saved == self.kept),
                Ok(Some(row)) => match row.get::<_, i64>(0) {
                    Ok(id) => {
                        listed += 1;
                        if exists.exists([id])? {
                            saved += 1;
                        } else {
                            self.lost(Some(id), None)?;
                        }
                    }
                    Err(_) => return Ok(false),
                },
                Err(_) => return Ok(false),
            }
        }
    }

    fn lost(&self, id: Option<i64>, source: Option<&[u8]>) -> Result<(), Trouble> {
        self.new
            .prepare_cached("INSERT OR IGNORE INTO temp.lost VALUES (?, ?)")?
            .execute(params![id, source])?;
        Ok(())
    }

    /// Copies what was sent on which day. Whether some of that is lost.
    fn days(&self) -> Result<bool, Trouble> {
        let mut good = Vec::new();
        let mut lost = false;
        let read = budget::days(self.old, |day| {
            match day {
                // There are no more than are kept, unless that is damage as well.
                Some(day) if good.len() < 2 * usize::try_from(budget::DAYS_KEPT).unwrap_or(0) => {
                    good.push(day);
                }
                _ => lost = true,
            }
            Ok(())
        });
        for (day, bytes) in good {
            budget::put(self.new, day, bytes)?;
        }
        Ok(lost || read.is_err())
    }

    /// Gives no number twice.
    fn number_on(&self) -> Result<(), Trouble> {
        let known: i64 = self.new.query_row(
            "SELECT max(coalesce((SELECT max(id) FROM jobs), 0), \
             coalesce((SELECT max(id) FROM temp.lost WHERE id < ?), 0))",
            [HIGHEST],
            |row| row.get(0),
        )?;
        let last = known.max(self.sequence());
        self.new
            .execute("DELETE FROM sqlite_sequence WHERE name = 'jobs'", [])?;
        self.new
            .execute("INSERT INTO sqlite_sequence VALUES ('jobs', ?)", [last])?;
        Ok(())
    }

    /// The number that was given last, if that can be read.
    fn sequence(&self) -> i64 {
        let last: rusqlite::Result<Option<i64>> = self
            .old
            .query_row(
                "SELECT seq FROM sqlite_sequence WHERE name = 'jobs'",
                [],
                |row| row.get(0),
            )
            .optional();
        match last {
            Ok(Some(last)) if (0..HIGHEST).contains(&last) => last,
            _ => 0,
        }
    }

    /// The highest number that the old database may have.
    fn highest(&self) -> i64 {
        match self.sequence() {
            0 => HIGHEST,
            last => last,
        }
    }
}
