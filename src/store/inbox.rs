//! What sources reported, as it came. Invariants: an arrival is stored at most once; a pending row keeps its body;
//! rows are worked on in the order of their ids, which is the order of acceptance.
//!
//! **What arrives twice.** A delivery id that was ever seen is a repeat. Else the newest stored arrival of the same
//! object decides: the same `source_key`, less than [`REPEAT_WINDOW`] ago, is a repeat (Gitea's redelivery button sends
//! the same content under a new id). A branch that went A→B, back to A and to B again is three arrivals, because the
//! newest one differs each time. An arrival without `source_key` is no repeat: a cron job that says the same every
//! night is heard every night.

use std::{fmt::Write as _, sync::LazyLock, time::Duration};

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use crate::event::{Source, Told};

/// How long the same content of the same object counts as a repeat.
pub const REPEAT_WINDOW: Duration = Duration::from_hours(24);

/// Something that a source reported, before it is stored.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Who reported it.
    pub source: Source,
    /// How Vigie came to know of it.
    pub told: Told,
    /// The source's own id of this delivery, if it gives one.
    pub delivery: Option<String>,
    /// The kind as it stood on the wire, which the reader needs again.
    pub kind: String,
    /// What makes the content unique within its source; empty if nothing does.
    pub source_key: String,
    /// The ref or thing that it happened to.
    pub object: String,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// What became of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It is stored under this id.
    Stored(i64),
    /// It was there already.
    Repeat,
}

/// An arrival that waits to become part of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxRow {
    /// Its id, in the order of acceptance.
    pub id: i64,
    /// Who reported it.
    pub source: Source,
    /// The kind as it stood on the wire.
    pub kind: String,
    /// How Vigie came to know of it.
    pub told: Told,
    /// When it was accepted, in milliseconds since the Unix epoch.
    pub received_ms: i64,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// How many arrivals there are by what became of them; settled ones are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that wait.
    pub pending: i64,
    /// Those that could not be used.
    pub failed: i64,
}

/// Stores `arrival` unless it is a repeat.
pub fn accept(conn: &Connection, arrival: &Arrival, now_ms: i64) -> Result<Acceptance, StoreError> {
    let source = arrival.source.as_str();
    if let Some(delivery) = &arrival.delivery {
        let sql = "INSERT INTO deliveries (source, delivery, received_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        let new = conn.prepare_cached(sql)?.execute(params![source, delivery, now_ms])?;
        if new == 0 {
            return Ok(Acceptance::Repeat);
        }
    }
    let sql = "SELECT source_key = ?3 AND ?3 <> '' AND ?4 - received_ms < ?5 FROM inbox \
               WHERE source = ?1 AND object = ?2 ORDER BY id DESC LIMIT 1";
    let window = super::millis(REPEAT_WINDOW);
    let repeat = conn
        .prepare_cached(sql)?
        .query_row(params![source, arrival.object, arrival.source_key, now_ms, window], |row| row.get(0))
        .optional()?;
    if repeat == Some(true) {
        return Ok(Acceptance::Repeat);
    }
    let sql = "INSERT INTO inbox (source, kind, object, source_key, received_ms, body, late) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let id = conn.prepare_cached(sql)?.insert(params![
        source,
        arrival.kind,
        arrival.object,
        arrival.source_key,
        now_ms,
        arrival.body,
        arrival.told == Told::Late
    ])?;
    Ok(Acceptance::Stored(id))
}

