//! Kills a process that accepts, at many moments, and looks for what it said was stored.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::Duration,
};

use super::{Acceptance, Settings, Store, tests::arrival};
use crate::{clock::Clock, health::Health, telemetry::Metrics};

const STORE: &str = "VIGIE_CRASH_TEST_STORE";
const CALLERS: usize = 8;

fn open(path: impl Into<std::path::PathBuf>) -> Store {
    Store::open(Settings {
        path: path.into(),
        keep: Duration::from_hours(1),
        clock: Clock::system(),
        metrics: Metrics::default(),
        health: Health::default(),
    })
    .unwrap()
}

#[tokio::test]
#[ignore = "a process of its own for what_was_accepted_outlives_a_kill"]
async fn accept_until_killed() {
    let Ok(path) = env::var(STORE) else { return };
    let store = open(path);
    let callers = (0..CALLERS).map(|caller| {
        let store = store.clone();
        async move {
            for n in 0_u32.. {
                let key = format!("{}-{caller}-{n}", std::process::id());
                let Acceptance::Stored(id) = store.accept(arrival(&key)).await.unwrap() else {
                    panic!("{key}")
                };
                // One write a line: the pipe keeps it whole.
                std::io::stdout().lock().write_all(format!("stored {id} {key}\n").as_bytes()).unwrap();
            }
        }
    });
    futures_util::future::join_all(callers).await;
}

#[tokio::test]
async fn what_was_accepted_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vigie.db");
    let mut said = Vec::new();
    for lines in [1, 5, 23, 111, 200, 340, 64, 2] {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "store::crash_test::accept_until_killed", "--ignored", "--nocapture"])
            .env(STORE, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut next = || loop {
            let line = output.next()?.unwrap();
            // The test harness says something too.
            if let Some(("stored", row)) = line.split_once(' ') {
                let (id, key) = row.split_once(' ').unwrap();
                return Some((id.parse::<i64>().unwrap(), key.to_owned()));
            }
        };
        said.extend((0..lines).map(|_| next().expect("the process ended by itself")));
        child.kill().unwrap();
        said.extend(std::iter::from_fn(next));
        child.wait().unwrap();
    }
    assert!(said.len() >= 746);
    let store = open(path);
    let missing = store
        .read(move |conn| {
            let mut find = conn.prepare("SELECT count(*) FROM inbox WHERE id = ?1 AND source_key = ?2")?;
            let mut missing = Vec::new();
            for row in said {
                let found: i64 = find.query_row((row.0, &row.1), |row| row.get(0))?;
                if found == 0 {
                    missing.push(row);
                }
            }
            Ok(missing)
        })
        .await
        .unwrap();
    assert!(missing.is_empty(), "accepted and lost: {missing:?}");
}
