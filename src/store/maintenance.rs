//! The store's upkeep. Invariants: a warning comes while there is still room, with figures and what to do; an outage is
//! tested again every [`TICK`] even if nobody writes, because a proxy that sees it sends nothing.

use std::{collections::VecDeque, fs, io, path::Path, sync::atomic::Ordering, time::Duration};

use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::{BACKLOG, State, Store, StoreError, file, inbox, incidents, meta, millis, outbox, retention};
use crate::{
    event::{Severity, Source},
    reason::Reason,
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
        for done in [tidy(&store).await, survey(&store, &mut forecast).await] {
            // An outage is logged once, by whoever noticed it.
            if let Err(error) = done
                && !store.condition.is_out()
            {
                tracing::warn!(%error, "the upkeep of the store failed; it is tried again");
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = clock.sleep(TICK) => {}
        }
    }
}

async fn tidy(store: &Store) -> Result<(), StoreError> {
    if store.condition.is_out() {
        // Takes room and gives it back, in two commits, so that a file that can't grow shows.
        store.write(|conn| meta::set(conn, "probe", &"0".repeat(64 << 10))).await?;
        store.write(|conn| meta::set(conn, "probe", "")).await?;
    }
    let (now_ms, keep) = (store.settings.clock.now_ms(), store.settings.keep);
    store.write(move |conn| retention::step(conn, now_ms, keep)).await
}

async fn survey(store: &Store, forecast: &mut Forecast) -> Result<(), StoreError> {
    let settings = &store.settings;
    let space = Space::measure(&settings.path).map_err(|error| {
        let path = settings.path.display().to_string();
        StoreError::Unavailable(
            Reason::new("store-unmeasured").with("path", path).with("error", error.to_string()),
        )
    })?;
    settings.metrics.store_bytes.set(gauge(space.store));
    settings.metrics.disk_free_bytes.set(gauge(space.free));
    let now_ms = settings.clock.now_ms();
    forecast.note(now_ms, space.free);
    let census = store.read(Census::take).await?;
    census.show(&settings.metrics, now_ms);
    let waiting = census.inbox.pending + census.messages(State::Pending);
    store.congested.store(waiting > BACKLOG, Ordering::Relaxed);
    let little_room = warn_of_room(store, &space, forecast);
    store.condition.warn(Reason::all(crowd(waiting).into_iter().chain(little_room)));
    Ok(())
}

/// Counts what there is.
pub(super) async fn measure(store: &Store) -> Result<(), StoreError> {
    store.read(Census::take).await?.show(&store.settings.metrics, store.settings.clock.now_ms());
    Ok(())
}

fn crowd(waiting: i64) -> Option<Reason> {
    (waiting > BACKLOG).then(|| {
        Reason::new("store-crowded")
            .with("waiting", waiting.unsigned_abs())
            .with("limit", BACKLOG.unsigned_abs())
    })
}

/// Warns who waits for [`Store::warnings`]; the text with figures, for [`StoreCondition`](super::condition).
fn warn_of_room(store: &Store, space: &Space, forecast: &Forecast) -> Option<Reason> {
    let with_figures = space.warning(forecast);
    store.warn(with_figures.is_some().then(|| little_room_at(&store.settings.path)));
    with_figures
}

/// The warning for the team. It has no figures, so that it stays the same while the disk fills.
fn little_room_at(path: &Path) -> Reason {
    Reason::new("store-nearly-full").with("path", path.display().to_string())
}

/// How many things there are.
struct Census {
    inbox: inbox::Counts,
    outbox: [(State, i64); 4],
    oldest_pending_ms: Option<i64>,
    incidents: Vec<(Source, Severity, i64)>,
}

impl Census {
    fn take(conn: &Connection) -> Result<Self, StoreError> {
        Ok(Self {
            inbox: inbox::counts(conn)?,
            outbox: outbox::counts(conn)?,
            oldest_pending_ms: outbox::oldest_pending_ms(conn)?,
            incidents: incidents::open_counts(conn)?,
        })
    }

