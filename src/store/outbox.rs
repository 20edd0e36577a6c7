//! What Discord should show: one row is one message, an incident in one channel. Invariants: a row holds the wanted
//! state, so changes that come faster than they can be sent become one; `sent_version` never passes `version`; a row
//! with `first_attempt_ms` may exist in Discord already, so it must be looked for before it is created again; nothing
//! that waits is ever removed here, but for what another message shows in its place ([`withdraw`]).

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;

mod backlog;
mod threads;

pub use self::{
    backlog::{Untried, hurry, prefer, stuck, untried, weighed, withdraw},
    threads::{Place, Reply, Thread, find, set_thread, to_archive},
};

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It waits to be sent or edited.
    Pending,
    /// Discord shows its newest version.
    Sent,
    /// Its channel can't be used; it waits for a person.
    Parked,
    /// It was given up; `error` says why.
    Dropped,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Sent, Self::Parked, Self::Dropped];

    /// Its name in the store and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Parked => "parked",
            Self::Dropped => "dropped",
        }
    }
}

/// One message. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its id.
    pub id: i64,
    /// The incident that it shows.
    pub incident_id: i64,
    /// The channel that shows it.
    pub channel_id: u64,
    /// The incident's short name, which stands in the message.
    pub reference: String,
    /// Changes the nonce when a message must be created anew.
    pub nonce_salt: i64,
    /// The JSON body of the create; an edit uses it too.
    pub payload: String,
    /// Counts the changes of `payload`, from 1.
    pub version: i64,
    /// The version that Discord shows; 0 if none.
    pub sent_version: i64,
    /// The message in Discord, once known.
    pub message_id: Option<u64>,
    /// Where it stands.
    pub state: State,
    /// Failed attempts since it was last delivered.
    pub attempts: u32,
    /// When the first create went out whose outcome is not known.
    pub first_attempt_ms: Option<i64>,
    /// Not before this time.
    pub next_attempt_ms: i64,
    /// When the oldest change that is not sent was accepted.
    pub accepted_ms: i64,
    /// The last failure.
    pub error: Option<String>,
    /// The message that it answers, if it does.
    pub reply: Option<Reply>,
    /// The thread below it.
    pub thread: Thread,
    /// The whole text of what the payload cuts, if it does.
    pub whole: Option<String>,
    /// Which text the message has as a file, as [`attached`] noted it.
    pub attached: String,
}

/// What Discord should show for an incident in a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The incident.
    pub incident_id: i64,
    /// The channel.
    pub channel_id: u64,
    /// The incident's short name.
    pub reference: String,
    /// The JSON body.
    pub payload: String,
    /// When the event behind this change was accepted.
    pub accepted_ms: i64,
    /// The message that it answers, if it does.
    pub reply: Option<Reply>,
    /// The whole text of what the payload cuts, if it does.
    pub whole: Option<String>,
}

/// What a channel may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The row.
    pub id: i64,
    /// Its channel.
    pub channel_id: u64,
    /// The message to edit; `None` if it is to be created.
    pub message_id: Option<u64>,
    /// Not before this time.
    pub next_attempt_ms: i64,
    /// When the oldest change that is not sent was accepted.
    pub accepted_ms: i64,
    /// The message that it answers, if it does.
    pub reply: Option<Reply>,
}

const COLUMNS: &str = "id, incident_id, channel_id, reference, nonce_salt, payload, version, sent_version, message_id, \
                       state, attempts, first_attempt_ms, next_attempt_ms, accepted_ms, error, reply_to, place, thread, \
                       whole, attached";

/// Makes `draft` what Discord should show; it is due at once, unless messages of its channel are parked: then it is
/// too, so that it never goes before them. Answers with the row's id.
pub fn put(conn: &Connection, draft: &Draft, now_ms: i64) -> Result<i64, StoreError> {
    let sql = "INSERT INTO outbox \
               (incident_id, channel_id, reference, payload, next_attempt_ms, accepted_ms, newest_accepted_ms, \
               reply_to, place, whole, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8, ?9, \
               iif(EXISTS (SELECT 1 FROM outbox WHERE state = 'parked' AND channel_id = ?2), 'parked', 'pending')) \
               ON CONFLICT (incident_id, channel_id) DO UPDATE SET \
               payload = excluded.payload, \
               whole = excluded.whole, \
               version = version + 1, \
               state = excluded.state, \
               next_attempt_ms = iif(state = 'parked', next_attempt_ms, excluded.next_attempt_ms), \
               accepted_ms = iif(state IN ('pending', 'parked'), accepted_ms, excluded.accepted_ms), \
               newest_accepted_ms = excluded.newest_accepted_ms \
               RETURNING id";
    let Draft { incident_id, channel_id, reference, payload, accepted_ms, reply, whole } = draft;
    let (to, place) = reply.map_or((None, Place::Channel), |reply| (Some(reply.to), reply.place));
    let channel = channel_id.cast_signed();
    let values =
        params![incident_id, channel, reference, payload, now_ms, accepted_ms, to, place.as_str(), whole];
    Ok(conn.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
}

/// The row of this id.
pub fn get(conn: &Connection, id: i64) -> Result<Option<OutboxRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id = ?1");
    Ok(conn.prepare_cached(&sql)?.query_row([id], read).optional()?)
}

