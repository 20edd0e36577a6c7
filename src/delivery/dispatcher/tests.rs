//! At the wire, with time in our hands: whatever Discord does, a message shows once.

mod discord;
mod happenings;
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
        self.health.get(Part::Delivery).reason().unwrap_or_default().to_owned()
    }
}

#[derive(Clone, Copy)]
enum Life {
    Open,
    Over,
}

#[tokio::test]
async fn every_fault_ends_with_exactly_one_message() {
    let kinds = [
        Kind::DropAnswer,
        Kind::Cut,
        Kind::Hang,
        Kind::Status(500, 0),
        Kind::Status(503, 0),
        Kind::Status(429, 30046),
        Kind::RateLimit("user", 1.5),
        Kind::RateLimit("shared", 1.5),
        Kind::RateLimit("global", 1.5),
    ];
    for kind in kinds {
        for times in [1, 3] {
            let mut bench = Bench::new().await;
            bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind, times });
            bench.start();
            bench.put("one", GENERAL, "text").await;
            bench.passing(&format!("{kind:?} {times} times"), Bench::all_sent).await;
            assert_eq!(bench.discord.texts(GENERAL), ["text"], "{kind:?} {times} times");
        }
    }
}

#[tokio::test]
async fn killed_after_the_create_acted_the_next_start_shows_nothing_twice() {
    for minutes in [0, 10] {
        let mut bench = Bench::new().await;
        bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::ActAndHang, times: 1 });
        bench.start();
        bench.put("one", GENERAL, "old").await;
        bench.standing("created", async |bench| bench.discord.texts(GENERAL) == ["old"]).await;
        bench.kill().await;
        bench.put("one", GENERAL, "new").await;
        bench.clock.advance(Duration::from_mins(minutes));
        bench.start();
        bench.passing("sent", Bench::all_sent).await;
        assert_eq!(bench.discord.texts(GENERAL), ["new"], "after {minutes} minutes");
        let looked = bench.discord.log().iter().any(|line| line.contains("messages?after="));
        assert_eq!(looked, minutes == 10, "the channel is searched only when the nonce may be forgotten");
    }
}

#[tokio::test]
async fn killed_before_the_create_acted_the_next_start_sends_it() {
    for minutes in [0, 10] {
        let mut bench = Bench::new().await;
        bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::Hang, times: 1 });
        bench.start();
        bench.put("one", GENERAL, "text").await;
        bench.standing("asked", async |bench| !bench.discord.log().is_empty()).await;
        bench.kill().await;
        bench.clock.advance(Duration::from_mins(minutes));
        // Others have written meanwhile, quoting the reference.
        bench.discord.chatter(GENERAL, "where is vg-one?", 150);
        bench.start();
        bench.passing("sent", Bench::all_sent).await;
        assert_eq!(bench.discord.texts(GENERAL), ["text"], "after {minutes} minutes");
    }
}

#[tokio::test]
async fn without_the_right_to_read_history_nothing_is_sent_blindly() {
    let mut bench = Bench::new().await;
    bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::ActAndHang, times: 1 });
    bench.discord.hide_history(GENERAL);
    bench.start();
    bench.put("one", GENERAL, "text").await;
    bench.standing("created", async |bench| bench.discord.texts(GENERAL) == ["text"]).await;
    bench.kill().await;
    bench.clock.advance(Duration::from_mins(10));
    bench.start();
    bench.standing("said", async |bench| bench.complaint().contains("READ_MESSAGE_HISTORY")).await;
    assert_eq!(bench.count(State::Parked).await, 1);
    bench.discord.show_history(GENERAL);
    bench.passing("sent", Bench::all_sent).await;
    assert_eq!(bench.discord.texts(GENERAL), ["text"]);
    bench.standing("well", async |bench| bench.complaint().is_empty()).await;
}

#[tokio::test]
async fn a_channel_keeps_its_order_whatever_fails() {
    let mut bench = Bench::new().await;
    for (kind, times) in [(Kind::Status(500, 0), 2), (Kind::DropAnswer, 1), (Kind::RateLimit("user", 0.5), 1)]
    {
        bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind, times });
    }
    bench.start();
    let names = ["a", "b", "c", "d"];
    for name in names {
        bench.put(name, GENERAL, name).await;
    }
    bench.passing("all sent", Bench::all_sent).await;
    assert_eq!(bench.discord.texts(GENERAL), names);
}

#[tokio::test]
async fn a_hung_or_limited_channel_holds_up_no_other() {
    for kind in [Kind::Hang, Kind::RateLimit("user", 3600.0)] {
        let mut bench = Bench::new().await;
        bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind, times: 1 });
        bench.start();
        bench.put("stuck", GENERAL, "stuck").await;
        bench.standing("stuck", async |bench| !bench.discord.log().is_empty()).await;
        for name in ["a", "b", "c"] {
            bench.put(name, OTHER, name).await;
        }
        bench.standing("others", async |bench| bench.discord.texts(OTHER) == ["a", "b", "c"]).await;
        assert!(bench.discord.texts(GENERAL).is_empty());
    }
}

#[tokio::test]
async fn changes_that_come_faster_than_they_can_be_sent_become_one_edit() {
    let mut bench = Bench::new().await;
    bench.start();
    bench.put("pr", GENERAL, "0").await;
    bench.standing("created", Bench::all_sent).await;
    bench.discord.fault(Fault {
        method: "PATCH",
        channel: GENERAL,
        kind: Kind::RateLimit("user", 60.0),
        times: 1,
    });
    for version in 1..=20 {
        bench.put("pr", GENERAL, &version.to_string()).await;
    }
    bench.put("new", GENERAL, "not held up by an edit").await;
    bench.passing("edited", Bench::all_sent).await;
    assert_eq!(bench.discord.texts(GENERAL), ["20", "not held up by an edit"]);
    let edits = bench.discord.log().iter().filter(|line| line.starts_with("PATCH")).count();
    assert!(edits <= 3, "{edits} edits");
}

