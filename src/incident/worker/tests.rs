//! The worker on a real store, with the bodies of `tests/bodies/gitea`.

use std::path::Path;

use jiff::Timestamp;

use super::*;
use crate::{
    config::{Conditions, Route},
    event::{Severity, Told},
    health::Health,
    incident::reference::reference,
    intake::{
        self,
        gitea::{
            self,
            tests::bodies::{self, BODIES},
        },
    },
    store::{Acceptance, Arrival, IncidentRow, OutboxRow, Settings, incidents, outbox},
    subject::{Firing, Generic, Subject},
    telemetry::Metrics,
};

const NOW: i64 = 1_795_000_000_000;

fn worker(folder: &Path, channels: &[u64]) -> Worker {
    let clock = Clock::manual(Timestamp::from_millisecond(NOW).unwrap());
    let store = Store::open(Settings {
        path: folder.join("vigie.db"),
        keep: Duration::from_hours(24),
        clock: clock.clone(),
        metrics: Metrics::default(),
        health: Health::default(),
    })
    .unwrap();
    let reader: Reader = |_, kind, body| gitea::read(kind, body).map_err(|error| error.to_string());
    Worker {
        store,
        routes: Arc::new(routes(channels)),
        critical: Arc::default(),
        silencing: Silencing::Withheld,
        language: Language::En,
        reader,
        clock,
    }
}

fn routes(channels: &[u64]) -> Routes {
    let route = Route {
        conditions: Conditions::default(),
        channels: channels.to_vec(),
        mention: None,
        quiet: None,
        digest_after: 0,
    };
    Routes { routes: vec![route], fallback: 9, pulse: None }
}

async fn accept(worker: &Worker, kind: &str, body: &[u8]) {
    let arrival = Arrival {
        source: Source::Gitea,
        told: Told::AtOnce,
        delivery: None,
        kind: kind.into(),
        source_key: String::from_utf8_lossy(body).into_owned(),
        object: "one for all".into(),
        body: body.to_vec(),
    };
    assert!(matches!(worker.store.accept(arrival).await.unwrap(), Acceptance::Stored(_)));
}

async fn accept_file(worker: &Worker, file: &str) {
    let (_, body) = BODIES.iter().find(|(name, _)| name == file).unwrap();
    accept(worker, bodies::kind_of(file), body).await;
}

/// What is to be sent, in the order in which it first was.
async fn outbox(worker: &Worker) -> Vec<OutboxRow> {
    worker.store.read(|conn| outbox::due(conn, i64::MAX, 1000)).await.unwrap()
}

#[tokio::test]
async fn a_pull_request_keeps_one_message_and_its_review_shows_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut worker = worker(folder.path(), &[1, 2]);
    accept_file(&worker, "pull_request").await;
    assert_eq!(worker.work().await.unwrap(), 1);
    // Later events go where the first one is shown, whatever the routes say by then.
    worker.routes = Arc::new(routes(&[3]));
    accept_file(&worker, "pull_request_review_approved").await;
    accept_file(&worker, "pull_request.merged").await;
    assert_eq!(worker.work().await.unwrap(), 2);
    assert_eq!(worker.work().await.unwrap(), 0);

    let mut rows = outbox(&worker).await;
    rows.sort_by_key(|row| row.id);
    let shown: Vec<_> = rows.iter().map(|row| (row.channel_id, row.version)).collect();
    assert_eq!(shown, [(1, 3), (2, 3), (3, 1)]);
    let request: serde_json::Value = serde_json::from_str(&rows[0].payload).unwrap();
    let history = request.to_string();
    assert!(history.contains("Approved by") && history.contains("Merged by"), "{history}");
    assert!(rows[2].payload.contains("Approved: "), "{}", rows[2].payload);
    assert_ne!(rows[0].reference, rows[2].reference);
    assert!(rows[0].payload.contains(&format!(" · {}\"", rows[0].reference)), "{}", rows[0].payload);
}

