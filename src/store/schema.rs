//! The shape of the file. Invariants: `PRAGMA user_version` is the number of migrations that ran, each in one
//! transaction; a migration leaves the file so that the release before it still works (rollback), and one that can't
//! raises `min_reader` in `meta`, by which older releases refuse the file instead of spoiling it.

use std::path::Path;

use rusqlite::Connection;

use super::StoreError;

/// Numbered from 1. One that ran in a release is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
];

/// Marks a SQLite file as Vigie's ("Vigi").
const APPLICATION_ID: i32 = 0x5669_6769;

/// Whether the file at `path`, open as `conn`, is new. Refuses another program's file and one that needs a newer Vigie.
pub(super) fn is_new(conn: &Connection, path: &Path) -> Result<bool, StoreError> {
    let application_id: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application_id != APPLICATION_ID {
        return if tables == 0 { Ok(true) } else { Err(StoreError::Foreign { path: path.into() }) };
    }
    let found = version(conn)?;
    let known = known();
    if found > known {
        let sql = "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'min_reader'";
        let needed = conn.query_row(sql, [], |row| row.get(0))?;
        if needed > known {
            return Err(StoreError::Newer { path: path.into(), found, needed, known });
        }
        tracing::warn!(found, known, "the store was made by a newer Vigie and can be used by this one");
    }
    Ok(tables == 0)
}

/// Runs the migrations that this file has not seen.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    let done = usize::try_from(version(conn)?).unwrap_or_default();
    for (number, sql) in (1_i64..).zip(MIGRATIONS).skip(done) {
        let transaction = conn.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
        tracing::info!(version = number, "migrated the store");
    }
    Ok(())
}

fn version(conn: &Connection) -> Result<i64, StoreError> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}
