//! Storms and quiet hours through the worker on a real store, by a clock that the test owns.

mod backlog;

use std::{path::Path, sync::Arc, time::Duration};

use jiff::{civil::Time, tz::TimeZone};

use super::*;
use crate::{
    clock::Clock,
    config::{Conditions, Mention, Quiet, Route},
    health::Health,
    incident::{
        route::Routes,
        worker::{Reader, Worker},
    },
    language::Language,
    render::buttons::Silencing,
    store::{Arrival, Settings, Store, outbox},
    subject::{Alert, AlertLinks, Firing, Push, RefKind},
    telemetry::Metrics,
};

/// In Paris, an hour before it is quiet.
const EVENING: &str = "2026-11-21T20:00:00Z";

struct Lookout {
    worker: Worker,
    clock: Clock,
    _folder: tempfile::TempDir,
}

fn open_worker(folder: &Path, clock: &Clock, route: Route) -> Worker {
    let store = Store::open(Settings {
        path: folder.join("vigie.db"),
        keep: Duration::from_hours(24 * 90),
        clock: clock.clone(),
        metrics: Metrics::default(),
        health: Health::default(),
    })
    .unwrap();
    // The body of an arrival is its event.
    let reader: Reader = |_, _, body| serde_json::from_slice(body).map_err(|error| error.to_string());
    Worker {
        store,
        routes: Arc::new(Routes { routes: vec![route], fallback: 9, pulse: None }),
        critical: Arc::default(),
        silencing: Silencing::Withheld,
        language: Language::En,
        reader,
        clock: clock.clone(),
    }
}

impl Lookout {
    fn with(route: Route) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(EVENING.parse().unwrap());
        Self { worker: open_worker(folder.path(), &clock, route), clock, _folder: folder }
    }

    async fn accept(&self, events: impl IntoIterator<Item = Event>) {
        let arrivals = events.into_iter().map(|event| Arrival {
            source: event.source,
            told: Told::AtOnce,
            delivery: None,
            kind: event.kind.clone(),
            source_key: event.source_key.clone(),
            object: event.object.clone(),
            body: serde_json::to_vec(&event).unwrap(),
        });
        self.worker.store.accept_all(arrivals.collect()).await.unwrap();
    }

    /// Accepts and works until nothing is left to do.
    async fn tell(&self, events: impl IntoIterator<Item = Event>) {
        self.accept(events).await;
        self.work().await;
    }

    async fn work(&self) {
        while self.worker.work().await.unwrap() > 0 {}
        self.worker.show_digests().await.unwrap();
    }

    /// What Discord should show: channel, and title with description.
    async fn messages(&self) -> Vec<(u64, String)> {
        let rows = self.worker.store.read(|conn| outbox::due(conn, i64::MAX, 100_000)).await.unwrap();
        let shown = |row: outbox::OutboxRow| {
            let message: serde_json::Value = serde_json::from_str(&row.payload).unwrap();
            let embed = &message["embeds"][0];
            let text = |part: &str| embed[part].as_str().unwrap_or_default().to_owned();
            (
                row.channel_id,
                format!("{}{}\n{}", message["content"].as_str().unwrap(), text("title"), text("description")),
            )
        };
        rows.into_iter().map(shown).collect()
    }

    /// The digests among them.
    async fn digests(&self) -> Vec<String> {
        let all = self.messages().await.into_iter().map(|(_, text)| text);
        all.filter(|text| text.contains("Storm") || text.contains("quiet hours")).collect()
    }
}

fn route() -> Route {
    Route {
        conditions: Conditions::default(),
        channels: vec![1, 2],
        mention: Some(Mention { roles: vec![3000], severities: vec![Severity::Critical] }),
        quiet: None,
        digest_after: 3,
    }
}

fn night() -> Route {
    let time = |text| Time::strptime("%H:%M", text).unwrap();
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let quiet = Quiet { from: time("22:00"), to: time("07:00"), zone, except: vec![Severity::Critical] };
    Route { quiet: Some(quiet), channels: vec![1], ..route() }
}

