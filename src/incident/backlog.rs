//! What waits after long without Discord. Invariants: only what watches over something is condensed, and of
//! that nothing critical that still goes on; what is condensed stands in a digest of its channel from the same
//! transaction on. A channel that takes messages, however slowly, is left alone.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Life,
    desk::{Desk, readable, row},
    digest::{Opening, is_gathered},
};
use crate::{
    event::{Severity, Source},
    store::{
        StoreError, incidents,
        outbox::{self, Untried},
    },
    subject::Gathering,
};

/// How long a channel must have taken nothing.
const LONG: Duration = Duration::from_mins(15);

/// How many messages of a channel are dealt with in a transaction, because intake waits for the same writer.
const STEP: u32 = 200;

/// Before what happens in a forge, after what is critical and goes on, whose priority is its time.
pub(super) const PRIORITY: i64 = 1;

/// The channels in which something waits that took nothing for [`LONG`].
pub(super) fn stuck(conn: &Connection, now_ms: i64) -> Result<Vec<u64>, StoreError> {
    let long = i64::try_from(LONG.as_millis()).unwrap_or(i64::MAX);
    outbox::stuck(conn, now_ms.saturating_sub(long))
}

impl Desk {
    /// Condenses a step of what waits in channels that took nothing for [`LONG`]. How many messages it dealt with.
    pub(super) fn condense(&self, conn: &Connection) -> Result<usize, StoreError> {
        let mut count = 0;
        for channel in stuck(conn, self.now_ms)? {
            let waiting = outbox::untried(conn, channel, STEP)?;
            count += waiting.len();
            for one in &waiting {
                self.condense_one(conn, channel, *one)?;
            }
            if let Some(last) = waiting.last() {
                outbox::looked_at(conn, channel, last.id)?;
            }
        }
        Ok(count)
    }

    fn condense_one(&self, conn: &Connection, channel: u64, waiting: Untried) -> Result<(), StoreError> {
        let Some(known) = incidents::get(conn, waiting.incident_id)? else { return Ok(()) };
        let Some((id, mut incident)) = readable(&known) else { return Ok(()) };
        if !is_gathered(&incident.subject) {
            return Ok(());
        }
        if incident.life == Life::Open && incident.severity == Severity::Critical {
            return outbox::prefer(conn, id, channel, waiting.accepted_ms);
        }
        let since = Timestamp::from_millisecond(waiting.accepted_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let digest = self.backlog(conn, channel, since, id)?;
        let mentions = if incident.life == Life::Open { incident.mentions.as_slice() } else { &[] };
        self.mention(conn, digest, mentions)?;
        self.enlist(conn, digest, id, &incident, since)?;
        incident.channels.retain(|shown| *shown != channel);
        incidents::save(conn, &row(id, &incident, known.updated_ms)?)?;
        outbox::withdraw(conn, waiting.id)
    }

    /// The digest of what waits in `channel`: the newest one, or a new one if that was sent. `first` is the incident
    /// that it would be opened for.
    fn backlog(
        &self,
        conn: &Connection,
        channel: u64,
        since: Timestamp,
        first: i64,
    ) -> Result<i64, StoreError> {
        let key = format!("backlog {channel}");
        if let Some(known) = incidents::find(conn, Source::Vigie, &key)?
            && outbox::find(conn, known.id, channel)?.is_none_or(|message| message.message_id.is_none())
        {
            return Ok(known.id);
        }
        let opening = Opening {
            gathering: Gathering::Backlog,
            key,
            seed: first,
            channels: vec![channel],
            mentions: Vec::new(),
            since,
            until: None,
        };
        self.open_digest(conn, opening)
    }
}
