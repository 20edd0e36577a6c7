//! The store's upkeep. Invariants: a warning comes while there is still room, with figures and what to do; an outage is
//! tested again every [`TICK`] even if nobody writes, because a proxy that sees it sends nothing.

use std::{collections::VecDeque, fs, io, path::Path, sync::atomic::Ordering, time::Duration};

use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::{BACKLOG, State, Store, StoreError, file, inbox, incidents, meta, millis, outbox, retention};
use crate::{
    event::{Severity, Source},
    telemetry::{IncidentLabels, Metrics, StateLabel},
};

/// How often everything here is done.
const TICK: Duration = Duration::from_secs(5);

const MIB: u64 = 1 << 20;
/// Less free space than this is always warned of.
const LITTLE: u64 = 256 * MIB;
/// Less than a tenth of the disk is warned of, but not more than this: on a large disk a tenth is plenty.
const PLENTY: u64 = 2048 * MIB;
/// How far apart the samples for the forecast are, and how many are kept (a day).
const SAMPLE: Duration = Duration::from_mins(10);
const SAMPLES: usize = 144;

pub(super) async fn run(store: Store, cancel: CancellationToken) {
    let clock = store.settings.clock.clone();
    let mut forecast = Forecast::default();
    loop {
        if let Err(error) = tick(&store, &mut forecast).await {
            tracing::warn!(%error, "the upkeep of the store failed; it is tried again");
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = clock.sleep(TICK) => {}
        }
    }
}

async fn tick(store: &Store, forecast: &mut Forecast) -> Result<(), StoreError> {
    if store.condition.is_out() {
        // Takes room and gives it back, in two commits, so that a file that can't grow shows.
        store.write(|conn| meta::set(conn, "probe", &"0".repeat(64 << 10))).await?;
        store.write(|conn| meta::set(conn, "probe", "")).await?;
    }
    let (now_ms, keep) = (store.settings.clock.now_ms(), store.settings.keep);
    store.write(move |conn| retention::step(conn, now_ms, keep)).await?;
    let survey = store.read(Survey::take).await?;
    survey.show(&store.settings.metrics, now_ms);
    let waiting = survey.inbox.pending + survey.count(State::Pending);
    let congested = waiting > BACKLOG;
    store.congested.store(congested, Ordering::Relaxed);
    let crowd = congested.then(|| {
        format!(
            "{waiting} messages wait (limit {BACKLOG}), so webhooks are answered 503 until some are sent; \
             look at Discord's connection and at channels that can't keep up"
        )
    });
    let space = Space::measure(&store.settings.path).map_err(|error| {
        StoreError::Unavailable(format!("can't measure {}: {error}", store.settings.path.display()))
    })?;
    store.settings.metrics.store_bytes.set(gauge(space.store));
    store.settings.metrics.disk_free_bytes.set(gauge(space.free));
    forecast.note(now_ms, space.free);
    let room = space.warning(forecast);
    let warnings: Vec<_> = crowd.into_iter().chain(room).collect();
    store.condition.warn((!warnings.is_empty()).then(|| warnings.join("; ")));
    Ok(())
}

/// How many things there are.
struct Survey {
    inbox: inbox::Counts,
    outbox: [(State, i64); 4],
    oldest_pending_ms: Option<i64>,
    incidents: Vec<(Source, Severity, i64)>,
}

impl Survey {
    fn take(conn: &Connection) -> Result<Self, StoreError> {
        Ok(Self {
            inbox: inbox::counts(conn)?,
            outbox: outbox::counts(conn)?,
            oldest_pending_ms: outbox::oldest_pending_ms(conn)?,
            incidents: incidents::open_counts(conn)?,
        })
    }

    fn count(&self, state: State) -> i64 {
        self.outbox.iter().find(|(each, _)| *each == state).map_or(0, |(_, count)| *count)
    }

    fn show(&self, metrics: &Metrics, now_ms: i64) {
        metrics.inbox_pending.set(self.inbox.pending);
        metrics.inbox_failed.set(self.inbox.failed);
        for (state, count) in self.outbox {
            metrics.outbox_messages.get_or_create(&StateLabel { state: state.as_str() }).set(count);
        }
        let age_ms = self.oldest_pending_ms.map_or(0, |oldest| now_ms.saturating_sub(oldest).max(0));
        metrics.outbox_oldest_seconds.set(age_ms / 1000);
        for source in Source::ALL {
            for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
                let open = self.incidents.iter().find(|(s, v, _)| (*s, *v) == (source, severity));
                let labels = IncidentLabels { source: source.as_str(), severity: severity.as_str() };
                metrics.incidents_open.get_or_create(&labels).set(open.map_or(0, |(_, _, count)| *count));
            }
        }
    }
}

/// Room, in bytes.
#[derive(Clone, Copy, Debug)]
struct Space {
    store: u64,
    free: u64,
    total: u64,
}

impl Space {
    fn measure(path: &Path) -> io::Result<Self> {
        let mut store = 0;
        for suffix in ["", "-wal", "-shm"] {
            match fs::metadata(file::companion(path, suffix)) {
                Ok(file) => store += file.len(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        let disk = rustix::fs::statvfs(path)?;
        Ok(Self {
            store,
            free: disk.f_bavail.saturating_mul(disk.f_frsize),
            total: disk.f_blocks.saturating_mul(disk.f_frsize),
        })
    }

    fn warning(&self, forecast: &Forecast) -> Option<String> {
        let enough = (self.total / 10).clamp(LITTLE, PLENTY);
        (self.free < enough).then(|| {
            let when = forecast.full_in(self.free).map_or_else(String::new, |text| format!(" {text}"));
            format!(
                "the disk has {} MiB left of {} MiB (the store takes {} MiB); at 0 webhooks are answered 503.{when} \
                 Make room, or shorten [store] keep",
                self.free / MIB,
                self.total / MIB,
                self.store / MIB
            )
        })
    }
}

/// How fast the disk fills, over at most a day.
#[derive(Debug, Default)]
struct Forecast(VecDeque<(i64, u64)>);

impl Forecast {
    fn note(&mut self, now_ms: i64, free: u64) {
        if self.0.back().is_none_or(|(at, _)| now_ms.saturating_sub(*at) >= millis(SAMPLE)) {
            self.0.push_back((now_ms, free));
        }
        if self.0.len() > SAMPLES {
            self.0.pop_front();
        }
    }

    fn full_in(&self, free: u64) -> Option<String> {
        let ((from, before), (to, _)) = (*self.0.front()?, *self.0.back()?);
        let lost = before.checked_sub(free).filter(|lost| *lost > 0)?;
        let elapsed = u64::try_from(to.saturating_sub(from)).ok().filter(|elapsed| *elapsed > 0)?;
        let hours = u128::from(free) * u128::from(elapsed) / u128::from(lost) / 3_600_000;
        Some(if hours < 48 {
            format!("At today's pace it is full in about {hours} hours.")
        } else {
            format!("At today's pace it is full in about {} days.", hours / 24)
        })
    }
}

fn gauge(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