/// At most `limit` arrivals that wait, oldest first. Those of sources that this release does not know (a newer one was
/// rolled back) are left for the release that does.
pub fn pending(conn: &Connection, limit: u32) -> Result<Vec<InboxRow>, StoreError> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        let mut sources = String::new();
        for source in Source::ALL {
            let separator = if sources.is_empty() { "" } else { ", " };
            // Writing to a string can't fail.
            let _ = write!(sources, "{separator}'{source}'");
        }
        // The unary plus keeps SQLite on the index of what is pending.
        format!(
            "SELECT id, source, kind, received_ms, body, late FROM inbox \
             WHERE state = 'pending' AND +source IN ({sources}) ORDER BY id LIMIT ?1"
        )
    });
    let mut statement = conn.prepare_cached(&SQL)?;
    let rows = statement.query_map([limit], |row| {
        Ok(InboxRow {
            id: row.get(0)?,
            source: row.get(1)?,
            kind: row.get(2)?,
            received_ms: row.get(3)?,
            body: row.get(4)?,
            told: if row.get(5)? { Told::Late } else { Told::AtOnce },
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is known of an arrival that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id, in the order of acceptance.
    pub id: i64,
    /// The ref or thing that it happened to.
    pub object: String,
    /// What makes the content unique within its source.
    pub source_key: String,
    /// When it was accepted, in milliseconds since the Unix epoch.
    pub received_ms: i64,
    /// The kind as it stood on the wire.
    pub kind: String,
    /// The body as it came; `None` once it is older than `keep`.
    pub body: Option<Vec<u8>>,
}

impl Stored {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            object: row.get(1)?,
            source_key: row.get(2)?,
            received_ms: row.get(3)?,
            kind: row.get(4)?,
            body: row.get(5)?,
        })
    }
}

/// The newest arrival of this object.
pub fn newest(conn: &Connection, source: Source, object: &str) -> Result<Option<Stored>, StoreError> {
    let sql = "SELECT id, object, source_key, received_ms, kind, body FROM inbox \
               WHERE source = ?1 AND object = ?2 ORDER BY id DESC LIMIT 1";
    Ok(conn.prepare_cached(sql)?.query_row(params![source.as_str(), object], Stored::read).optional()?)
}

/// The newest arrival of each object of `source`. For sources with few objects: it looks at every arrival's key.
pub fn newest_of_each(conn: &Connection, source: Source) -> Result<Vec<Stored>, StoreError> {
    let sql = "SELECT id, object, source_key, received_ms, kind, body FROM inbox \
               WHERE id IN (SELECT max(id) FROM inbox WHERE source = ?1 GROUP BY object) ORDER BY id";
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_map([source.as_str()], Stored::read)?.collect::<Result<_, _>>()?)
}

