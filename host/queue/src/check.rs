//! Whether a database is what was written.

use rusqlite::Connection;

use crate::budget;
use crate::row::{COLUMNS, Damage, decode};
use crate::schema::{definitions, expected, newest};
use crate::trouble::Trouble;

/// Looks at all of it: the definitions, the structure with its indexes, and the contents of each row.
pub(crate) fn check(connection: &Connection, version: i64) -> Result<(), Trouble> {
    if version < 1 || definitions(connection)? != expected(version)? {
        let damage = format!("its tables are not those of schema version {version}");
        return Err(Damage(damage).into());
    }
    structure(connection)?;
    if version == newest() {
        rows(connection)?;
        budget::days(connection, |day| match day {
            Some(_) => Ok(()),
            None => Err(Damage("a day's bytes are not those that were written".into()).into()),
        })?;
    }
    Ok(())
}

/// `integrity_check`, since `quick_check` does not compare an index with its table, and a job that its
/// index does not know is never claimed.
fn structure(connection: &Connection) -> Result<(), Trouble> {
    let answer: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if answer == "ok" {
        Ok(())
    } else {
        Err(Damage(answer.split_whitespace().collect::<Vec<_>>().join(" ")).into())
    }
}

fn rows(connection: &Connection) -> Result<(), Trouble> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM jobs"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        decode(row)?;
    }
    Ok(())
}