/// Messages whose time has come, in the order of their ids. `limit` is shared evenly by the channels that wait (at
/// least one each), so that a channel with a long backlog keeps no other waiting.
pub fn due(conn: &Connection, now_ms: i64, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
    let channels = waiting_channels(conn)?;
    let share = i64::from(limit).div_euclid(i64::try_from(channels.len().max(1)).unwrap_or(i64::MAX)).max(1);
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox \
         WHERE state = 'pending' AND channel_id = ?1 AND next_attempt_ms <= ?2 ORDER BY id LIMIT ?3"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = Vec::new();
    for channel in channels {
        for row in statement.query_map([channel, now_ms, share], read)? {
            rows.push(row?);
        }
    }
    rows.sort_by_key(|row| row.id);
    Ok(rows)
}

/// What each channel may do next, due or not: the message that is to be created first, by priority
/// and then by age, and the edit that is due first, for an edit waits for nobody.
pub fn heads(conn: &Connection) -> Result<Vec<Head>, StoreError> {
    let creates = "SELECT id, channel_id, message_id, next_attempt_ms, accepted_ms, reply_to, place FROM outbox \
                   WHERE state = 'pending' AND channel_id = ?1 AND message_id IS NULL \
                   ORDER BY priority DESC, id LIMIT 1";
    let edits = "SELECT id, channel_id, message_id, next_attempt_ms, accepted_ms, reply_to, place FROM outbox \
                 WHERE state = 'pending' AND channel_id = ?1 AND message_id IS NOT NULL \
                 ORDER BY next_attempt_ms LIMIT 1";
    let mut heads = Vec::new();
    for channel in waiting_channels(conn)? {
        for sql in [creates, edits] {
            let head = conn.prepare_cached(sql)?.query_row([channel], |row| {
                Ok(Head {
                    id: row.get(0)?,
                    channel_id: row.get::<_, i64>(1)?.cast_unsigned(),
                    message_id: row.get::<_, Option<i64>>(2)?.map(i64::cast_unsigned),
                    next_attempt_ms: row.get(3)?,
                    accepted_ms: row.get(4)?,
                    reply: threads::reply(row.get(5)?, row.get(6)?),
                })
            });
            heads.extend(head.optional()?);
        }
    }
    Ok(heads)
}

/// When the next message becomes due; `None` if none waits.
pub fn next_due_ms(conn: &Connection) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT min(next_attempt_ms) FROM outbox WHERE state = 'pending'";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Notes that a create is about to go out. Must be durable before the request: if its answer never comes, the message
/// is looked for first.
pub fn attempting(conn: &Connection, id: i64, now_ms: i64) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET first_attempt_ms = coalesce(first_attempt_ms, ?2) WHERE id = ?1";
    changed_one(conn.prepare_cached(sql)?.execute([id, now_ms])?, id)
}

/// Notes that Discord shows `version` as `message_id`. If a newer version came meanwhile, the row stays due.
pub fn delivered(
    conn: &Connection,
    id: i64,
    version: i64,
    message_id: u64,
    now_ms: i64,
) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET sent_version = ?2, message_id = ?3, attempts = 0, first_attempt_ms = NULL, error = NULL, \
               state = CASE WHEN version = ?2 THEN 'sent' WHEN state = 'sent' THEN 'pending' ELSE state END, \
               next_attempt_ms = ?4, accepted_ms = newest_accepted_ms WHERE id = ?1 RETURNING channel_id";
    let values = params![id, version, message_id.cast_signed(), now_ms];
    let channel = conn.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    backlog::took(conn, channel.ok_or(StoreError::Missing { table: "outbox", id })?, now_ms)
}

/// Notes which text the message has as a file: a digest, or empty if it has none.
pub fn attached(conn: &Connection, id: i64, note: &str) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET attached = ?2 WHERE id = ?1";
    changed_one(conn.prepare_cached(sql)?.execute(params![id, note])?, id)
}

/// Notes a failed attempt and when to try again.
pub fn retry(conn: &Connection, id: i64, next_attempt_ms: i64, error: &str) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET attempts = attempts + 1, next_attempt_ms = ?2, error = ?3 WHERE id = ?1";
    changed_one(conn.prepare_cached(sql)?.execute(params![id, next_attempt_ms, error])?, id)
}

