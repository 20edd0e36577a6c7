//! What goes when it is old. Invariants: what waits never goes, nor an open incident or its messages; each step touches
//! at most [`STEP`] rows, so that intake waits for it no longer than for any commit.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::{StoreError, millis};

/// How much longer than bodies the keys against repeats stay.
pub const KEYS_OUTLIVE: Duration = Duration::from_hours(400 * 24);

/// How many rows of each kind go in one step.
pub const STEP: i64 = 200;

/// Free pages that are left to be used again; what is above goes back to the file system.
const SPARE_PAGES: i64 = 1024;

/// Removes one step of what is older than `keep`.
pub fn step(conn: &Connection, now_ms: i64, keep: Duration) -> Result<(), StoreError> {
    let old = now_ms.saturating_sub(millis(keep));
    let very_old = old.saturating_sub(millis(KEYS_OUTLIVE));
    let remove = |sql, before: i64| -> Result<usize, StoreError> {
        Ok(conn.prepare_cached(sql)?.execute(params![before, STEP])?)
    };
    remove(
        "UPDATE inbox SET body = NULL WHERE id IN (SELECT id FROM inbox \
         WHERE body IS NOT NULL AND received_ms < ?1 AND state <> 'pending' ORDER BY received_ms LIMIT ?2)",
        old,
    )?;
    // Ids grow with time, so the oldest rows are the first ones.
    remove(
        "DELETE FROM inbox WHERE id IN (SELECT id FROM inbox ORDER BY id LIMIT ?2) AND body IS NULL AND received_ms < ?1",
        very_old,
    )?;
    remove(
        "DELETE FROM deliveries WHERE (source, delivery) IN (SELECT source, delivery FROM deliveries \
         WHERE received_ms < ?1 ORDER BY received_ms LIMIT ?2)",
        very_old,
    )?;
    remove_incidents(conn, old)?;
    give_back(conn)
}

fn remove_incidents(conn: &Connection, before: i64) -> Result<(), StoreError> {
    let sql = "SELECT id FROM incidents WHERE open = 0 AND updated_ms < ?1 AND NOT EXISTS \
               (SELECT 1 FROM outbox WHERE incident_id = incidents.id AND state = 'pending') \
               ORDER BY updated_ms LIMIT ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let ids = statement.query_map([before, STEP], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let mut unsent =
        conn.prepare_cached("SELECT count(*) FROM outbox WHERE incident_id = ?1 AND state = 'parked'")?;
    let mut messages = conn.prepare_cached("DELETE FROM outbox WHERE incident_id = ?1")?;
    let mut incident = conn.prepare_cached("DELETE FROM incidents WHERE id = ?1")?;
    for id in ids {
        let parked: i64 = unsent.query_row([id], |row| row.get(0))?;
        if parked > 0 {
            tracing::warn!(
                incident = id,
                parked,
                "messages of a channel that never worked again are older than `keep`: removed"
            );
        }
        messages.execute([id])?;
        incident.execute([id])?;
    }
    Ok(())
}

fn give_back(conn: &Connection) -> Result<(), StoreError> {
    let free: i64 = conn.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    if free > SPARE_PAGES {
        // One row a page: the statement must be read to its end.
        conn.pragma(None, "incremental_vacuum", STEP.min(free - SPARE_PAGES), |_| Ok(()))?;
    }
    Ok(())
}
