//! What one arrival changes, within one transaction: its incident, its messages, and that it is settled.
//! Invariant: nothing here outlives the transaction, so what fails leaves no trace.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use rusqlite::Connection;

use super::{Incident, Life, digest::Stale, outage, reference::reference, route::Routes};
use crate::{
    event::Event,
    language::Language,
    render,
    store::{Draft, IncidentRow, StoreError, inbox, incidents, outbox},
};

/// How many references are tried. With 30 bits each, eight clashes in a row do not happen.
const ATTEMPTS: u32 = 8;

/// What is needed within the transaction.
pub(super) struct Desk {
    pub(super) routes: Arc<Routes>,
    pub(super) critical: Arc<BTreeSet<String>>,
    pub(super) language: Language,
    pub(super) now_ms: i64,
    /// Names of incidents follow from it.
    pub(super) store_id: String,
    pub(super) stale: Stale,
}

/// An arrival that was read.
pub(super) struct Item {
    pub(super) inbox_id: i64,
    pub(super) received_ms: i64,
    pub(super) event: Result<Event, String>,
}

impl Desk {
    /// Takes one arrival. What it changes in digests shows with [`Desk::refresh`].
    pub(super) fn take(&mut self, conn: &Connection, item: Item) -> Result<(), StoreError> {
        let Item { inbox_id, received_ms, event } = item;
        let mut event = match event {
            Ok(event) => event,
            Err(reason) => return inbox::fail(conn, inbox_id, &reason),
        };
        let received = Timestamp::from_millisecond(received_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        if event.incident.as_ref() != Some(&event.object) {
            self.note(conn, &event, received, received_ms)?;
        }
        outage::weigh(&mut event, &self.critical);
        let outage = outage::key(&event);
        let alone = || format!("inbox {inbox_id}");
        let (key, known) = match outage {
            Some(key) => (key.clone(), incidents::find_of_any_source(conn, &key)?),
            None => match event.incident.clone() {
                Some(key) => (key.clone(), incidents::find(conn, event.source, &key)?),
                None => (alone(), None),
            },
        };
        let known =
            known.as_ref().and_then(readable).filter(|(_, incident)| incident.continues(&event, received));
        let (id, incident) = if let Some((id, incident)) = known {
            let anew = incident.awaits_morning().then(|| self.routes.decide(&event));
            let mut incident = incident.after(event, received);
            if let Some(decision) = anew {
                self.reconsider(conn, (id, &mut incident), decision, received)?;
            }
            (incidents::save(conn, &row(id, &incident, received_ms)?)?, incident)
        } else {
            let decision = self.routes.decide(&event);
            // Named where a clash with another name shows.
            let mut incident = Incident::open(event, key, String::new(), decision.clone(), received);
            incident.withheld = self.withholds(conn, &incident, &decision, received)?;
            let (id, incident) = open(conn, incident, &self.store_id, inbox_id, received_ms)?;
            self.gather(conn, (id, &incident), &decision, received)?;
            (id, incident)
        };
        self.show(conn, id, &incident, received_ms)?;
        inbox::settle(conn, inbox_id)
    }

    /// Takes an event that stands for itself (a review) also into the history of the incident that its
    /// object is (the pull request), if that is known.
    fn note(
        &mut self,
        conn: &Connection,
        event: &Event,
        received: Timestamp,
        received_ms: i64,
    ) -> Result<(), StoreError> {
        let known = incidents::find(conn, event.source, &event.object)?.as_ref().and_then(readable);
        let Some((id, mut incident)) = known else { return Ok(()) };
        incident.note(event, received);
        incidents::save(conn, &row(id, &incident, received_ms)?)?;
        self.show(conn, id, &incident, received_ms)
    }

    /// Shows the incident in its own messages unless it is withheld, and in the digests that it is a member of.
    fn show(
        &mut self,
        conn: &Connection,
        id: i64,
        incident: &Incident,
        accepted_ms: i64,
    ) -> Result<(), StoreError> {
        if incident.withheld.is_none() {
            self.put(conn, id, incident, accepted_ms)?;
        }
        self.tell_digests(conn, id, incident, accepted_ms)
    }

    /// Makes the incident's own messages what Discord should show.
    pub(super) fn put(
        &self,
        conn: &Connection,
        id: i64,
        incident: &Incident,
        accepted_ms: i64,
    ) -> Result<(), StoreError> {
        let payload = json(&render::message(incident, self.language))?;
        for channel_id in &incident.channels {
            let draft = Draft {
                incident_id: id,
                channel_id: *channel_id,
                reference: incident.reference.clone(),
                payload: payload.clone(),
                accepted_ms,
            };
            outbox::put(conn, &draft, self.now_ms)?;
        }
        Ok(())
    }
}

/// Stores a new incident under the first name that is free.
pub(super) fn open(
    conn: &Connection,
    mut incident: Incident,
    seed: &str,
    number: i64,
    received_ms: i64,
) -> Result<(i64, Incident), StoreError> {
    let mut attempt = 0;
    loop {
        incident.reference = reference(seed, number, attempt);
        attempt += 1;
        match incidents::save(conn, &row(0, &incident, received_ms)?) {
            Err(StoreError::Sqlite(error))
                if attempt < ATTEMPTS
                    && error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {}
            saved => return Ok((saved?, incident)),
        }
    }
}

pub(super) fn row(id: i64, incident: &Incident, received_ms: i64) -> Result<IncidentRow, StoreError> {
    Ok(IncidentRow {
        id,
        source: incident.source,
        key: incident.key.clone(),
        reference: incident.reference.clone(),
        open: incident.life == Life::Open,
        severity: incident.severity,
        opened_ms: incident.opened.as_millisecond(),
        updated_ms: received_ms,
        data: json(incident)?,
    })
}

/// A stored incident with its id. One that can't be read (a newer release wrote it) is left as it is, and its
/// next event opens another.
pub(super) fn readable(row: &IncidentRow) -> Option<(i64, Incident)> {
    match serde_json::from_str(&row.data) {
        Ok(incident) => Some((row.id, incident)),
        Err(error) => {
            tracing::error!(
                source = row.source.as_str(), key = row.key, reference = row.reference, %error,
                "a stored incident can't be read; its next event opens a new one"
            );
            None
        }
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Sqlite(rusqlite::Error::ToSqlConversionFailure(error.into())))
}
