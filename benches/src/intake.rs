//! Durable intake. Invariant: what the disk can do is measured on the same disk, in the same run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use harness::{FALLBACK, Lab, SECRET};
use rusqlite::Connection;
use stack_sim::gitea::{Delivery, Repository};

use crate::{Arguments, Figure, percentile};

const CONNECTIONS: usize = 64;
const WEBHOOKS: usize = 20_000;
const COMMITS: usize = 2_000;

/// Durable intake: each answer stands for a row that is on disk, beside what the disk can do at all.
pub(crate) async fn measure(arguments: &Arguments) -> Vec<Figure> {
    let lab = Lab::new(1).await;
    // Discord is away, so that intake alone is measured.
    let away = format!("http://{}", lab.discord);
    let configuration = lab
        .configuration(&format!("[[routes]]\nchannels = [{}]", FALLBACK + 1))
        .replace(&format!("rest = \"{away}\""), "rest = \"http://127.0.0.1:9\"");
    let vigie = Arc::new(lab.vigie_with(&arguments.vigie, &configuration).await);
    let mut repository = Repository::new("https://git.example", "harbor/lighthouse", SECRET);
    let deliveries: Arc<Vec<Delivery>> =
        Arc::new((0..WEBHOOKS).map(|n| repository.push("alice", "main", &[&format!("event {n}")])).collect());

    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let workers: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (vigie, deliveries, next) = (vigie.clone(), deliveries.clone(), next.clone());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while let Some(delivery) = deliveries.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let asked = Instant::now();
                    assert_eq!(vigie.post(delivery).await, Some(204));
                    times.push(asked.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.await.unwrap());
    }
    let rate = per_second(WEBHOOKS, began.elapsed());
    let p99 = percentile(&mut times, 99);

    let Ok(vigie) = Arc::try_unwrap(vigie) else { panic!("a worker still holds it") };
    vigie.kill().await;
    let stored: u32 = Connection::open(lab.folder().join("vigie.db"))
        .and_then(|store| store.query_row("SELECT count(*) FROM inbox", [], |row| row.get::<_, u32>(0)))
        .unwrap();
    let bare = bare_commits(lab.folder());
    vec![Figure {
        what: "durable intake, 64 connections, real fsync",
        measured: format!(
            "{rate:.0}/s, p99 {p99:.1?}, {} lost; one SQLite commit after the other: {bare:.0}/s",
            WEBHOOKS - stored as usize
        ),
        wanted: "≥ 1,000/s, none lost",
    }]
}

/// What the disk does at best without sharing a commit: one row, one commit, one after the other.
fn bare_commits(folder: &std::path::Path) -> f64 {
    let store = Connection::open(folder.join("bare.db")).unwrap();
    store.pragma_update(None, "journal_mode", "wal").unwrap();
    store.pragma_update(None, "synchronous", "full").unwrap();
    store.execute_batch("CREATE TABLE event (id INTEGER PRIMARY KEY, body TEXT)").unwrap();
    let body = "x".repeat(2000);
    let began = Instant::now();
    for _ in 0..COMMITS {
        store.execute("INSERT INTO event (body) VALUES (?1)", [&body]).unwrap();
    }
    per_second(COMMITS, began.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "a count of thousands")]
fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
