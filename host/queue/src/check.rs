//! Whether a database is what was written.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::budget;
use crate::row::{COLUMNS, Damage, decode};
use crate::schema::{definitions, expected, newest};
use crate::seal::seal;
use crate::trouble::Trouble;

/// Looks at all of it: the definitions, the structure, the contents of each row, and its indexes.
pub(crate) fn check(connection: &Connection, version: i64) -> Result<(), Trouble> {
    if version < 1 || definitions(connection)? != expected(version)? {
        let damage = format!("its tables are not those of schema version {version}");
        return Err(Damage(damage).into());
    }
    if version < newest() {
        return pragma(connection, "integrity_check");
    }
    pragma(connection, "quick_check")?;
    rows(connection)?;
    for index in INDEXES {
        index.check(connection)?;
    }
    budget::days(connection, |day| match day {
        Some(_) => Ok(()),
        None => Err(Damage("a day's bytes are not those that were written".into()).into()),
    })
}

fn pragma(connection: &Connection, pragma: &str) -> Result<(), Trouble> {
    let query = format!("PRAGMA {pragma}(1)");
    let answer: String = connection.query_row(&query, [], |row| row.get(0))?;
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

/// An index of jobs.
///
/// A job that its index does not know is never claimed, and `quick_check` does not compare the two.
/// `integrity_check` does, with a search for each row and index, which takes most of a second for a hundred
/// thousand jobs. Reading both in their own order and comparing sums takes a small part of that.
struct Index {
    name: &'static str,
    /// What is in it, in its order.
    columns: &'static str,
    /// Which rows are in it.
    covers: &'static str,
}

const INDEXES: [Index; 6] = [
    Index {
        name: "jobs_identity",
        columns: "digest, id",
        covers: "digest IS NOT NULL",
    },
    Index {
        name: "jobs_due",
        columns: "priority DESC, id",
        covers: "state = 0 AND not_before IS NULL",
    },
    Index {
        name: "jobs_delayed",
        columns: "not_before, id",
        covers: "state = 0 AND not_before IS NOT NULL",
    },
    Index {
        name: "jobs_state",
        columns: "state, id, size",
        covers: "true",
    },
    Index {
        name: "jobs_cancelling",
        columns: "id",
        covers: "cancelling = 1",
    },
    Index {
        name: "jobs_finished",
        columns: "state, finished, id",
        covers: "finished IS NOT NULL",
    },
];

impl Index {
    fn check(&self, connection: &Connection) -> Result<(), Trouble> {
        let Self {
            name,
            columns,
            covers,
        } = self;
        let plain = columns.replace(" DESC", "");
        let table = format!("SELECT {plain} FROM jobs NOT INDEXED WHERE {covers}");
        // Already in this order, unless an entry was damaged.
        let index =
            format!("SELECT {plain} FROM jobs INDEXED BY {name} WHERE {covers} ORDER BY {columns}");
        if sum(connection, &table)? == sum(connection, &index)? {
            Ok(())
        } else {
            Err(Damage(format!("the index {name} is not that of its table")).into())
        }
    }
}

/// How many rows a query answers, and a checksum that does not depend on their order.
fn sum(connection: &Connection, query: &str) -> Result<(u64, i64), Trouble> {
    let mut statement = connection.prepare(query)?;
    let width = statement.column_count();
    let mut rows = statement.query([])?;
    let mut sum = (0, 0_i64);
    while let Some(row) = rows.next()? {
        let cells = (0..width).map(|cell| row.get_ref(cell).unwrap_or(ValueRef::Null));
        sum = (sum.0 + 1, sum.1.wrapping_add(seal(cells)));
    }
    Ok(sum)
}
