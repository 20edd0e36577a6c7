//! What Vigie must not forget, in one SQLite file. Invariants:
//!
//! - What [`Store::write`] or [`Store::accept`] answered with `Ok` is on the disk (WAL, `synchronous = FULL`).
//! - One thread writes. It runs what waits as one transaction, each job in a savepoint, and commits once (group commit);
//!   another thread reads. No async task ever blocks on SQLite.
//! - Both queues are bounded. A full queue, a full or read-only disk and a closed store are
//!   [`StoreError::Unavailable`]: intake answers 503, nothing is dropped, and the store goes on by itself when it can.
//! - The outbox is bounded by intake: while more than [`BACKLOG`] messages and arrivals wait, `accept` is unavailable.
//!   Nothing that was accepted is ever dropped to make room.
//! - Arrivals' bodies, closed incidents and their messages go `keep` after they were last touched; what waits stays.
//!   The keys against repeats stay [`retention::KEYS_OUTLIVE`] longer.

pub mod audit;
mod columns;
mod condition;
#[cfg(test)]
mod crash_test;
pub mod digests;
mod error;
mod file;
pub mod inbox;
pub mod incidents;
mod maintenance;
pub mod meta;
pub mod outbox;
pub mod retention;
mod schema;
#[cfg(test)]
mod tests;
mod worker;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use self::{
    condition::StoreCondition,
    worker::{Link, Reader, Request, Writer},
};
pub use self::{
    error::StoreError,
    inbox::{Acceptance, Arrival, InboxRow},
    incidents::IncidentRow,
    outbox::{Draft, OutboxRow, State},
};
use crate::{clock::Clock, health::Health, reason::Reason, telemetry::Metrics};

/// How many arrivals and messages may wait before intake is refused.
pub const BACKLOG: i64 = 50_000;

/// What a store needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its file; the folder must exist.
    pub path: PathBuf,
    /// How long bodies and what is closed are kept.
    pub keep: Duration,
    /// The time.
    pub clock: Clock,
    /// Where sizes and counts go.
    pub metrics: Metrics,
    /// Where its condition goes.
    pub health: Health,
}

/// The store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store {
    settings: Arc<Settings>,
    condition: StoreCondition,
    writer: mpsc::Sender<Request>,
    reader: mpsc::Sender<Request>,
    inbox_arrivals: Arc<Notify>,
    outbox_changes: Arc<Notify>,
    congested: Arc<AtomicBool>,
    warning: watch::Sender<Option<Reason>>,
}

impl Store {
    /// Opens the file, or makes it. A damaged one is moved aside and a new one begun. While the disk is full or
    /// read-only the store opens all the same, `Failed` in health, and becomes usable when that ends.
    ///
    /// # Errors
    /// When a person must act first: another program's file, one that needs a newer Vigie, one in use, no such folder.
    pub fn open(settings: Settings) -> Result<Self, StoreError> {
        let condition = StoreCondition::new(settings.path.clone(), settings.health.clone());
        let mut link = Link::new({
            let (path, clock, condition) = (settings.path.clone(), settings.clock.clone(), condition.clone());
            let mut lock = None;
            Box::new(move || {
                if lock.is_none() {
                    lock = Some(file::lock(&path)?);
                }
                file::open(&path, &clock, &condition)
            })
        });
        match link.connect() {
            Ok(()) => condition.opened(),
            Err(StoreError::Unavailable(reason)) => condition.outage(&reason),
            Err(error) => return Err(error),
        }
        let commits = settings.metrics.store_commits.clone();
        let writer = Writer { link, condition: condition.clone(), commits }.start()?;
        let path = settings.path.clone();
        let reader = Reader { link: Link::new(Box::new(move || file::open_reader(&path))) }.start()?;
        Ok(Self {
            settings: Arc::new(settings),
            condition,
            writer,
            reader,
            inbox_arrivals: Arc::default(),
            outbox_changes: Arc::default(),
            congested: Arc::default(),
            warning: watch::Sender::default(),
        })
    }

