use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::future::join_all;
use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{
    Acceptance, Arrival, IncidentRow, Settings, Store, StoreError, file::companion, inbox, meta, schema,
};
use crate::{
    clock::Clock,
    event::{Severity, Source, Told},
    health::{Condition, Health, Part},
    telemetry::Metrics,
};

/// A folder with a store in it, whose clock the test owns.
pub(super) struct Fixture {
    folder: TempDir,
    pub(super) clock: Clock,
    pub(super) metrics: Metrics,
    pub(super) health: Health,
}

impl Fixture {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Clock::manual("2026-11-21T10:00:00Z".parse::<Timestamp>().unwrap()),
            metrics: Metrics::default(),
            health: Health::default(),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("vigie.db")
    }

    pub(super) fn open(&self) -> Result<Store, StoreError> {
        Store::open(Settings {
            path: self.path(),
            keep: Duration::from_hours(90 * 24),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
        })
    }

    pub(super) fn condition(&self) -> Condition {
        self.health.get(Part::Store)
    }

    /// Why the store is not well.
    pub(super) fn reason(&self) -> String {
        self.condition().reason().map(ToString::to_string).unwrap_or_default()
    }

    /// Runs the upkeep, moving the clock, until `done`.
    pub(super) async fn maintain_until(&self, store: &Store, mut done: impl AsyncFnMut() -> bool) {
        let cancel = CancellationToken::new();
        let upkeep = tokio::spawn(store.clone().maintain(cancel.clone()));
        let deadline = Clock::system();
        let waiting = async {
            while !done().await {
                self.clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
        };
        deadline.timeout(Duration::from_secs(30), waiting).await.expect("it did not come about in 30 s");
        cancel.cancel();
        upkeep.await.unwrap();
    }
}

/// A schema without a file, for what needs no threads.
pub(super) fn in_memory() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    conn.pragma_update(None, "foreign_keys", true).unwrap();
    schema::migrate(&mut conn).unwrap();
    conn
}

pub(super) fn arrival(key: &str) -> Arrival {
    Arrival {
        source: Source::Gitea,
        told: Told::AtOnce,
        delivery: Some(format!("delivery of {key}")),
        kind: "push".into(),
        source_key: key.into(),
        object: format!("object of {key}"),
        body: b"{}".to_vec(),
    }
}

