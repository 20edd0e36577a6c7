//! At the wire, with time in our hands: whatever Discord does, a message shows once.

mod channels;
mod discord;
mod happenings;
mod outcomes;
mod refusals;
mod replies;

use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use self::discord::{Discord, Fault, Kind};
use super::*;
use crate::{
    delivery::rest::{AGENT, RestSettings},
    event::{Severity, Source},
    store::{Draft, IncidentRow, Settings, State, incidents},
};

const GENERAL: u64 = 2000;
const OTHER: u64 = 2001;

/// Vigie's sending half, its store and its Discord.
struct Bench {
    clock: Clock,
    discord: Discord,
    store: Store,
    health: Health,
    metrics: Metrics,
    halt: Halt,
    running: Option<(CancellationToken, JoinHandle<()>)>,
    _dir: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let clock = Clock::manual("2026-11-21T10:00:00Z".parse().unwrap());
        let discord = Discord::start(clock.clone()).await;
        let dir = tempfile::tempdir().unwrap();
        let (health, metrics) = (Health::default(), Metrics::default());
        let store = Store::open(Settings {
            path: dir.path().join("vigie.db"),
            keep: Duration::from_hours(24),
            clock: clock.clone(),
            metrics: metrics.clone(),
            health: health.clone(),
        })
        .unwrap();
        let halt = Halt::new(health.clone());
        Self { clock, discord, store, health, metrics, halt, running: None, _dir: dir }
    }

    /// A new sender, as after a start of the process: it knows what the store knows.
    fn start(&mut self) {
        let rest = Rest::new(RestSettings {
            origin: self.discord.origin.clone(),
            token: "token".into(),
            user_agent: AGENT.into(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            halt: self.halt.clone(),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
        })
        .unwrap();
        let dispatcher = Dispatcher {
            store: self.store.clone(),
            rest,
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            halt: self.halt.clone(),
            complaints: mpsc::channel(1).0,
        };
        let cancel = CancellationToken::new();
        self.running = Some((cancel.clone(), tokio::spawn(dispatcher.run(cancel))));
    }

    /// Ends the sender on the spot, as SIGKILL does.
    async fn kill(&mut self) {
        let (_, task) = self.running.take().unwrap();
        task.abort();
        task.await.unwrap_err();
    }

    /// Puts a message into the outbox, or its new version.
    async fn put(&self, name: &str, channel: u64, text: &str) {
        self.put_in(name, channel, text, Life::Open).await;
    }

    async fn put_in(&self, name: &str, channel: u64, text: &str, life: Life) {
        let (name, now) = (name.to_owned(), self.clock.now_ms());
        let reference = format!("vg-{name}");
        let payload = json!({
            "embeds": [{"title": name, "description": text, "footer": {"text": format!("a/b · {reference}")}}],
            "allowed_mentions": {"parse": []},
        });
        let put = self.store.write(move |conn| {
            let known = incidents::find(conn, Source::Gitea, &name)?;
            let incident_id = incidents::save(
                conn,
                &IncidentRow {
                    id: known.map_or(0, |known| known.id),
                    source: Source::Gitea,
                    key: name,
                    reference: reference.clone(),
                    open: matches!(life, Life::Open),
                    severity: Severity::Info,
                    opened_ms: now,
                    updated_ms: now,
                    data: "{}".into(),
                },
            )?;
            let draft = Draft {
                incident_id,
                channel_id: channel,
                reference,
                payload: payload.to_string(),
                accepted_ms: now,
                reply: None,
                whole: None,
            };
            outbox::put(conn, &draft, now)
        });
        put.await.unwrap();
        self.store.outbox_changes().notify_one();
    }

    /// Waits for `condition`. Time passes meanwhile, so that every back-off, time-out and limit ends.
    async fn passing<F: AsyncFn(&Self) -> bool>(&self, what: &str, condition: F) {
        self.wait(what, Duration::from_millis(100), condition).await;
    }

    /// Waits for `condition` while time stands still.
    async fn standing<F: AsyncFn(&Self) -> bool>(&self, what: &str, condition: F) {
        self.wait(what, Duration::ZERO, condition).await;
    }

    async fn wait<F: AsyncFn(&Self) -> bool>(&self, what: &str, step: Duration, condition: F) {
        let real = Clock::system();
        let wait = async {
            while !condition(self).await {
                self.clock.advance(step);
                real.sleep(Duration::from_millis(2)).await;
            }
        };
        let log = || self.discord.log().join("\n");
        assert!(
            real.timeout(Duration::from_secs(30), wait).await.is_some(),
            "never: {what}; requests:\n{}",
            log()
        );
    }

    async fn all_sent(&self) -> bool {
        let counts = self.store.read(outbox::counts).await.unwrap();
        counts.iter().all(|(state, count)| *state == State::Sent || *count == 0)
    }

    async fn count(&self, wanted: State) -> i64 {
        let counts = self.store.read(outbox::counts).await.unwrap();
        counts.iter().find(|(state, _)| *state == wanted).unwrap().1
    }

    fn complaint(&self) -> String {
        self.health.get(Part::Delivery).reason().map(Reason::to_string).unwrap_or_default()
    }
}

#[derive(Clone, Copy)]
enum Life {
    Open,
    Over,
}
