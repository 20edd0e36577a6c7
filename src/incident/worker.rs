//! Takes what intake stored through incident and message into the outbox. Invariants:
//! - an arrival is settled in the same transaction that stores its incident and its messages, so a crash
//!   neither loses it nor shows it twice;
//! - arrivals are taken in the order in which they were accepted;
//! - one that can't be read, shown or stored is marked as failed, with a log line, and holds up no other;
//! - a store that is unavailable is asked again; nothing is given up.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::{Incident, Life, reference::reference, route::Routes};
use crate::{
    clock::Clock,
    event::{Event, Source},
    language::Language,
    render,
    store::{Draft, InboxRow, IncidentRow, Store, StoreError, inbox, incidents, meta, outbox},
};

/// Reads a stored body again: source, the wire kind, the body. The error says what was expected and what
/// came.
pub type Reader = fn(Source, &str, &[u8]) -> Result<Event, String>;

/// How many arrivals share a transaction. Small, because intake waits for the same writer.
const BATCH: u32 = 32;
/// How long to wait before a store that failed is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// How many references are tried. With 30 bits each, eight clashes in a row do not happen.
const ATTEMPTS: u32 = 8;

/// What the work needs.
#[derive(Clone)]
pub struct Worker {
    /// Where arrivals wait and messages go.
    pub store: Store,
    /// Which events go where.
    pub routes: Arc<Routes>,
    /// The language of channel messages.
    pub language: Language,
    /// Reads stored bodies.
    pub reader: Reader,
    /// The time.
    pub clock: Clock,
}

/// An arrival that was read.
struct Item {
    inbox_id: i64,
    received_ms: i64,
    event: Result<Event, String>,
}

impl Worker {
    /// Works until `cancel`; what is being worked on then is finished first.
    pub async fn run(self, cancel: CancellationToken) {
        let arrivals = self.store.inbox_arrivals();
        while !cancel.is_cancelled() {
            let wait = match self.work().await {
                Ok(0) => None,
                Ok(_) => continue,
                Err(error) => {
                    tracing::error!(%error, "accepted events wait: the store failed; trying again");
                    Some(PAUSE)
                }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.clock.sleep(wait.unwrap_or(Duration::MAX)) => {}
                () = arrivals.notified(), if wait.is_none() => {}
            }
        }
    }

    /// Takes one batch; how many arrivals it had.
    pub async fn work(&self) -> Result<usize, StoreError> {
        let rows = self.pending().await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let count = rows.len();
        match self.take(rows).await {
            Ok(()) => {}
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "a batch of accepted events failed; each is taken on its own");
                for row in self.pending().await? {
                    self.take_alone(row).await?;
                }
            }
        }
        self.store.outbox_changes().notify_one();
        Ok(count)
    }

    async fn pending(&self) -> Result<Vec<InboxRow>, StoreError> {
        self.store.read(|conn| inbox::pending(conn, BATCH)).await
    }

    /// Takes all of `rows` in one transaction, or none.
    async fn take(&self, rows: Vec<InboxRow>) -> Result<(), StoreError> {
        let items: Vec<Item> = rows.into_iter().map(|row| self.read(row)).collect();
        let desk =
            Desk { routes: Arc::clone(&self.routes), language: self.language, now_ms: self.clock.now_ms() };
        let job = move |conn: &Connection| {
            let store_id = meta::get(conn, meta::STORE_ID)?.unwrap_or_default();
            items.into_iter().try_for_each(|item| {
                let inbox_id = item.inbox_id;
                // What was changed until then is undone with the job.
                catch_unwind(AssertUnwindSafe(|| desk.take(conn, &store_id, item)))
                    .unwrap_or(Err(StoreError::Panicked { table: "inbox", id: inbox_id }))
            })
        };
        self.store.write(job).await
    }

    /// Takes one arrival, or marks it as failed.
    async fn take_alone(&self, row: InboxRow) -> Result<(), StoreError> {
        let (id, source, kind) = (row.id, row.source, row.kind.clone());
        let error = match self.take(vec![row]).await {
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            Err(error) => error,
            Ok(()) => return Ok(()),
        };
        tracing::error!(
            source = source.as_str(),
            kind,
            inbox_id = id,
            %error,
            "an accepted event can't be shown and shows nowhere; its body is kept in the inbox: report this"
        );
        self.store.write(move |conn| inbox::fail(conn, id, &error.to_string())).await
    }

    fn read(&self, row: InboxRow) -> Item {
        let InboxRow { id, source, kind, received_ms, body } = row;
        let reader = self.reader;
        let event = catch_unwind(|| reader(source, &kind, &body))
            .unwrap_or_else(|_| Err("reading it panicked, which is a mistake in Vigie; see the log".into()));
        if let Err(reason) = &event {
            tracing::error!(
                source = source.as_str(),
                kind,
                inbox_id = id,
                reason,
                "an accepted event can't be read and shows nowhere; its body is kept in the inbox"
            );
        }
        Item { inbox_id: id, received_ms, event }
    }
}

