//! Single facts about the store. Invariant: `store_id` is made with the file and never changes, so what is
//! derived from it (nonces) is the same after every restart.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;

/// The key of the random id that the file got when it was made (32 hex digits).
pub const STORE_ID: &str = "store_id";

/// The value kept under `key`.
pub fn get(conn: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

/// Keeps `value` under `key`, in place of what was there.
pub fn set(conn: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
    conn.prepare_cached(sql)?.execute(params![key, value])?;
    Ok(())
}