pub(super) fn incident(reference: &str) -> IncidentRow {
    IncidentRow {
        id: 0,
        source: Source::Gitea,
        key: "key".into(),
        reference: reference.into(),
        open: false,
        severity: Severity::Info,
        opened_ms: 0,
        updated_ms: 0,
        data: "{}".into(),
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn what_was_accepted_is_there_after_a_restart_under_the_same_store_id() {
    let fixture = Fixture::new();
    let store = fixture.open().unwrap();
    assert_eq!(store.accept(arrival("a")).await.unwrap(), Acceptance::Stored(1));
    let id = store.read(|conn| meta::get(conn, meta::STORE_ID)).await.unwrap().unwrap();
    assert_eq!(id.len(), 32);
    store.close().await;
    assert!(!companion(&fixture.path(), "-wal").exists(), "the log was not written back");

    let store = fixture.open().unwrap();
    assert_eq!(store.read(|conn| meta::get(conn, meta::STORE_ID)).await.unwrap().unwrap(), id);
    let rows = store.read(|conn| inbox::pending(conn, 10)).await.unwrap();
    assert_eq!((rows[0].id, rows[0].kind.as_str(), rows[0].body.as_slice()), (1, "push", b"{}".as_slice()));
    assert_eq!(rows[0].received_ms, fixture.clock.now_ms());
    assert_eq!(store.accept(arrival("a")).await.unwrap(), Acceptance::Repeat);
}

#[tokio::test]
async fn all_files_are_for_their_owner_only() {
    let fixture = Fixture::new();
    fs::write(fixture.path(), "").unwrap();
    fs::set_permissions(fixture.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let store = fixture.open().unwrap();
    store.accept(arrival("a")).await.unwrap();
    for suffix in ["", "-wal", "-shm", ".lock"] {
        assert_eq!(mode(&companion(&fixture.path(), suffix)), 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn a_wake_up_waits_for_whoever_works_on_arrivals() {
    let fixture = Fixture::new();
    let store = fixture.open().unwrap();
    store.accept(arrival("a")).await.unwrap();
    store.inbox_arrivals().notified().await;
}

#[tokio::test]
async fn waiting_jobs_share_one_commit() {
    let fixture = Fixture::new();
    let store = fixture.open().unwrap();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let first = store.write(move |_| {
        held.recv().unwrap();
        Ok(())
    });
    let accepts = join_all((0..64).map(|n| {
        let store = store.clone();
        async move { store.accept(arrival(&n.to_string())).await }
    }));
    let before = fixture.metrics.store_commits.get();
    let (held_up, accepted, ()) = tokio::join!(first, accepts, async { release.send(()).unwrap() });
    held_up.unwrap();
    assert!(accepted.iter().all(|result| matches!(result, Ok(Acceptance::Stored(_)))), "{accepted:?}");
    let commits = fixture.metrics.store_commits.get() - before;
    assert!(commits <= 3, "65 jobs took {commits} commits");
}

#[tokio::test]
async fn a_full_queue_is_said_and_loses_nothing_that_was_taken() {
    let fixture = Fixture::new();
    let store = fixture.open().unwrap();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let first = store.write(move |_| {
        held.recv().unwrap();
        Ok(())
    });
    let writes = join_all((0..1200).map(|_| store.write(|_| Ok(()))));
    let (held_up, written, ()) = tokio::join!(first, writes, async { release.send(()).unwrap() });
    held_up.unwrap();
    let (taken, refused): (Vec<_>, Vec<_>) = written.into_iter().partition(Result::is_ok);
    assert!(taken.len() >= 1000 && !refused.is_empty(), "{} taken, {} refused", taken.len(), refused.len());
    assert!(refused.iter().all(|result| matches!(result, Err(StoreError::Unavailable(_)))));
}

#[tokio::test]
async fn a_job_that_fails_or_panics_undoes_only_itself() {
    let fixture = Fixture::new();
    let store = fixture.open().unwrap();
    let good = |key: &'static str| store.write(move |conn| meta::set(conn, key, "kept"));
    let failing = store.write(|conn| {
        meta::set(conn, "failed", "lost")?;
        super::found(0, "inbox", 7)
    });
    let panicking = store.write(|conn| {
        meta::set(conn, "panicked", "lost")?;
        if conn.is_autocommit() { Ok(()) } else { panic!("on purpose") }
    });
    let results = tokio::join!(good("one"), failing, panicking, good("two"));
    assert!(results.0.is_ok() && results.3.is_ok(), "{results:?}");
    assert!(matches!(results.1, Err(StoreError::Missing { table: "inbox", id: 7 })), "{results:?}");
    assert!(matches!(results.2, Err(StoreError::Unavailable(_))), "{results:?}");
    for (key, value) in [("one", Some("kept")), ("failed", None), ("panicked", None), ("two", Some("kept"))] {
        let found = store.read(move |conn| meta::get(conn, key)).await.unwrap();
        assert_eq!(found.as_deref(), value, "{key}");
    }
    assert_eq!(fixture.condition(), Condition::Ok);
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_the_store_recovers_by_itself() {
    let fixture = Fixture::new();
    let store = fixture.open().unwrap();
    let limit = |pages: i64| {
        store.write(move |conn| {
            conn.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
            Ok(())
        })
    };
    limit(1).await.unwrap();
    let large = |n: u32| Arrival { body: vec![b'x'; 100_000], ..arrival(&n.to_string()) };
    let refused = store.accept(large(0)).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Unavailable(reason) if reason.to_string().contains("make room")),
        "{refused:?}"
    );
    assert!(matches!(fixture.condition(), Condition::Failed(_)));
    let reason = fixture.reason();
    assert!(reason.contains("vigie.db") && reason.contains("full"), "{reason}");

    limit(1_000_000).await.unwrap();
    fixture.maintain_until(&store, async || fixture.condition() == Condition::Ok).await;
    assert!(
        matches!(store.accept(large(0)).await.unwrap(), Acceptance::Stored(_)),
        "a refused arrival was remembered"
    );
}

#[tokio::test]
async fn a_read_only_store_is_unavailable_but_can_be_read() {
    let fixture = Fixture::new();
    let store = fixture.open().unwrap();
    store.write(|conn| Ok(conn.pragma_update(None, "query_only", true)?)).await.unwrap();
    let refused = store.accept(arrival("a")).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Unavailable(reason) if reason.to_string().contains("writable")),
        "{refused:?}"
    );
    assert!(!fixture.condition().is_ready());
    assert_eq!(store.read(|conn| inbox::pending(conn, 1)).await.unwrap(), []);
}

#[tokio::test]
async fn a_store_that_can_not_be_opened_yet_opens_when_it_can() {
    let fixture = Fixture::new();
    let obstacle = companion(&fixture.path(), "-wal");
    fs::create_dir(&obstacle).unwrap();
    let store = fixture.open().unwrap();
    assert!(matches!(fixture.condition(), Condition::Failed(_)));
    assert!(matches!(store.accept(arrival("a")).await, Err(StoreError::Unavailable(_))));

    fs::remove_dir(&obstacle).unwrap();
    fixture.maintain_until(&store, async || fixture.condition() == Condition::Ok).await;
    assert_eq!(store.accept(arrival("a")).await.unwrap(), Acceptance::Stored(1));
}

#[tokio::test]
async fn a_damaged_file_is_moved_aside_and_said() {
    let fixture = Fixture::new();
    let store = fixture.open().unwrap();
    store.accept(Arrival { body: vec![b'x'; 100_000], ..arrival("a") }).await.unwrap();
    store.close().await;
    let mut bytes = fs::read(fixture.path()).unwrap();
    bytes[4096..].fill(0xA5);
    fs::write(fixture.path(), &bytes).unwrap();

    let store = fixture.open().unwrap();
    let aside = companion(&fixture.path(), ".corrupt-20261121T100000Z");
    assert_eq!(fs::read(&aside).unwrap(), bytes);
    assert!(matches!(fixture.condition(), Condition::Warning(_)));
    let reason = fixture.reason();
    assert!(reason.contains(&aside.display().to_string()) && reason.contains(".recover"), "{reason}");
    assert_eq!(store.accept(arrival("a")).await.unwrap(), Acceptance::Stored(1));
    assert!(matches!(fixture.condition(), Condition::Warning(_)), "the damage was forgotten");
}

#[tokio::test]
async fn a_newer_file_is_used_if_it_says_so_and_refused_if_not() {
    let fixture = Fixture::new();
    fixture.open().unwrap().close().await;
    let newer = |min_reader: &str| {
        let conn = Connection::open(fixture.path()).unwrap();
        conn.pragma_update(None, "user_version", 99).unwrap();
        meta::set(&conn, "min_reader", min_reader).unwrap();
    };
    newer("1");
    let store = fixture.open().unwrap();
    store.accept(arrival("a")).await.unwrap();
    store.close().await;
    newer("98");
    let error = fixture.open().err().expect("opened");
    assert!(matches!(error, StoreError::Newer { found: 99, needed: 98, .. }), "{error}");
}

#[tokio::test]
async fn another_programs_file_is_refused_and_left_alone() {
    let fixture = Fixture::new();
    Connection::open(fixture.path()).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = fs::read(fixture.path()).unwrap();
    assert!(matches!(fixture.open().err(), Some(StoreError::Foreign { .. })));
    assert_eq!(fs::read(fixture.path()).unwrap(), before);
}

#[tokio::test]
async fn a_store_is_open_once_and_its_folder_must_exist() {
    let fixture = Fixture::new();
    let store = fixture.open().unwrap();
    assert!(matches!(fixture.open().err(), Some(StoreError::InUse { .. })));
    store.clone().close().await;
    let closed = store.accept(arrival("a")).await;
    assert!(matches!(closed, Err(StoreError::Unavailable(_))), "{closed:?}");
    fixture.open().unwrap().close().await;

    let nowhere = Settings { path: "/nonexistent/vigie.db".into(), ..(*store.settings).clone() };
    assert!(matches!(Store::open(nowhere).err(), Some(StoreError::Path { .. })));
}