/// What is needed within the transaction.
struct Desk {
    routes: Arc<Routes>,
    language: Language,
    now_ms: i64,
}

impl Desk {
    fn take(&self, conn: &Connection, store_id: &str, item: Item) -> Result<(), StoreError> {
        let Item { inbox_id, received_ms, event } = item;
        let event = match event {
            Ok(event) => event,
            Err(reason) => return inbox::fail(conn, inbox_id, &reason),
        };
        let received = Timestamp::from_millisecond(received_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        if event.incident.as_ref() != Some(&event.object) {
            self.note(conn, &event, received, received_ms)?;
        }
        let key = event.incident.clone().unwrap_or_else(|| format!("inbox {inbox_id}"));
        let (id, incident) = if let Some((id, incident)) = known(conn, event.source, &key)? {
            let incident = incident.after(event, received);
            (incidents::save(conn, &row(id, &incident, received_ms)?)?, incident)
        } else {
            let decision = self.routes.decide(&event);
            // Named where a clash with another name shows.
            let incident = Incident::open(event, key, String::new(), decision, received);
            open(conn, incident, store_id, inbox_id, received_ms)?
        };
        self.show(conn, id, &incident, received_ms)?;
        inbox::settle(conn, inbox_id)
    }

    /// Takes an event that stands for itself (a review) also into the history of the incident that its
    /// object is (the pull request), if that is known.
    fn note(
        &self,
        conn: &Connection,
        event: &Event,
        received: Timestamp,
        received_ms: i64,
    ) -> Result<(), StoreError> {
        let Some((id, mut incident)) = known(conn, event.source, &event.object)? else { return Ok(()) };
        incident.note(event, received);
        incidents::save(conn, &row(id, &incident, received_ms)?)?;
        self.show(conn, id, &incident, received_ms)
    }

    fn show(
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
fn open(
    conn: &Connection,
    mut incident: Incident,
    store_id: &str,
    inbox_id: i64,
    received_ms: i64,
) -> Result<(i64, Incident), StoreError> {
    let mut attempt = 0;
    loop {
        incident.reference = reference(store_id, inbox_id, attempt);
        attempt += 1;
        match incidents::save(conn, &row(0, &incident, received_ms)?) {
            Err(StoreError::Sqlite(error))
                if attempt < ATTEMPTS
                    && error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {}
            saved => return Ok((saved?, incident)),
        }
    }
}

fn row(id: i64, incident: &Incident, received_ms: i64) -> Result<IncidentRow, StoreError> {
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

/// The incident of this key with its id. One that can't be read (a newer release wrote it) is left as it is,
/// and its next event opens another.
fn known(conn: &Connection, source: Source, key: &str) -> Result<Option<(i64, Incident)>, StoreError> {
    let Some(row) = incidents::find(conn, source, key)? else { return Ok(None) };
    match serde_json::from_str(&row.data) {
        Ok(incident) => Ok(Some((row.id, incident))),
        Err(error) => {
            tracing::error!(
                source = source.as_str(), key, reference = row.reference, %error,
                "a stored incident can't be read; its next event opens a new one"
            );
            Ok(None)
        }
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Sqlite(rusqlite::Error::ToSqlConversionFailure(error.into())))
}

#[cfg(test)]
mod tests;