/// Notes that the create certainly did not act, so nothing needs to be looked for.
pub fn refused(conn: &Connection, id: i64) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET first_attempt_ms = NULL WHERE id = ?1";
    changed_one(conn.prepare_cached(sql)?.execute([id])?, id)
}

/// Gives the next create a nonce of its own.
pub fn renew_nonce(conn: &Connection, id: i64) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET nonce_salt = nonce_salt + 1 WHERE id = ?1";
    changed_one(conn.prepare_cached(sql)?.execute([id])?, id)
}

/// Notes that the message is gone from Discord (someone deleted it).
pub fn forget_message(conn: &Connection, id: i64) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET message_id = NULL, sent_version = 0 WHERE id = ?1";
    changed_one(conn.prepare_cached(sql)?.execute([id])?, id)
}

/// Sets the waiting messages of a channel aside until [`unpark`]. Answers with how many.
pub fn park(conn: &Connection, channel_id: u64, reason: &str) -> Result<usize, StoreError> {
    let sql = "UPDATE outbox SET state = 'parked', error = ?2 WHERE state = 'pending' AND channel_id = ?1";
    Ok(conn.prepare_cached(sql)?.execute(params![channel_id.cast_signed(), reason])?)
}

/// Makes the parked messages of a channel due at once. Answers with how many.
pub fn unpark(conn: &Connection, channel_id: u64) -> Result<usize, StoreError> {
    let sql =
        "UPDATE outbox SET state = 'pending', next_attempt_ms = 0 WHERE state = 'parked' AND channel_id = ?1";
    Ok(conn.prepare_cached(sql)?.execute([channel_id.cast_signed()])?)
}

/// Makes every parked message due at once. Answers with how many.
pub fn unpark_all(conn: &Connection) -> Result<usize, StoreError> {
    let sql = "UPDATE outbox SET state = 'pending', next_attempt_ms = 0 WHERE state = 'parked'";
    Ok(conn.prepare_cached(sql)?.execute([])?)
}

/// Gives a message up for good. It is kept and counted as `dropped`; a later [`put`] makes it wait again.
pub fn discard(conn: &Connection, id: i64, reason: &str) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET state = 'dropped', error = ?2 WHERE id = ?1";
    changed_one(conn.prepare_cached(sql)?.execute(params![id, reason])?, id)
}

/// How many messages are in each state, every state named.
pub fn counts(conn: &Connection) -> Result<[(State, i64); 4], StoreError> {
    let mut statement = conn.prepare_cached("SELECT count(*) FROM outbox WHERE state = ?1")?;
    let mut counts = State::ALL.map(|state| (state, 0));
    for (state, count) in &mut counts {
        *count = statement.query_row([state.as_str()], |row| row.get(0))?;
    }
    Ok(counts)
}

/// When the oldest change that waits was accepted; `None` if none waits.
pub fn oldest_pending_ms(conn: &Connection) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT min(accepted_ms) FROM outbox WHERE state = 'pending'";
    Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

fn waiting_channels(conn: &Connection) -> Result<Vec<i64>, StoreError> {
    channels(conn, State::Pending.as_str())
}

/// The channels that have messages in this state.
fn channels(conn: &Connection, state: &str) -> Result<Vec<i64>, StoreError> {
    // SQLite skips from channel to channel in the index only if told how.
    let sql = "WITH RECURSIVE channel (id) AS ( \
               SELECT min(channel_id) FROM outbox WHERE state = ?1 UNION ALL \
               SELECT (SELECT min(channel_id) FROM outbox WHERE state = ?1 AND channel_id > channel.id) \
               FROM channel WHERE channel.id IS NOT NULL) \
               SELECT id FROM channel WHERE id IS NOT NULL";
    let mut statement = conn.prepare_cached(sql)?;
    let channels = statement.query_map([state], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(channels)
}

fn changed_one(changed: usize, id: i64) -> Result<(), StoreError> {
    super::found(changed, "outbox", id)
}

fn read(row: &Row<'_>) -> rusqlite::Result<OutboxRow> {
    Ok(OutboxRow {
        id: row.get(0)?,
        incident_id: row.get(1)?,
        channel_id: row.get::<_, i64>(2)?.cast_unsigned(),
        reference: row.get(3)?,
        nonce_salt: row.get(4)?,
        payload: row.get(5)?,
        version: row.get(6)?,
        sent_version: row.get(7)?,
        message_id: row.get::<_, Option<i64>>(8)?.map(i64::cast_unsigned),
        state: row.get(9)?,
        attempts: row.get(10)?,
        first_attempt_ms: row.get(11)?,
        next_attempt_ms: row.get(12)?,
        accepted_ms: row.get(13)?,
        error: row.get(14)?,
        reply: threads::reply(row.get(15)?, row.get(16)?),
        thread: row.get(17)?,
        whole: row.get(18)?,
        attached: row.get(19)?,
    })
}

#[cfg(test)]
mod tests;
