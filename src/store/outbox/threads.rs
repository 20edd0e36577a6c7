//! Messages that answer others, and the threads that they stand in.

use rusqlite::{Connection, OptionalExtension, params};

use super::{COLUMNS, OutboxRow, read};
use crate::store::StoreError;

/// Where a reply stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the channel, where it can ping.
    Channel,
    /// In the thread of the message that it answers.
    Thread,
}

impl Place {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Channel, Self::Thread];

    /// Its name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Thread => "thread",
        }
    }
}

/// Which message a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The row of that message.
    pub to: i64,
    /// Where the reply stands.
    pub place: Place,
}

/// The thread below a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thread {
    /// There is none.
    None,
    /// It is there.
    Open,
    /// It was archived when the incident ended; who writes into it opens it again.
    Archived,
    /// Discord refuses to make it.
    Refused,
}

impl Thread {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Open, Self::Archived, Self::Refused];

    /// Its name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Open => "open",
            Self::Archived => "archived",
            Self::Refused => "refused",
        }
    }
}

pub(super) fn reply(to: Option<i64>, place: Place) -> Option<Reply> {
    to.map(|to| Reply { to, place })
}

/// The row of an incident in a channel.
pub fn find(conn: &Connection, incident_id: i64, channel_id: u64) -> Result<Option<OutboxRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE incident_id = ?1 AND channel_id = ?2");
    Ok(conn
        .prepare_cached(&sql)?
        .query_row(params![incident_id, channel_id.cast_signed()], read)
        .optional()?)
}

/// Notes how the thread below a message is.
pub fn set_thread(conn: &Connection, id: i64, thread: Thread) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET thread = ?2 WHERE id = ?1";
    let changed = conn.prepare_cached(sql)?.execute(params![id, thread.as_str()])?;
    super::changed_one(changed, id)
}

/// At most `limit` messages whose incident has ended while their thread is open and nothing waits to go into it.
pub fn to_archive(conn: &Connection, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox AS main WHERE thread = 'open' AND message_id IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM incidents WHERE id = main.incident_id AND open = 1) \
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE reply_to = main.id AND state = 'pending') LIMIT ?1"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map([limit], read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