#[tokio::test]
async fn an_arrival_that_can_not_be_read_is_kept_aside_and_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let worker = worker(folder.path(), &[1]);
    accept(&worker, "push", b"{}").await;
    accept_file(&worker, "push").await;
    assert_eq!(worker.work().await.unwrap(), 2);

    assert_eq!(outbox(&worker).await.len(), 1);
    let counts = worker.store.read(inbox::counts).await.unwrap();
    assert_eq!((counts.pending, counts.failed), (0, 1));
}

#[tokio::test]
async fn an_arrival_that_breaks_its_reader_or_the_store_holds_up_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut worker = worker(folder.path(), &[1]);
    worker.reader = |_, kind, body| {
        assert_ne!(kind, "breaks", "a reader that panics");
        gitea::read(kind, body).map_err(|error| error.to_string())
    };
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON incidents WHEN NEW.key = 'inbox 3' \
                BEGIN SELECT RAISE(ABORT, 'an error that lasts'); END";
    worker.store.write(|conn| Ok(conn.execute_batch(trap)?)).await.unwrap();
    accept_file(&worker, "push").await;
    accept(&worker, "breaks", b"{}").await;
    accept_file(&worker, "create").await;
    accept_file(&worker, "delete").await;
    assert_eq!(worker.work().await.unwrap(), 4);

    assert_eq!(outbox(&worker).await.len(), 2);
    let counts = worker.store.read(inbox::counts).await.unwrap();
    assert_eq!((counts.pending, counts.failed), (0, 2));
}

#[tokio::test]
async fn events_that_stand_alone_have_a_message_each() {
    let folder = tempfile::tempdir().unwrap();
    let worker = worker(folder.path(), &[1]);
    for file in ["push", "create", "push"] {
        accept_file(&worker, file).await;
        accept_file(&worker, "delete").await;
        worker.work().await.unwrap();
    }
    let rows = outbox(&worker).await;
    assert_eq!(rows.iter().filter(|row| row.version == 1).count(), rows.len());
    let names: std::collections::BTreeSet<_> = rows.iter().map(|row| &row.reference).collect();
    assert_eq!(names.len(), rows.len());
}

#[tokio::test]
async fn a_name_that_is_taken_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let worker = worker(folder.path(), &[1]);
    let taken = |conn: &Connection| {
        let store_id = meta::get(conn, meta::STORE_ID)?.unwrap();
        let name = reference(&store_id, 1, 0);
        let row = IncidentRow {
            id: 0,
            source: Source::Gitea,
            key: "another".into(),
            reference: name.clone(),
            open: false,
            severity: crate::event::Severity::Info,
            opened_ms: NOW,
            updated_ms: NOW,
            data: "{}".into(),
        };
        incidents::save(conn, &row)?;
        Ok(name)
    };
    let taken = worker.store.write(taken).await.unwrap();
    accept_file(&worker, "push").await;
    worker.work().await.unwrap();
    assert_ne!(outbox(&worker).await[0].reference, taken);
}

#[tokio::test]
async fn the_worker_wakes_for_an_arrival_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let worker = worker(folder.path(), &[1]);
    let cancel = CancellationToken::new();
    let task = tokio::spawn(worker.clone().run(cancel.clone()));
    accept_file(&worker, "push").await;
    tokio::time::timeout(Duration::from_secs(30), worker.store.outbox_changes().notified()).await.unwrap();
    assert_eq!(outbox(&worker).await.len(), 1);
    cancel.cancel();
    tokio::time::timeout(Duration::from_secs(30), task).await.unwrap().unwrap();
}

/// Reads bodies of our own: minute, whether it fires, severity.
fn own_reader(_: Source, _: &str, body: &[u8]) -> Result<Event, String> {
    let (minute, fires, severity): (i64, bool, Severity) =
        serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let firing = if fires { Firing::Firing } else { Firing::Resolved };
    let event = crate::incident::tests::push_event();
    Ok(Event {
        incident: Some("backup".into()),
        severity,
        at: Some(Timestamp::from_millisecond(NOW + 60_000 * minute).unwrap()),
        subject: Subject::Generic(Generic {
            firing: Some(firing),
            title: "Backup".into(),
            ..Generic::default()
        }),
        ..event
    })
}

