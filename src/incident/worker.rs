//! Takes what intake stored through incident and message into the outbox. Invariants:
//! - an arrival is settled in the same transaction that stores its incident and its messages, so a crash
//!   neither loses it nor shows it twice;
//! - arrivals are taken in the order in which they were accepted;
//! - one that can't be read, shown or stored is marked as failed, with a log line, and holds up no other;
//! - a store that is unavailable is asked again; nothing is given up.

use std::{
    cell::RefCell,
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::{
    backlog,
    desk::{Desk, Item},
    route::Routes,
};
use crate::{
    clock::{Clock, later},
    crash_point::CrashPoint,
    event::{Event, Source},
    language::Language,
    render::buttons::Silencing,
    store::{InboxRow, Store, StoreError, digests, inbox, meta},
};

/// Reads a stored body again: source, the wire kind, the body. The error says what was expected and what
/// came.
pub type Reader = fn(Source, &str, &[u8]) -> Result<Event, String>;

/// How many arrivals share a transaction. Small, because intake waits for the same writer.
const BATCH: u32 = 32;
/// How often it is looked whether Discord takes messages.
const RECHECK: Duration = Duration::from_mins(1);
/// How long to wait before a store that failed is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// What the work needs.
#[derive(Clone)]
pub struct Worker {
    /// Where arrivals wait and messages go.
    pub store: Store,
    /// Which events go where.
    pub routes: Arc<Routes>,
    /// The watched services whose being down is critical.
    pub critical: Arc<BTreeSet<String>>,
    /// Whether alerts get buttons that silence them.
    pub silencing: Silencing,
    /// The language of channel messages.
    pub language: Language,
    /// Reads stored bodies.
    pub reader: Reader,
    /// The time.
    pub clock: Clock,
}

impl Worker {
    /// Works until `cancel`; what is being worked on then is finished first.
    pub async fn run(self, cancel: CancellationToken) {
        let arrivals = self.store.inbox_arrivals();
        while !cancel.is_cancelled() {
            let (until, failed) = match self.turn().await {
                Ok(None) => continue,
                Ok(Some(next)) => (next, false),
                Err(error) => {
                    tracing::error!(%error, "accepted events wait: the store failed; trying again");
                    (later(self.clock.now(), PAUSE), true)
                }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = self.clock.sleep_until(until) => {}
                () = arrivals.notified(), if !failed => {}
            }
        }
    }

    /// Takes one batch. If nothing waited, shows the digests whose time has come, condenses what waits for too
    /// long, and says when to look again.
    async fn turn(&self) -> Result<Option<Timestamp>, StoreError> {
        if self.work().await? > 0 {
            return Ok(None);
        }
        self.show_digests().await?;
        self.condense().await?;
        let next = self.store.read(digests::next_due_ms).await?;
        let next = next.map(|due| Timestamp::from_millisecond(due).unwrap_or(Timestamp::MAX));
        let recheck = later(self.clock.now(), RECHECK);
        Ok(Some(next.map_or(recheck, |next| next.min(recheck))))
    }

    /// Condenses what waits after long without Discord. To be done before anything is sent after a start.
    pub async fn condense(&self) -> Result<(), StoreError> {
        let now = self.clock.now_ms();
        if self.store.read(move |conn| backlog::stuck(conn, now)).await?.is_empty() {
            return Ok(());
        }
        while self.at_desk(Desk::condense).await? > 0 {}
        Ok(())
    }

    /// Shows the digests whose time has come.
    pub async fn show_digests(&self) -> Result<(), StoreError> {
        let now = self.clock.now_ms();
        if self.store.read(digests::next_due_ms).await?.is_none_or(|due| due > now) {
            return Ok(());
        }
        self.at_desk(|_, _| Ok(())).await
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
        Ok(count)
    }

    async fn pending(&self) -> Result<Vec<InboxRow>, StoreError> {
        self.store.read(|conn| inbox::pending(conn, BATCH)).await
    }

    /// Takes all of `rows` in one transaction, or none.
    async fn take(&self, rows: Vec<InboxRow>) -> Result<(), StoreError> {
        let items: Vec<Item> = rows.into_iter().map(|row| self.read(row)).collect();
        self.at_desk(move |desk, conn| {
            let store_id = meta::get(conn, meta::STORE_ID)?.unwrap_or_default();
            items.into_iter().try_for_each(|item| {
                let inbox_id = item.inbox_id;
                // What was changed until then is undone with the job.
                catch_unwind(AssertUnwindSafe(|| desk.take(conn, &store_id, item)))
                    .unwrap_or(Err(StoreError::Panicked { table: "inbox", id: inbox_id }))
            })
        })
        .await
    }

    /// Runs `job` as [`Store::write`] does, shows the digests that it changed and has all sent that it shows.
    pub(super) async fn at_desk<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Desk, &Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let desk = self.desk();
        let run = move |conn: &Connection| {
            let done = job(&desk, conn)?;
            desk.refresh(conn)?;
            Ok(done)
        };
        let done = self.store.write(run).await?;
        CrashPoint::Taken.reached();
        self.store.outbox_changes().notify_one();
        Ok(done)
    }

    fn desk(&self) -> Desk {
        Desk {
            routes: Arc::clone(&self.routes),
            critical: Arc::clone(&self.critical),
            silencing: self.silencing,
            language: self.language,
            now_ms: self.clock.now_ms(),
            stale: RefCell::default(),
        }
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
        let InboxRow { id, source, kind, told, received_ms, body } = row;
        let reader = self.reader;
        let event = catch_unwind(|| reader(source, &kind, &body))
            .unwrap_or_else(|_| Err("reading it panicked, which is a mistake in Vigie; see the log".into()))
            .map(|event| Event { told, ..event });
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

#[cfg(test)]
mod tests;
