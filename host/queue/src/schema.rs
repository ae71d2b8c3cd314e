//! The schema, and how an older one becomes the newest.

use rusqlite::{Connection, TransactionBehavior};

/// What makes version N + 1 of version N. They are never changed once they were released; a new version
/// is a new file.
pub(crate) const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql")];

/// The newest version.
pub(crate) fn newest() -> i64 {
    version_after(MIGRATIONS)
}

/// The version of a database; 0 if it is empty.
pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings a database to the newest version: wholly, or not at all.
pub(crate) fn migrate(connection: &mut Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it since anybody looked.
    let found = version(&transaction)?;
    for migration in migrations.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    if found < version_after(migrations) {
        transaction.pragma_update(None, "user_version", version_after(migrations))?;
    }
    transaction.commit()
}

/// The definitions of all tables and indexes, in order.
pub(crate) fn definitions(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let query = "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '') \
                 FROM sqlite_schema ORDER BY type, name";
    connection
        .prepare(query)?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// What [`definitions`] is to be for a database of this version.
pub(crate) fn expected(version: i64) -> rusqlite::Result<Vec<String>> {
    let mut pattern = Connection::open_in_memory()?;
    let count = usize::try_from(version).unwrap_or(0).min(MIGRATIONS.len());
    migrate(&mut pattern, &MIGRATIONS[..count])?;
    definitions(&pattern)
}

fn version_after(migrations: &[&str]) -> i64 {
    i64::try_from(migrations.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const FIRST: &str = "CREATE TABLE a (x); INSERT INTO a VALUES (1);";
    const SECOND: &str = "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1;";
    const BROKEN: &str = "UPDATE a SET y = 9; CREATE TABLE a (x);";

    fn y(connection: &Connection) -> i64 {
        connection
            .query_row("SELECT y FROM a", [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn migrations_go_in_order_and_once() {
        let mut old = Connection::open_in_memory().unwrap();
        migrate(&mut old, &[FIRST]).unwrap();
        assert_eq!(version(&old).unwrap(), 1);
        for _ in 0..2 {
            migrate(&mut old, &[FIRST, SECOND]).unwrap();
            assert_eq!((version(&old).unwrap(), y(&old)), (2, 2));
        }
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let mut old = Connection::open_in_memory().unwrap();
        migrate(&mut old, &[FIRST, SECOND]).unwrap();
        migrate(&mut old, &[FIRST, SECOND, BROKEN]).unwrap_err();
        assert_eq!((version(&old).unwrap(), y(&old)), (2, 2));
    }
}