/// At most `limit` arrivals of `source` since `from_ms` whose bodies are kept, in the order of their ids, after `after`.
pub fn since(
    conn: &Connection,
    source: Source,
    from_ms: i64,
    after: i64,
    limit: u32,
) -> Result<Vec<Stored>, StoreError> {
    let sql = "SELECT id, object, source_key, received_ms, kind, body FROM inbox \
               WHERE source = ?1 AND received_ms >= ?2 AND id > ?3 AND body IS NOT NULL ORDER BY id LIMIT ?4";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![source.as_str(), from_ms, after, limit], Stored::read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Ids and keys of what the source itself reported of this object since `from_ms`, oldest first.
pub fn reported_since(
    conn: &Connection,
    source: Source,
    object: &str,
    from_ms: i64,
) -> Result<Vec<(i64, String)>, StoreError> {
    let sql = "SELECT id, source_key FROM inbox \
               WHERE source = ?1 AND object = ?2 AND received_ms >= ?3 AND late = 0 ORDER BY id";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement
        .query_map(params![source.as_str(), object, from_ms], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Says that the arrival has become part of an incident.
pub fn settle(conn: &Connection, id: i64) -> Result<(), StoreError> {
    let changed = conn.prepare_cached("UPDATE inbox SET state = 'settled' WHERE id = ?1")?.execute([id])?;
    super::found(changed, "inbox", id)
}

/// Says that the arrival can't be used and why; it is kept and counted, and never tried again.
pub fn fail(conn: &Connection, id: i64, reason: &str) -> Result<(), StoreError> {
    let sql = "UPDATE inbox SET state = 'failed', error = ?2 WHERE id = ?1";
    let changed = conn.prepare_cached(sql)?.execute(params![id, reason])?;
    super::found(changed, "inbox", id)
}

/// Forgets what became of this object before the arrival `id`. For what is worth nothing once it is overtaken.
pub fn forget_before(conn: &Connection, source: Source, object: &str, id: i64) -> Result<(), StoreError> {
    let sql = "DELETE FROM inbox WHERE source = ?1 AND object = ?2 AND id < ?3 AND state <> 'pending'";
    conn.prepare_cached(sql)?.execute(params![source.as_str(), object, id])?;
    Ok(())
}

/// How many wait and how many failed.
pub fn counts(conn: &Connection) -> Result<Counts, StoreError> {
    let count =
        |sql| -> Result<i64, StoreError> { Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?) };
    Ok(Counts {
        pending: count("SELECT count(*) FROM inbox WHERE state = 'pending'")?,
        failed: count("SELECT count(*) FROM inbox WHERE state = 'failed'")?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use proptest::prelude::*;

    use super::*;
    use crate::store::tests::{arrival, in_memory};

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_branch_forced_back_and_pushed_again_is_three_arrivals() {
        let conn = in_memory();
        let mut delivery = 0;
        let mut push = |key: &str, hour: i64| {
            delivery += 1;
            let delivery = Some(delivery.to_string());
            let arrival = Arrival { delivery, object: "refs/heads/main".into(), ..arrival(key) };
            accept(&conn, &arrival, hour * HOUR).unwrap()
        };
        assert_eq!(push("a..b", 0), Acceptance::Stored(1));
        assert_eq!(push("a..b", 1), Acceptance::Repeat);
        assert_eq!(push("b..a", 2), Acceptance::Stored(2));
        assert_eq!(push("a..b", 3), Acceptance::Stored(3));
        assert_eq!(push("a..b", 26), Acceptance::Repeat);
        assert_eq!(push("a..b", 27), Acceptance::Stored(4));
    }

    #[test]
    fn what_nothing_makes_unique_is_heard_each_time() {
        let conn = in_memory();
        let backup_failed = Arrival { delivery: None, ..arrival("") };
        assert_eq!(accept(&conn, &backup_failed, 0).unwrap(), Acceptance::Stored(1));
        assert_eq!(accept(&conn, &backup_failed, 1).unwrap(), Acceptance::Stored(2));
    }

    #[derive(Clone, Debug)]
    struct Step {
        delivery: Option<u8>,
        object: u8,
        key: u8,
        hours: i64,
    }

    fn step() -> impl Strategy<Value = Step> {
        (proptest::option::of(0..20_u8), 0..2_u8, 0..3_u8, prop_oneof![Just(0), Just(1), Just(23), Just(24)])
            .prop_map(|(delivery, object, key, hours)| Step { delivery, object, key, hours })
    }

    proptest! {
        #[test]
        fn what_arrives_twice_is_stored_once(steps in prop::collection::vec(step(), 1..60)) {
            let conn = in_memory();
            let (mut seen, mut newest, mut stored) = (HashSet::new(), HashMap::new(), Vec::new());
            let mut now = 0;
            for step in steps {
                now += step.hours * HOUR;
                let known = step.delivery.is_some_and(|delivery| !seen.insert(delivery));
                let again = matches!(newest.get(&step.object), Some((key, at)) if *key == step.key && now - at < 24 * HOUR);
                let arrival = Arrival {
                    delivery: step.delivery.map(|delivery| delivery.to_string()),
                    object: step.object.to_string(),
                    ..arrival(&step.key.to_string())
                };
                let acceptance = accept(&conn, &arrival, now).unwrap();
                if known || again {
                    prop_assert_eq!(acceptance, Acceptance::Repeat);
                } else {
                    newest.insert(step.object, (step.key, now));
                    let id = i64::try_from(stored.len()).unwrap() + 1;
                    stored.push(id);
                    prop_assert_eq!(acceptance, Acceptance::Stored(id));
                }
            }
            let ids: Vec<_> = pending(&conn, 100).unwrap().into_iter().map(|row| row.id).collect();
            prop_assert_eq!(ids, stored);
        }
    }

    #[test]
    fn what_is_settled_or_failed_does_not_wait_and_an_unknown_source_is_left_alone() {
        let conn = in_memory();
        for key in ["a", "b", "c", "d"] {
            accept(&conn, &arrival(key), 0).unwrap();
        }
        conn.execute("UPDATE inbox SET source = 'from the future' WHERE id = 3", []).unwrap();
        settle(&conn, 1).unwrap();
        fail(&conn, 2, "not what this source sends").unwrap();
        let waiting: Vec<_> = pending(&conn, 10).unwrap().into_iter().map(|row| row.id).collect();
        assert_eq!(waiting, [4]);
        assert_eq!(counts(&conn).unwrap(), Counts { pending: 2, failed: 1 });
        assert!(matches!(settle(&conn, 9), Err(StoreError::Missing { table: "inbox", id: 9 })));
    }
}
