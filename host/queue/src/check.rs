//! Whether a database is what was written.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::budget;
use crate::row::{COLUMNS, Damage, decode};
use crate::schema::{definitions, expected, newest};
use crate::seal::{append, checksum};
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

/// Reads the table once, and then each index.
fn rows(connection: &Connection) -> Result<(), Trouble> {
    let mut sums = [Sum::default(); INDEXES.len()];
    let mut bytes = Vec::new();
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM jobs NOT INDEXED"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        decode(row)?;
        for (index, sum) in INDEXES.iter().zip(&mut sums) {
            if index.holds(row)? {
                sum.add(
                    row,
                    index.columns.iter().map(|column| *column as usize),
                    &mut bytes,
                )?;
            }
        }
    }
    for (index, sum) in INDEXES.iter().zip(sums) {
        if index.sum(connection, &mut bytes)? != sum {
            let damage = format!("the index {} is not that of its table", index.name);
            return Err(Damage(damage).into());
        }
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
    columns: &'static [Column],
    /// Which rows are in it.
    covers: Covers,
}

/// The places in [`COLUMNS`] of what is in indexes.
#[derive(Clone, Copy)]
enum Column {
    Id = 0,
    Digest = 1,
    Priority = 7,
    Size = 10,
    State = 12,
    NotBefore = 13,
    Cancelling = 15,
    Finished = 17,
}

enum Covers {
    All,
    Present(Column),
    Cancelling,
    Waiting { delayed: bool },
}

const INDEXES: [Index; 6] = [
    Index {
        name: "jobs_identity",
        columns: &[Column::Digest, Column::Id],
        covers: Covers::Present(Column::Digest),
    },
    Index {
        name: "jobs_due",
        columns: &[Column::Priority, Column::Id],
        covers: Covers::Waiting { delayed: false },
    },
    Index {
        name: "jobs_delayed",
        columns: &[Column::NotBefore, Column::Id],
        covers: Covers::Waiting { delayed: true },
    },
    Index {
        name: "jobs_state",
        columns: &[Column::State, Column::Id, Column::Size],
        covers: Covers::All,
    },
    Index {
        name: "jobs_cancelling",
        columns: &[Column::Id],
        covers: Covers::Cancelling,
    },
    Index {
        name: "jobs_finished",
        columns: &[Column::State, Column::Finished, Column::Id],
        covers: Covers::Present(Column::Finished),
    },
];

impl Index {
    /// Whether a row of the table belongs into it.
    fn holds(&self, row: &Row<'_>) -> rusqlite::Result<bool> {
        let cell = |column: Column| row.get_ref(column as usize);
        Ok(match self.covers {
            Covers::All => true,
            Covers::Present(column) => cell(column)? != ValueRef::Null,
            Covers::Cancelling => cell(Column::Cancelling)? == ValueRef::Integer(1),
            Covers::Waiting { delayed } => {
                cell(Column::State)? == ValueRef::Integer(0)
                    && (cell(Column::NotBefore)? != ValueRef::Null) == delayed
            }
        })
    }

    /// The same for the database.
    fn condition(&self) -> &'static str {
        match self.covers {
            Covers::All => "true",
            Covers::Present(Column::Digest) => "digest IS NOT NULL",
            Covers::Present(_) => "finished IS NOT NULL",
            Covers::Cancelling => "cancelling = 1",
            Covers::Waiting { delayed: false } => "state = 0 AND not_before IS NULL",
            Covers::Waiting { delayed: true } => "state = 0 AND not_before IS NOT NULL",
        }
    }

    /// Reads it, and nothing else.
    fn sum(&self, connection: &Connection, bytes: &mut Vec<u8>) -> Result<Sum, Trouble> {
        let all: Vec<_> = COLUMNS.split(',').map(str::trim).collect();
        let names: Vec<_> = self
            .columns
            .iter()
            .map(|column| all[*column as usize])
            .collect();
        let (names, index, condition) = (names.join(", "), self.name, self.condition());
        let query = format!("SELECT {names} FROM jobs INDEXED BY {index} WHERE {condition}");
        let mut statement = connection.prepare(&query)?;
        let mut rows = statement.query([])?;
        let mut sum = Sum::default();
        while let Some(row) = rows.next()? {
            sum.add(row, 0..self.columns.len(), bytes)?;
        }
        Ok(sum)
    }
}

/// How many rows there are, and a checksum of them that does not depend on their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    seals: i64,
}

impl Sum {
    fn add(
        &mut self,
        row: &Row<'_>,
        cells: impl Iterator<Item = usize>,
        bytes: &mut Vec<u8>,
    ) -> rusqlite::Result<()> {
        bytes.clear();
        for cell in cells {
            append(bytes, row.get_ref(cell)?);
        }
        self.rows += 1;
        self.seals = self.seals.wrapping_add(checksum(bytes));
        Ok(())
    }
}