    fn messages(&self, state: State) -> i64 {
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

    fn warning(&self, forecast: &Forecast) -> Option<Reason> {
        let enough = (self.total / 10).clamp(LITTLE, PLENTY);
        (self.free < enough).then(|| {
            let (left, unit) = forecast.full_in(self.free).unwrap_or((0, "unknown"));
            Reason::new("store-little-room")
                .with("left", left)
                .with("unit", unit)
                .with("free", self.free / MIB)
                .with("total", self.total / MIB)
                .with("store", self.store / MIB)
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

    /// When nothing is left of `free`: how many `hours` or `days`.
    fn full_in(&self, free: u64) -> Option<(u64, &'static str)> {
        let ((from, before), (to, _)) = (*self.0.front()?, *self.0.back()?);
        let lost = before.checked_sub(free).filter(|lost| *lost > 0)?;
        let elapsed = u64::try_from(to.saturating_sub(from)).ok().filter(|elapsed| *elapsed > 0)?;
        let hours = u128::from(free) * u128::from(elapsed) / u128::from(lost) / 3_600_000;
        let hours = u64::try_from(hours).unwrap_or(u64::MAX);
        Some(if hours < 48 { (hours, "hours") } else { (hours / 24, "days") })
    }
}

fn gauge(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::{
        health::Condition,
        language::Language,
        store::{
            Arrival, Draft, IncidentRow,
            tests::{Fixture, arrival, incident},
        },
    };

    #[tokio::test]
    async fn metrics_say_what_the_store_holds() {
        let fixture = Fixture::new();
        let store = fixture.open().unwrap();
        store.accept(arrival("a")).await.unwrap();
        let now_ms = fixture.clock.now_ms();
        let put = move |conn: &Connection| {
            let incident = IncidentRow { open: true, ..incident("vg-1") };
            let draft = Draft {
                incident_id: incidents::save(conn, &incident)?,
                channel_id: 1,
                reference: incident.reference,
                payload: "{}".into(),
                accepted_ms: now_ms - 90_000,
                reply: None,
                whole: None,
            };
            outbox::put(conn, &draft, now_ms)
        };
        store.write(put).await.unwrap();
        let metrics = fixture.metrics.clone();
        fixture.maintain_until(&store, async || metrics.inbox_pending.get() == 1).await;
        let text = metrics.encode().unwrap();
        for line in
            ["outbox_messages{state=\"pending\"} 1", "incidents_open{source=\"gitea\",severity=\"info\"} 1"]
        {
            assert!(text.contains(line), "no {line} in:\n{text}");
        }
        assert!(metrics.outbox_oldest_seconds.get() >= 90);
        assert!(metrics.store_bytes.get() > 4096 && metrics.disk_free_bytes.get() > 0);
    }

    #[tokio::test]
    async fn the_upkeep_removes_what_is_old_in_a_file_and_gives_the_room_back() {
        let fixture = Fixture::new();
        let store = fixture.open().unwrap();
        for n in 0..12 {
            let body = vec![b'x'; 1 << 20];
            store.accept(Arrival { body, ..arrival(&n.to_string()) }).await.unwrap();
        }
        store.write(|conn| Ok(conn.execute("UPDATE inbox SET state = 'settled'", [])?)).await.unwrap();
        fixture.clock.advance(Duration::from_hours(91 * 24));
        let pages = || {
            store.read(|conn| Ok(conn.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))?))
        };
        assert!(pages().await.unwrap() > 3000);
        fixture.maintain_until(&store, async || pages().await.unwrap() < 1200).await;
    }

    #[tokio::test]
    async fn intake_is_refused_while_too_much_waits_and_taken_again_after() {
        let fixture = Fixture::new();
        let store = fixture.open().unwrap();
        let fill = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= {BACKLOG}) \
             INSERT INTO inbox (source, kind, object, source_key, received_ms, body) \
             SELECT 'gitea', 'push', i, i, 0, x'' FROM n"
        );
        store.write(move |conn| Ok(conn.execute(&fill, [])?)).await.unwrap();
        fixture.maintain_until(&store, async || store.congested.load(Ordering::Relaxed)).await;
        assert!(matches!(store.accept(arrival("a")).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(fixture.condition(), Condition::Warning(_)));
        let reason = fixture.reason();
        assert!(reason.contains("50001 messages wait"), "{reason}");

        store.write(|conn| Ok(conn.execute("UPDATE inbox SET state = 'settled'", [])?)).await.unwrap();
        fixture.maintain_until(&store, async || store.accept(arrival("a")).await.is_ok()).await;
    }

    #[tokio::test]
    async fn a_warning_of_little_room_is_for_all_who_wait_for_one_and_has_no_figures() {
        let fixture = Fixture::new();
        let store = fixture.open().unwrap();
        let mut warnings = store.warnings();
        let little = Space { store: MIB, free: 100 * MIB, total: 8000 * MIB };
        warn_of_room(&store, &little, &Forecast::default());
        assert!(warnings.has_changed().unwrap());
        let text = warnings.borrow_and_update().clone().unwrap().to_string();
        assert!(text.contains("vigie.db is nearly full") && !text.contains("100"), "{text}");
        warn_of_room(&store, &Space { free: 99 * MIB, ..little }, &Forecast::default());
        assert!(!warnings.has_changed().unwrap());
        warn_of_room(&store, &Space { free: 4000 * MIB, ..little }, &Forecast::default());
        assert_eq!(*warnings.borrow_and_update(), None);
    }

    #[test]
    fn little_room_is_warned_of_with_figures_and_a_forecast() {
        let mut forecast = Forecast::default();
        let card = |free| Space { store: 40 * MIB, free: free * MIB, total: 8000 * MIB };
        assert_eq!(card(900).warning(&forecast), None);
        insta::assert_snapshot!(card(700).warning(&forecast).unwrap(), @"the disk has 700 MiB left of 8000 MiB (the store takes 40 MiB); when none is left, webhooks are answered 503. Make room, or shorten [store] keep");
        forecast.note(0, 1000 * MIB);
        forecast.note(6 * 3_600_000, 700 * MIB);
        insta::assert_snapshot!(card(700).warning(&forecast).unwrap(), @"the disk has 700 MiB left of 8000 MiB (the store takes 40 MiB); when none is left, webhooks are answered 503. At today's pace it is full in about 14 hours. Make room, or shorten [store] keep");
        insta::assert_snapshot!(card(700).warning(&forecast).unwrap().text(Language::Fr), @"il reste 700 Mio sur les 8000 Mio du disque (la base en prend 40) ; quand il n’en restera plus, les webhooks recevront 503. À ce rythme il sera plein dans environ 14 h. Faites de la place, ou réduisez [store] keep");
        insta::assert_snapshot!(Space { total: 1_000_000 * MIB, ..card(2000) }.warning(&Forecast::default()).unwrap(), @"the disk has 2000 MiB left of 1000000 MiB (the store takes 40 MiB); when none is left, webhooks are answered 503. Make room, or shorten [store] keep");
        assert_eq!(Space { total: 1_000_000 * MIB, ..card(3000) }.warning(&forecast), None);
    }
}