    /// Runs `job` in a transaction; what it changed is durable when this answers `Ok`, and undone when it answers an
    /// error. The job must not begin or end transactions itself. Once queued it runs even if the caller goes away.
    pub async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        ask(&self.writer, worker::pack(job, |_| ())).await
    }

    /// Runs `job`, which must not change anything, on a connection of its own. Short jobs only: they run one by one.
    pub async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        ask(&self.reader, worker::pack(job, |_| ())).await
    }

    /// Stores `arrival` unless it is a repeat, and wakes [`Store::inbox_arrivals`] after the commit.
    pub async fn accept(&self, arrival: Arrival) -> Result<Acceptance, StoreError> {
        let mut acceptances = self.accept_all(vec![arrival]).await?;
        Ok(acceptances.pop().unwrap_or(Acceptance::Repeat))
    }

    /// Like [`Store::accept`] for what came together: all of it is stored, or none.
    pub async fn accept_all(&self, arrivals: Vec<Arrival>) -> Result<Vec<Acceptance>, StoreError> {
        self.accept_news(arrivals, |_, arrival| Ok(Some(arrival))).await
    }

    /// Like [`Store::accept_all`] for what `judge` makes of `findings`. It sees the store as it is when they are
    /// stored, so that nothing comes between.
    pub async fn accept_news<T: Send + 'static>(
        &self,
        findings: Vec<T>,
        mut judge: impl FnMut(&Connection, T) -> Result<Option<Arrival>, StoreError> + Send + 'static,
    ) -> Result<Vec<Acceptance>, StoreError> {
        if self.congested.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable(
                Reason::new("store-backlog").with("limit", BACKLOG.unsigned_abs()),
            ));
        }
        let now_ms = self.settings.clock.now_ms();
        let woken = Arc::clone(&self.inbox_arrivals);
        let job = move |conn: &Connection| -> Result<Vec<Acceptance>, StoreError> {
            let mut acceptances = Vec::new();
            for finding in findings {
                if let Some(arrival) = judge(conn, finding)? {
                    acceptances.push(inbox::accept(conn, &arrival, now_ms)?);
                }
            }
            Ok(acceptances)
        };
        let committed = move |acceptances: &Vec<Acceptance>| {
            if acceptances.iter().any(|acceptance| *acceptance != Acceptance::Repeat) {
                woken.notify_one();
            }
        };
        ask(&self.writer, worker::pack(job, committed)).await
    }

    /// Woken after a commit that stored an arrival. For one waiter; a wake-up without a waiter is kept for it.
    pub fn inbox_arrivals(&self) -> Arc<Notify> {
        Arc::clone(&self.inbox_arrivals)
    }

    /// To be woken (`notify_one`) by whoever committed outbox rows. For one waiter.
    pub fn outbox_changes(&self) -> Arc<Notify> {
        Arc::clone(&self.outbox_changes)
    }

    /// What the team should be told of the store: that its disk is nearly full. It has no figures, so it changes only
    /// when the condition comes or goes. That too much waits is no such warning: it would wait behind all the rest.
    pub fn warnings(&self) -> watch::Receiver<Option<Reason>> {
        self.warning.subscribe()
    }

    /// Tells those who wait for [`Store::warnings`], if it is news.
    pub(crate) fn warn(&self, warning: Option<Reason>) {
        self.warning.send_if_modified(|told| {
            let changed = *told != warning;
            *told = warning;
            changed
        });
    }

    /// Keeps the file in order until `cancel`: retention, metrics, warnings, and the way back from an outage.
    pub async fn maintain(self, cancel: CancellationToken) {
        maintenance::run(self, cancel).await;
    }

    /// Brings the gauges up to date, which are else some seconds old.
    pub async fn measure(&self) -> Result<(), StoreError> {
        maintenance::measure(self).await
    }

    /// Finishes what is queued, refuses what comes after, and closes the file. Answers when that is done.
    pub async fn close(self) {
        for queue in [&self.reader, &self.writer] {
            let (done, closed) = oneshot::channel();
            // A thread that is gone already has closed its connection.
            if queue.send(Request::Close(done)).await.is_ok() {
                // The end shows by the loss of the sender.
                let _ = closed.await;
            }
        }
    }
}

async fn ask<T>(
    queue: &mpsc::Sender<Request>,
    (request, answer): (Request, oneshot::Receiver<Result<T, StoreError>>),
) -> Result<T, StoreError> {
    queue.try_send(request).map_err(|error| {
        StoreError::Unavailable(match error {
            mpsc::error::TrySendError::Full(_) => Reason::new("store-busy"),
            mpsc::error::TrySendError::Closed(_) => Reason::new("store-ending"),
        })
    })?;
    answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable(Reason::new("store-given-up"))))
}

/// `duration` in the store's unit of time.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// An error unless a row was changed.
fn found(changed: usize, table: &'static str, id: i64) -> Result<(), StoreError> {
    if changed == 0 { Err(StoreError::Missing { table, id }) } else { Ok(()) }
}
