//! How many bytes were sent on which day.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Transaction};
use time::Date;

use crate::row::Damage;
use crate::seal::seal;
use crate::trouble::Trouble;
use crate::{Queue, QueueError, Reader};

/// Days that are remembered: the longest month, and the one before it.
pub const DAYS_KEPT: i64 = 62;

impl Queue {
    /// Notes that bytes were sent on a day, by whichever calendar the caller goes by.
    pub fn record_sent(&mut self, day: Date, bytes: u64) -> Result<(), QueueError> {
        self.write("note what was sent", |transaction| {
            let sent = sum(transaction, number(day), number(day))?;
            put(transaction, number(day), sent.saturating_add(bytes))?;
            transaction
                .prepare_cached(
                    "DELETE FROM sent WHERE day IN \
                     (SELECT day FROM sent ORDER BY day DESC LIMIT -1 OFFSET ?)",
                )?
                .execute([DAYS_KEPT])?;
            Ok(())
        })
    }
}

impl Reader {
    /// Bytes that were sent on this day.
    pub fn sent_on(&self, day: Date) -> Result<u64, QueueError> {
        self.read("look up what was sent", |connection| {
            sum(connection, number(day), number(day))
        })
    }

    /// Bytes that were sent in the month of this day.
    pub fn sent_in_month_of(&self, day: Date) -> Result<u64, QueueError> {
        let month = number(day) / 100 * 100;
        self.read("look up what was sent", |connection| {
            sum(connection, month, month + 99)
        })
    }
}

/// Its decimal digits are year, month, day.
fn number(day: Date) -> i64 {
    (i64::from(day.year()) * 100 + i64::from(u8::from(day.month()))) * 100 + i64::from(day.day())
}

/// What was sent from one day to another.
fn sum(connection: &Connection, from: i64, to: i64) -> Result<u64, Trouble> {
    let mut statement =
        connection.prepare_cached("SELECT day, bytes, seal FROM sent WHERE day BETWEEN ? AND ?")?;
    let mut rows = statement.query([from, to])?;
    let mut sum = 0_u64;
    while let Some(row) = rows.next()? {
        let (day, bytes) = (row.get(0)?, row.get(1)?);
        if row.get::<_, i64>(2)? != seal_of(day, bytes) {
            return Err(Damage(format!("the checksum of day {day} is not that of its row")).into());
        }
        sum = sum.saturating_add(bytes.unsigned_abs());
    }
    Ok(sum)
}

/// Writes what was sent on a day.
pub(crate) fn put(transaction: &Transaction<'_>, day: i64, bytes: u64) -> Result<(), Trouble> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    transaction
        .prepare_cached("INSERT OR REPLACE INTO sent VALUES (?, ?, ?)")?
        .execute([day, bytes, seal_of(day, bytes)])?;
    Ok(())
}

/// Each day with its bytes; nothing where that is not what was written.
pub(crate) fn days(
    connection: &Connection,
    mut each: impl FnMut(Option<(i64, u64)>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let mut statement = connection.prepare("SELECT day, bytes, seal FROM sent ORDER BY day")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (day, bytes, found): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        each((found == seal_of(day, bytes)).then_some((day, bytes.unsigned_abs())))?;
    }
    Ok(())
}

fn seal_of(day: i64, bytes: i64) -> i64 {
    seal([ValueRef::Integer(day), ValueRef::Integer(bytes)])
}