#[tokio::test]
async fn what_gets_worse_and_what_ends_after_long_is_a_reply_in_each_channel() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Worker { reader: own_reader, ..worker(folder.path(), &[1, 2]) };
    for body in
        [r#"[0,true,"warning"]"#, r#"[1,true,"critical"]"#, r#"[2,true,"critical"]"#, r#"[60,false,"info"]"#]
    {
        accept(&worker, "own", body.as_bytes()).await;
        worker.work().await.unwrap();
    }
    let rows = outbox(&worker).await;
    let main: Vec<_> = rows.iter().filter(|row| row.reply.is_none()).collect();
    assert_eq!(main.iter().map(|row| row.channel_id).collect::<Vec<_>>(), [1, 2]);
    let replies: Vec<_> = rows.iter().filter_map(|row| Some((row, row.reply?))).collect();
    let told: Vec<_> =
        replies.iter().map(|(row, reply)| (row.channel_id, reply.to, &row.reference)).collect();
    let [first, second] = [1, 2].map(|number| format!("{}-{number}", main[0].reference));
    assert_eq!(
        told,
        [
            (1, main[0].id, &first),
            (2, main[1].id, &first),
            (1, main[0].id, &second),
            (2, main[1].id, &second)
        ]
    );
    assert!(replies[0].0.payload.contains("got worse"), "{}", replies[0].0.payload);
    assert!(replies[2].0.payload.contains("is over after 1 h"), "{}", replies[2].0.payload);
}

#[tokio::test]
async fn what_says_that_a_service_is_down_is_one_incident_whoever_says_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut worker = worker(folder.path(), &[1]);
    worker.reader = intake::read;
    let webhook = |version: &str, status: &str| {
        let alert = serde_json::json!({
            "status": status, "labels": {"alertname": format!("Blog{version}Down"), "service": "blog"},
            "startsAt": "2026-11-21T10:00:00Z", "endsAt": "2026-11-21T10:10:00Z",
        });
        serde_json::json!({"version": version, "alerts": [alert]}).to_string().into_bytes()
    };
    for (source, status, open) in [
        ("alertmanager", "firing", true),
        ("grafana", "firing", true),
        ("alertmanager", "resolved", true),
        ("grafana", "resolved", false),
        ("grafana", "resolved", false),
    ] {
        let arrivals = match source {
            "grafana" => intake::grafana::arrivals(&webhook("1", status)),
            _ => intake::alertmanager::arrivals(&webhook("4", status)),
        };
        worker.store.accept_all(arrivals.unwrap()).await.unwrap();
        worker.work().await.unwrap();
        let row =
            worker.store.read(|conn| incidents::find_of_any_source(conn, "service blog")).await.unwrap();
        assert_eq!(row.map(|row| row.open), Some(open), "{source} {status}");
    }
    let rows = outbox(&worker).await;
    assert_eq!(rows.iter().map(|row| row.version).collect::<Vec<_>>(), [4], "a repeat shows nothing");
}

#[tokio::test]
async fn what_gets_worse_is_shown_where_that_leads_too_and_stays_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut routes = routes(&[1]);
    let conditions = Conditions { severities: vec![Severity::Critical], ..Conditions::default() };
    let urgent = Route { conditions, channels: vec![2], ..routes.routes[0].clone() };
    routes.routes.insert(0, urgent);
    let worker = Worker { reader: own_reader, routes: Arc::new(routes), ..worker(folder.path(), &[1]) };
    for body in [r#"[0,true,"warning"]"#, r#"[1,true,"critical"]"#, r#"[2,true,"warning"]"#] {
        accept(&worker, "own", body.as_bytes()).await;
        worker.work().await.unwrap();
    }
    let rows = outbox(&worker).await;
    let shown: Vec<_> = rows.iter().map(|row| (row.channel_id, row.reply.is_some(), row.version)).collect();
    assert_eq!(shown, [(1, false, 3), (2, false, 2), (1, true, 1)]);
}