fn event(name: &str, severity: Severity, subject: Subject) -> Event {
    Event {
        source: Source::Alertmanager,
        told: Told::AtOnce,
        kind: "alert".into(),
        source_key: format!("{subject:?} {severity:?}"),
        object: name.into(),
        incident: Some(name.into()),
        repository: None,
        repository_url: None,
        service: None,
        severity,
        labels: BTreeMap::new(),
        actor: None,
        at: None,
        subject,
    }
}

fn alert(name: &str, severity: Severity, state: Firing) -> Event {
    let subject = Subject::Alert(Alert {
        name: name.into(),
        state,
        summary: "something is wrong".into(),
        description: String::new(),
        value: None,
        labels: BTreeMap::new(),
        links: AlertLinks::default(),
        starts_at: None,
        ends_at: None,
        truncated: 0,
        suppressed_by: Vec::new(),
    });
    event(name, severity, subject)
}

fn firing(name: &str) -> Event {
    alert(name, Severity::Warning, Firing::Firing)
}

fn resolved(name: &str) -> Event {
    alert(name, Severity::Warning, Firing::Resolved)
}

fn push(name: &str) -> Event {
    let push = Push {
        kind: RefKind::Branch,
        name: name.into(),
        before: None,
        after: None,
        commits: Vec::new(),
        total: 0,
        compare_url: None,
    };
    Event {
        source: Source::Gitea,
        kind: "push".into(),
        incident: None,
        ..event(name, Severity::Info, Subject::Push(push))
    }
}

#[tokio::test]
async fn above_the_limit_alerts_share_a_message_and_forge_events_do_not() {
    let lookout = Lookout::with(route());
    for n in 0..6 {
        lookout.tell([firing(&format!("Alert{n}")), push(&format!("branch{n}"))]).await;
    }
    let messages = lookout.messages().await;
    // Three alerts, six pushes and the digest, in two channels.
    assert_eq!(messages.len(), 2 * (3 + 6 + 1), "{messages:#?}");
    let digests = lookout.digests().await;
    assert!(digests.iter().all(|text| text.starts_with("Storm: 3 incidents, 3 open\n")), "{digests:#?}");
    assert!(digests[0].contains("Alert5") && !digests[0].contains("Alert2"), "{}", digests[0]);
}

#[tokio::test]
async fn a_digest_counts_live_and_a_storm_that_is_over_gives_messages_of_their_own_again() {
    let lookout = Lookout::with(route());
    lookout.tell((0..5).map(|n| firing(&format!("Alert{n}")))).await;
    lookout.tell([resolved("Alert4")]).await;
    assert!(lookout.digests().await[0].starts_with("Storm: 2 incidents, 1 open\n"));

    lookout.clock.advance(Duration::from_secs(100));
    lookout.tell([firing("Later")]).await;
    assert!(lookout.digests().await[0].starts_with("Storm: 3 incidents, 2 open\n"));
    lookout.clock.advance(Duration::from_secs(100));
    let before = lookout.messages().await.len();
    lookout.tell([firing("Calm")]).await;
    assert_eq!(lookout.messages().await.len(), before + 2);

    lookout.tell([resolved("Alert3"), resolved("Later")]).await;
    assert!(lookout.digests().await[0].starts_with("Storm over: 3 incidents\n"));
    // What begins again is still the same, and shows where it did.
    lookout.tell([firing("Alert3")]).await;
    assert!(lookout.digests().await[0].starts_with("Storm: 3 incidents, 1 open\n"));
    assert_eq!(lookout.messages().await.len(), before + 2);
}

