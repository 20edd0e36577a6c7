//! What waits where nothing could be sent for long. Invariant: a message that may exist in Discord is never
//! withdrawn.

use rusqlite::{Connection, params};

use crate::store::StoreError;

/// A message that nobody tried to send yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untried {
    /// The row.
    pub id: i64,
    /// The incident that it shows.
    pub incident_id: i64,
    /// When the oldest change that is not sent was accepted.
    pub accepted_ms: i64,
}

/// Notes that the channel took a message or an edit.
pub(super) fn took(conn: &Connection, channel_id: i64, now_ms: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO channels (channel_id, delivered_ms) VALUES (?1, ?2) \
               ON CONFLICT DO UPDATE SET delivered_ms = excluded.delivered_ms";
    conn.prepare_cached(sql)?.execute([channel_id, now_ms])?;
    Ok(())
}

/// The channels in which a new message waits since before `before_ms`, and which took none since.
pub fn stuck(conn: &Connection, before_ms: i64) -> Result<Vec<u64>, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM channels WHERE channel_id = ?2 AND delivered_ms >= ?3) \
               OR coalesce((SELECT accepted_ms FROM outbox WHERE state = ?1 AND channel_id = ?2 \
               AND message_id IS NULL ORDER BY id LIMIT 1) >= ?3, TRUE)";
    let mut statement = conn.prepare_cached(sql)?;
    let mut stuck = Vec::new();
    for state in ["pending", "parked"] {
        for channel in super::channels(conn, state)? {
            let works: bool = statement.query_row(params![state, channel, before_ms], |row| row.get(0))?;
            if !works && !stuck.contains(&channel.cast_unsigned()) {
                stuck.push(channel.cast_unsigned());
            }
        }
    }
    Ok(stuck)
}

/// The oldest untried messages of the channel, no replies, that were not [`weighed`] before.
pub fn untried(conn: &Connection, channel_id: u64, limit: u32) -> Result<Vec<Untried>, StoreError> {
    let sql = "SELECT id, incident_id, accepted_ms FROM outbox WHERE state IN ('pending', 'parked') \
               AND channel_id = ?1 AND message_id IS NULL AND first_attempt_ms IS NULL AND reply_to IS NULL \
               AND weighed = 0 ORDER BY id LIMIT ?2";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map(params![channel_id.cast_signed(), limit], |row| {
        Ok(Untried { id: row.get(0)?, incident_id: row.get(1)?, accepted_ms: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Notes that it was decided what becomes of the message.
pub fn weighed(conn: &Connection, id: i64) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE outbox SET weighed = 1 WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Lets the incident's new message go before others of the channel: the higher `priority`, the earlier.
pub fn prefer(conn: &Connection, incident_id: i64, channel_id: u64, priority: i64) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET priority = ?3 WHERE incident_id = ?1 AND channel_id = ?2";
    conn.prepare_cached(sql)?.execute(params![incident_id, channel_id.cast_signed(), priority])?;
    Ok(())
}

/// Lets the incident's message, new or edited, go before all others of the channel.
pub fn hurry(conn: &Connection, incident_id: i64, channel_id: u64) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET priority = ?3, next_attempt_ms = 0 \
               WHERE incident_id = ?1 AND channel_id = ?2 AND state = 'pending'";
    conn.prepare_cached(sql)?.execute(params![incident_id, channel_id.cast_signed(), i64::MAX])?;
    Ok(())
}

/// Withdraws a message that was never tried, because another shows what it would, with the replies that wait for it.
pub fn withdraw(conn: &Connection, id: i64) -> Result<(), StoreError> {
    let sql = "DELETE FROM outbox WHERE (id = ?1 OR reply_to = ?1) AND message_id IS NULL AND first_attempt_ms IS NULL";
    conn.prepare_cached(sql)?.execute([id])?;
    Ok(())
}
