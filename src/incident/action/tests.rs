use std::{sync::Arc, time::Duration};

use tempfile::TempDir;

use super::*;
use crate::{
    clock::Clock,
    event::{Event, Severity, Told},
    health::Health,
    incident::route::Routes,
    language::Language,
    render::buttons::Silencing,
    store::{Arrival, Settings, Store, outbox},
    subject::{AlertLinks, Firing},
    telemetry::Metrics,
};

/// A worker whose store has one alert that fires.
struct Bench {
    worker: Worker,
    reference: String,
    _folder: TempDir,
}

fn event(state: Firing) -> Event {
    let subject = Subject::Alert(Alert {
        name: "DiskFull".into(),
        state,
        summary: String::new(),
        description: String::new(),
        value: None,
        labels: [("alertname".into(), "DiskFull".into())].into(),
        links: AlertLinks::default(),
        starts_at: None,
        ends_at: None,
        truncated: 0,
        suppressed_by: Vec::new(),
    });
    Event {
        source: Source::Alertmanager,
        told: Told::AtOnce,
        kind: "alert".into(),
        source_key: format!("{state:?}"),
        object: "alert".into(),
        incident: Some("alert".into()),
        repository: None,
        repository_url: None,
        service: None,
        severity: Severity::Warning,
        labels: [].into(),
        actor: None,
        at: None,
        subject,
    }
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual("2026-11-21T10:00:00Z".parse().unwrap());
        let store = Store::open(Settings {
            path: folder.path().join("vigie.db"),
            keep: Duration::from_hours(24),
            clock: clock.clone(),
            metrics: Metrics::default(),
            health: Health::default(),
        })
        .unwrap();
        let worker = Worker {
            store,
            routes: Arc::new(Routes { routes: Vec::new(), fallback: 1, pulse: None }),
            critical: Arc::default(),
            silencing: Silencing::Offered,
            language: Language::En,
            reader: |_, _, body| serde_json::from_slice(body).map_err(|error| error.to_string()),
            clock,
        };
        let mut bench = Self { worker, reference: String::new(), _folder: folder };
        bench.tell(Firing::Firing).await;
        bench.reference = bench.message().await.reference;
        bench
    }

    async fn tell(&self, state: Firing) {
        let event = event(state);
        let arrival = Arrival {
            source: event.source,
            told: Told::AtOnce,
            delivery: None,
            kind: event.kind.clone(),
            source_key: event.source_key.clone(),
            object: event.object.clone(),
            body: serde_json::to_vec(&event).unwrap(),
        };
        self.worker.store.accept(arrival).await.unwrap();
        assert_eq!(self.worker.work().await.unwrap(), 1);
    }

    async fn message(&self) -> crate::store::OutboxRow {
        self.worker.store.read(|conn| outbox::due(conn, i64::MAX, 10)).await.unwrap().remove(0)
    }

    async fn incident(&self) -> Incident {
        let reference = self.reference.clone();
        self.worker.store.read(move |conn| find(conn, &reference)).await.unwrap().unwrap().1
    }

    fn act(&self, deed: Deed) -> Act {
        let who = Who { id: 4000, name: "alice".into() };
        Act { who, deed, reference: self.reference.clone(), link: String::new() }
    }

    fn hour(&self) -> Deed {
        Deed::Silence { until: self.worker.clock.now() + Duration::from_hours(1) }
    }

    fn now_ms(&self) -> i64 {
        self.worker.clock.now_ms()
    }

    async fn begin(&self, deed: Deed, lost_ms: i64) -> Result<Ticket, Outcome> {
        match self.worker.begin(self.act(deed), lost_ms).await.unwrap() {
            Begin::Go(ticket) => Ok(ticket),
            Begin::Settled(verdict) => Err(verdict.outcome),
        }
    }

    fn silence(&self) -> Silence {
        Silence { id: "id".into(), by: 4000, until: self.worker.clock.now() + Duration::from_hours(1) }
    }
}

#[tokio::test]
async fn an_acknowledgement_ends_with_the_incident() {
    let bench = Bench::new().await;
    let acknowledge = || bench.worker.acknowledge(bench.act(Deed::Acknowledge));
    assert_eq!(acknowledge().await.unwrap().outcome, Outcome::Done);
    let again = acknowledge().await.unwrap();
    assert_eq!((again.outcome, again.acknowledged.unwrap().by), (Outcome::Already, 4000));
    assert_eq!(bench.message().await.version, 2, "the second press changes nothing");
    bench.tell(Firing::Resolved).await;
    assert_eq!(acknowledge().await.unwrap().outcome, Outcome::Over);
    bench.tell(Firing::Firing).await;
    assert_eq!(bench.incident().await.acknowledged, None);
}

#[tokio::test]
async fn one_silence_is_under_way_until_it_is_lost() {
    let bench = Bench::new().await;
    let begun = bench.begin(bench.hour(), 0).await.unwrap();
    assert_eq!(bench.begin(bench.hour(), 0).await, Err(Outcome::UnderWay));
    assert_eq!(bench.worker.interrupted(bench.now_ms()).await.unwrap(), []);
    // By then an earlier Vigie began it.
    let lost_ms = bench.now_ms() + 1;
    assert_eq!(bench.worker.interrupted(lost_ms).await.unwrap(), vec![begun.clone()]);
    assert!(bench.begin(bench.hour(), lost_ms).await.is_ok());

    assert_eq!(bench.begin(Deed::Unsilence, 0).await, Err(Outcome::Already));
    let verdict = bench.worker.silenced(begun, bench.silence()).await.unwrap();
    assert_eq!((verdict.outcome, verdict.silence), (Outcome::Done, Some(bench.silence())));
    assert_eq!(bench.begin(bench.hour(), lost_ms).await, Err(Outcome::Already));
}

#[tokio::test]
async fn a_silence_whose_alert_ended_meanwhile_is_not_shown() {
    let bench = Bench::new().await;
    let ticket = bench.begin(bench.hour(), 0).await.unwrap();
    bench.tell(Firing::Resolved).await;
    let verdict = bench.worker.silenced(ticket.clone(), bench.silence()).await.unwrap();
    assert_eq!(verdict.outcome, Outcome::Over);
    assert_eq!(bench.incident().await.silence, None);
    assert_eq!(
        bench.worker.interrupted(i64::MAX).await.unwrap(),
        vec![ticket.clone()],
        "it is to be taken back"
    );
    bench.worker.given_up(ticket, Outcome::Over).await.unwrap();
    assert_eq!(bench.worker.interrupted(i64::MAX).await.unwrap(), []);
}

#[tokio::test]
async fn a_silence_that_has_run_out_is_shown_no_longer() {
    let bench = Bench::new().await;
    let ticket = bench.begin(bench.hour(), 0).await.unwrap();
    bench.worker.silenced(ticket, bench.silence()).await.unwrap();
    assert!(bench.message().await.payload.contains(":unsilence:"));
    bench.worker.clock.advance(Duration::from_mins(59));
    assert_eq!(bench.worker.end_silences().await.unwrap(), 0);
    bench.worker.clock.advance(Duration::from_mins(1));
    assert_eq!(bench.worker.end_silences().await.unwrap(), 1);
    assert_eq!(bench.worker.end_silences().await.unwrap(), 0);
    assert!(bench.message().await.payload.contains(":silence-1h:"));
}