#[tokio::test]
async fn a_storm_mentions_each_role_once() {
    let lookout = Lookout::with(route());
    lookout.tell((0..5).map(|n| firing(&format!("Alert{n}")))).await;
    let critical = |n: u32| alert(&format!("Fire{n}"), Severity::Critical, Firing::Firing);
    lookout.tell((0..4).map(critical)).await;
    let messages = lookout.messages().await;
    let mentioning: Vec<_> = messages.iter().filter(|(_, text)| text.starts_with("<@&3000>")).collect();
    // The first critical one, in two channels; the others are named in the digest.
    assert_eq!(mentioning.len(), 2, "{mentioning:#?}");
    assert!(mentioning.iter().all(|(_, text)| text.contains("Fire0")));
    let digest = &lookout.digests().await[0];
    assert!(digest.starts_with("Storm: 5 incidents, 5 open\n"), "{digest}");
    let place = |text: &str| digest.find(text).unwrap();
    assert!(place("Fire1") < place("Fire3") && place("Fire3") < place("Alert3"), "{digest}");
}

#[tokio::test]
async fn five_thousand_alerts_in_a_minute_are_a_few_messages_that_name_every_critical_one() {
    let lookout = Lookout::with(Route { digest_after: 30, mention: None, ..route() });
    for second in 0..50 {
        let alerts = (0..100).map(|n| {
            let severity = if n == 99 { Severity::Critical } else { Severity::Warning };
            alert(&format!("Alert{}", second * 100 + n), severity, Firing::Firing)
        });
        lookout.tell(alerts).await;
        lookout.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(lookout.messages().await.len(), 2 * 31);
    let digest = lookout.digests().await.remove(0);
    assert!(digest.starts_with("Storm: 4970 incidents, 4970 open\n"), "{digest}");
    for second in 0..50 {
        assert!(digest.contains(&format!(" Alert{}: ", second * 100 + 99)), "{second}: {digest}");
    }
    assert!(digest.encode_utf16().count() < 4300, "{digest}");

    lookout
        .tell((0..5000).map(|n| {
            let severity = if n % 100 == 99 { Severity::Critical } else { Severity::Warning };
            alert(&format!("Alert{n}"), severity, Firing::Resolved)
        }))
        .await;
    assert!(lookout.digests().await[0].starts_with("Storm over: 4970 incidents\n"));
    assert_eq!(lookout.messages().await.len(), 2 * 31);
}

#[tokio::test]
async fn after_a_crash_the_same_arrivals_make_the_same_messages() {
    let events = || (0..200).map(|n| alert(&format!("Alert{n}"), Severity::Warning, Firing::Firing));
    let steady = Lookout::with(night());
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(EVENING.parse().unwrap());
    // The second one is killed before it works on anything, and comes back in the morning.
    let crashed = Lookout { worker: open_worker(folder.path(), &clock, night()), clock, _folder: folder };
    for hour in 0..4 {
        for lookout in [&steady, &crashed] {
            lookout.accept(events().skip(hour * 50).take(50)).await;
            lookout.clock.advance(Duration::from_mins(40));
        }
        steady.work().await;
    }
    for lookout in [&steady, &crashed] {
        lookout.clock.advance(Duration::from_hours(12));
        lookout.work().await;
    }
    let texts = async |lookout: &Lookout| {
        let mut texts = lookout.messages().await;
        // References differ from store to store.
        for (_, text) in &mut texts {
            let parts = text.split('`');
            *text = parts.filter(|part| !part.starts_with("vg-")).collect();
        }
        texts.sort();
        texts
    };
    assert_eq!(texts(&steady).await, texts(&crashed).await);
}

#[tokio::test]
async fn what_comes_in_quiet_hours_is_told_in_one_summary_when_they_end() {
    let lookout = Lookout::with(night());
    lookout.tell([firing("Before")]).await;
    lookout.clock.advance(Duration::from_hours(2));
    lookout.tell([resolved("Before"), firing("Held"), firing("Ended"), push("main")]).await;
    lookout.tell([alert("Fire", Severity::Critical, Firing::Firing)]).await;
    lookout.tell([resolved("Ended")]).await;
    let shown = lookout.messages().await;
    assert_eq!(shown.len(), 2, "{shown:#?}");
    assert!(lookout.digests().await.is_empty());

    lookout.clock.advance(Duration::from_hours(8));
    lookout.work().await;
    let summary = lookout.digests().await;
    assert_eq!(summary.len(), 1);
    // That one of before is over after hours is news too, which waits for the summary.
    assert!(summary[0].starts_with("During quiet hours: 4 incidents, 1 open\n"), "{}", summary[0]);
    for name in ["Before", "Held", "Ended", "main"] {
        assert!(summary[0].contains(name), "{}", summary[0]);
    }
    // Its end shows in the summary; that it begins again is news.
    lookout.tell([resolved("Held")]).await;
    assert!(lookout.digests().await[0].starts_with("During quiet hours: 4 incidents, none open\n"));
    assert_eq!(lookout.messages().await.len(), 3);
    lookout.tell([firing("Held")]).await;
    assert_eq!(lookout.messages().await.len(), 4);
}

#[tokio::test]
async fn what_becomes_severe_enough_in_quiet_hours_is_shown_at_once() {
    let lookout = Lookout::with(night());
    lookout.clock.advance(Duration::from_hours(2));
    lookout.tell([firing("Smoke"), firing("Noise")]).await;
    assert!(lookout.messages().await.is_empty());
    lookout.tell([alert("Smoke", Severity::Critical, Firing::Firing)]).await;
    let shown = lookout.messages().await;
    assert!(shown.len() == 1 && shown[0].1.starts_with("<@&3000>🔴 Firing: Smoke\n"), "{shown:#?}");

    lookout.clock.advance(Duration::from_hours(8));
    lookout.work().await;
    let summary = lookout.digests().await.remove(0);
    assert!(summary.starts_with("During quiet hours: 1 incident, 1 open\n"), "{summary}");
    assert!(!summary.contains("Smoke"), "{summary}");
}

#[tokio::test]
async fn what_gets_worse_waits_for_the_end_of_the_quiet_hours_of_where_that_leads() {
    let mut lookout = Lookout::with(route());
    let urgent = Conditions { severities: vec![Severity::Critical], ..Conditions::default() };
    let quiet = night().quiet.map(|quiet| Quiet { except: Vec::new(), ..quiet });
    let urgent = Route { conditions: urgent, quiet, channels: vec![7], ..route() };
    lookout.worker.routes = Arc::new(Routes { routes: vec![urgent, route()], fallback: 9, pulse: None });
    lookout.clock.advance(Duration::from_hours(2));
    lookout.tell([firing("Smoke")]).await;
    lookout.tell([alert("Smoke", Severity::Critical, Firing::Firing)]).await;
    let channels: Vec<_> = lookout.messages().await.into_iter().map(|(channel, _)| channel).collect();
    assert_eq!(channels, [1, 2]);
}

#[tokio::test]
async fn the_worker_wakes_when_quiet_hours_end() {
    let lookout = Lookout::with(night());
    lookout.clock.advance(Duration::from_hours(2));
    lookout.tell([firing("Held")]).await;
    let cancel = tokio_util::sync::CancellationToken::new();
    let task = tokio::spawn(lookout.worker.clone().run(cancel.clone()));
    let woken = lookout.worker.store.outbox_changes();
    // What was worked on before left a wake-up.
    woken.notified().await;
    let summary = async {
        loop {
            tokio::select! {
                biased;
                () = woken.notified() => return lookout.digests().await,
                () = tokio::task::yield_now() => lookout.clock.advance(Duration::from_mins(1)),
            }
        }
    };
    let summary = tokio::time::timeout(Duration::from_secs(30), summary).await.unwrap();
    assert!(summary[0].starts_with("During quiet hours: 1 incident"), "{summary:#?}");
    cancel.cancel();
    task.await.unwrap();
}