#[tokio::test]
async fn a_channel_that_refuses_the_bot_is_parked_and_resumes_by_itself() {
    for (code, said) in [(50001, "VIEW_CHANNEL"), (50013, "SEND_MESSAGES"), (10003, "[[routes]]")] {
        let mut bench = Bench::new().await;
        bench.discord.fault(Fault {
            method: "POST",
            channel: GENERAL,
            kind: Kind::Status(403, code),
            times: 2,
        });
        bench.start();
        for name in ["a", "b"] {
            bench.put(name, GENERAL, name).await;
        }
        bench.standing("said", async |bench| bench.complaint().contains(said)).await;
        bench.put("c", GENERAL, "c").await;
        bench.put("elsewhere", OTHER, "elsewhere").await;
        bench.standing("other", async |bench| !bench.discord.texts(OTHER).is_empty()).await;
        assert_eq!(bench.discord.attempts(GENERAL), 1, "a parked channel is left alone");
        bench.clock.advance(RECHECK);
        bench.standing("tried again", async |bench| bench.discord.attempts(GENERAL) == 2).await;
        bench.standing("parked again", async |bench| bench.count(State::Parked).await == 3).await;
        bench.clock.advance(RECHECK);
        bench.standing("resumed", async |bench| bench.discord.texts(GENERAL).len() == 3).await;
        assert_eq!(bench.discord.texts(GENERAL), ["a", "b", "c"]);
        bench.standing("well", async |bench| bench.complaint().is_empty()).await;
    }
}

#[tokio::test]
async fn a_deleted_message_comes_again_only_while_its_incident_is_open() {
    let mut bench = Bench::new().await;
    bench.start();
    for (name, channel) in [("open", GENERAL), ("over", OTHER)] {
        bench.put(name, channel, "old").await;
    }
    bench.standing("created", Bench::all_sent).await;
    bench.discord.delete_all();
    bench.put("open", GENERAL, "new").await;
    bench.put_in("over", OTHER, "new", Life::Over).await;
    bench.passing("settled", async |bench| bench.count(State::Pending).await == 0).await;
    assert_eq!(bench.discord.texts(GENERAL), ["new"]);
    assert!(bench.discord.texts(OTHER).is_empty());
    assert_eq!(bench.count(State::Dropped).await, 1);
}

#[tokio::test]
async fn a_message_that_was_deleted_before_its_outcome_was_known_is_sent_anew() {
    for minutes in [0, 10] {
        let mut bench = Bench::new().await;
        bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::ActAndHang, times: 1 });
        bench.start();
        bench.put("one", GENERAL, "text").await;
        bench.standing("created", async |bench| bench.discord.texts(GENERAL) == ["text"]).await;
        bench.kill().await;
        bench.discord.delete_all();
        bench.clock.advance(Duration::from_mins(minutes));
        bench.start();
        bench.passing("sent", Bench::all_sent).await;
        assert_eq!(bench.discord.texts(GENERAL), ["text"], "after {minutes} minutes");
    }
}

#[tokio::test]
async fn an_invalid_message_is_shrunk_and_at_last_replaced_by_plain_text() {
    let mut bench = Bench::new().await;
    bench.start();
    bench.put("long", GENERAL, &"a".repeat(5000)).await;
    bench.discord.fault(Fault { method: "POST", channel: OTHER, kind: Kind::Status(400, 50035), times: 2 });
    bench.put("bad", OTHER, "text").await;
    bench.passing("sent", Bench::all_sent).await;
    assert_eq!(bench.discord.texts(GENERAL), [format!("{}…", "a".repeat(1000))]);
    assert_eq!(bench.discord.messages(OTHER)[0]["content"], "bad\n-# vg-bad");
}

#[tokio::test]
async fn a_401_halts_sending_for_good_and_loses_nothing() {
    let mut bench = Bench::new().await;
    bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::Status(401, 0), times: 1 });
    bench.start();
    bench.put("one", GENERAL, "text").await;
    bench.standing("halted", async |bench| bench.halt.reason().is_some()).await;
    bench.put("two", OTHER, "text").await;
    let (cancel, task) = bench.running.take().unwrap();
    cancel.cancel();
    task.await.unwrap();
    assert_eq!(bench.discord.log().len(), 1);
    assert_eq!(bench.count(State::Pending).await, 2);
    assert!(bench.complaint().contains("token_file"), "{}", bench.complaint());
}

#[tokio::test]
async fn it_ends_with_the_answer_of_what_is_under_way() {
    let mut bench = Bench::new().await;
    bench.discord.fault(Fault { method: "POST", channel: GENERAL, kind: Kind::ActAndHang, times: 1 });
    bench.start();
    for name in ["a", "b"] {
        bench.put(name, GENERAL, name).await;
    }
    bench.standing("under way", async |bench| !bench.discord.texts(GENERAL).is_empty()).await;
    let (cancel, task) = bench.running.take().unwrap();
    cancel.cancel();
    bench.clock.advance(Duration::from_secs(10));
    task.await.unwrap();
    assert_eq!(bench.discord.texts(GENERAL), ["a"], "nothing new was begun");
    bench.start();
    bench.passing("sent", Bench::all_sent).await;
    assert_eq!(bench.discord.texts(GENERAL), ["a", "b"]);
}
