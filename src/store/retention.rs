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
    remove("DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT ?2) AND at_ms < ?1", old)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        Acceptance, Draft, IncidentRow, inbox, incidents, outbox,
        tests::{arrival, in_memory, incident},
    };

    const DAY: i64 = 24 * 3_600_000;
    const KEEP: Duration = Duration::from_hours(90 * 24);

    fn count(conn: &Connection, sql: &str) -> i64 {
        conn.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn bodies_go_first_and_keys_outlive_them_and_what_waits_stays() {
        let conn = in_memory();
        for key in ["settled", "failed", "waiting"] {
            inbox::accept(&conn, &arrival(key), 0).unwrap();
        }
        inbox::settle(&conn, 1).unwrap();
        inbox::fail(&conn, 2, "why").unwrap();
        let bodies = "SELECT count(*) FROM inbox WHERE body IS NOT NULL";

        step(&conn, 90 * DAY, KEEP).unwrap();
        assert_eq!(count(&conn, bodies), 3);
        step(&conn, 90 * DAY + 1, KEEP).unwrap();
        assert_eq!(count(&conn, bodies), 1);
        assert_eq!(inbox::accept(&conn, &arrival("settled"), 91 * DAY).unwrap(), Acceptance::Repeat);

        step(&conn, 490 * DAY + 1, KEEP).unwrap();
        assert_eq!(count(&conn, "SELECT count(*) FROM deliveries"), 0);
        assert_eq!(inbox::pending(&conn, 10).unwrap().len(), 1);
        assert_eq!(count(&conn, "SELECT count(*) FROM inbox"), 1);
    }

    #[test]
    fn closed_incidents_go_with_their_messages_unless_one_waits() {
        let conn = in_memory();
        for (reference, open) in [("vg-old", false), ("vg-open", true), ("vg-waits", false)] {
            let id = incidents::save(&conn, &IncidentRow { open, ..incident(reference) }).unwrap();
            let draft = Draft {
                incident_id: id,
                channel_id: 1,
                reference: reference.into(),
                payload: "{}".into(),
                accepted_ms: 0,
                reply: None,
                whole: None,
            };
            let message = outbox::put(&conn, &draft, 0).unwrap();
            if reference != "vg-waits" {
                outbox::delivered(&conn, message, 1, 7, 0).unwrap();
            }
        }
        step(&conn, 91 * DAY, KEEP).unwrap();
        let left = "SELECT group_concat(reference) FROM (SELECT reference FROM";
        for table in ["incidents", "outbox"] {
            let left: String =
                conn.query_row(&format!("{left} {table} ORDER BY id)"), [], |row| row.get(0)).unwrap();
            assert_eq!(left, "vg-open,vg-waits", "{table}");
        }
    }

    #[test]
    fn a_step_is_small_and_steps_end() {
        let conn = in_memory();
        for n in 0..=2 * STEP {
            inbox::accept(&conn, &arrival(&n.to_string()), 0).unwrap();
        }
        conn.execute("UPDATE inbox SET state = 'settled'", []).unwrap();
        let bodies = || count(&conn, "SELECT count(*) FROM inbox WHERE body IS NOT NULL");
        for left in [STEP + 1, 1, 0, 0] {
            step(&conn, 91 * DAY, KEEP).unwrap();
            assert_eq!(bodies(), left);
        }
    }
}
