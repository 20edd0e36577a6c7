//! The session with the gateway against a Discord that follows the test's script.

mod pitfalls;
mod slash_commands;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::SinkExt;
use secrecy::SecretString;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use vigie::{
    clock::Clock,
    discord::{
        permissions::Permissions,
        session::{Backing, Counts, Settings, Shared, Timings, run},
    },
    halt::{Halt, TOKEN_REFUSED},
    health::{Condition, Health, Part},
    incident::action::{Act, Verdict},
    language::Language,
    telemetry::{LogFormat, Metrics, start_log},
};

use crate::scripted::{GUILD, Scripted, patient, until};

const COMMANDS: &str = "/applications/900/guilds/1000/commands";

/// A session under test.
struct Subject {
    health: Health,
    halt: Halt,
    metrics: Metrics,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Memory {
    values: Mutex<HashMap<String, String>>,
    complaints: Mutex<Vec<String>>,
    panics: AtomicBool,
}

#[serenity::async_trait]
impl Backing for Memory {
    async fn recall(&self, key: &str) -> Result<Option<String>, String> {
        Ok(self.values.lock().unwrap().get(key).cloned())
    }

    async fn remember(&self, key: &str, value: &str) -> Result<(), String> {
        self.values.lock().unwrap().insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    async fn counts(&self) -> Result<Counts, String> {
        assert!(!self.panics.load(Ordering::Relaxed), "as the test wants it");
        Ok(Counts { inbox_pending: 1, outbox_pending: 2, outbox_parked: 3 })
    }

    async fn act(&self, _: Act) -> Result<Verdict, String> {
        Err("as the test wants it".into())
    }

    async fn forbidden(&self, _: Act) -> Result<(), String> {
        Ok(())
    }

    async fn complain(&self, text: String) -> Result<(), String> {
        self.complaints.lock().unwrap().push(text);
        Ok(())
    }
}

fn timings() -> Timings {
    Timings {
        request: Duration::from_secs(1),
        dial: Duration::from_millis(300),
        ready: Duration::from_secs(1),
        acknowledge: Duration::from_millis(300),
        retry_first: Duration::from_millis(10),
        retry_max: Duration::from_millis(50),
        identify_spacing: Duration::ZERO,
        ..Timings::default()
    }
}

fn start(discord: &Scripted) -> Subject {
    start_with(discord, Arc::default())
}

fn start_with(discord: &Scripted, backing: Arc<Memory>) -> Subject {
    start_log(LogFormat::Text, tracing::Level::INFO);
    let (health, metrics, cancel) = (Health::default(), Metrics::default(), CancellationToken::new());
    let halt = Halt::new(health.clone());
    let settings = Settings {
        token: SecretString::from("secret"),
        guild: GUILD,
        rest: Some(discord.rest.clone()),
        gateway: Some(discord.gateway.clone()),
        mentioned: BTreeMap::from([("operators".into(), 3000), ("gone".into(), 3001)]),
        permissions: Permissions::default(),
        language: Language::En,
        timings: timings(),
    };
    let shared = Shared {
        clock: Clock::system(),
        started: Clock::system().now(),
        health: health.clone(),
        halt: halt.clone(),
        metrics: metrics.clone(),
        backing,
    };
    let task = tokio::spawn(run(settings, shared, cancel.clone()));
    Subject { health, halt, metrics, cancel, task }
}

impl Subject {
    async fn is_up(&self) {
        until("a session that is up", || self.health.get(Part::Gateway) == Condition::Ok).await;
        assert_eq!(self.metrics.gateway_connected.get(), 1);
    }
}

#[tokio::test]
async fn a_session_comes_up_registers_its_commands_and_logs_off_when_vigie_stops() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let peer = discord.ready().await;
    let leaving = tokio::spawn(peer.attend());
    vigie.is_up().await;
    assert_eq!(discord.commands().len(), 3);
    let begun = std::time::Instant::now();
    vigie.cancel.cancel();
    patient("the end", vigie.task).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "stopping took {:?}", begun.elapsed());
    assert_eq!(leaving.await.unwrap(), Some(1000));
    assert_eq!(vigie.metrics.gateway_connected.get(), 0);
}

#[tokio::test]
async fn a_401_on_a_route_of_the_bots_token_stops_the_session_for_good() {
    let discord = Scripted::start().await;
    discord.script("GET /gateway/bot", [(401, json!({ "message": "401: Unauthorized", "code": 0 }))]);
    let vigie = start(&discord);
    patient("the end", vigie.task).await.unwrap();
    assert!(vigie.halt.reason() == Some(&TOKEN_REFUSED));
}

#[tokio::test]
async fn a_halt_by_the_sender_ends_the_session() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let peer = tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    vigie.halt.halt(TOKEN_REFUSED);
    patient("the end", vigie.task).await.unwrap();
    assert_eq!(peer.await.unwrap(), Some(1000));
}

#[tokio::test]
async fn sessions_that_were_replaced_leave_no_task_behind() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let mut peer = discord.ready().await;
    vigie.is_up().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let alive = tasks();
    for _ in 0..4 {
        peer.send(json!({ "op": 9, "d": false })).await;
        peer = discord.ready().await;
        vigie.is_up().await;
    }
    until("the end of the tasks", || tasks() <= alive + 1).await;
}

#[tokio::test]
async fn the_identify_budget_is_waited_for() {
    let mut discord = Scripted::start().await;
    let spent = json!({ "url": discord.gateway, "shards": 1, "session_start_limit":
        { "total": 1000, "remaining": 0, "reset_after": 100, "max_concurrency": 1 } });
    discord.script("GET /gateway/bot", [(200, spent)]);
    let vigie = start(&discord);
    until("a wait", || match vigie.health.get(Part::Gateway) {
        Condition::Waiting(reason) => reason.to_string().contains("0 more of 1000"),
        _ => false,
    })
    .await;
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(discord.count("GET /gateway/bot"), 2);
}

#[tokio::test]
async fn commands_are_registered_once_and_again_when_discord_lost_them() {
    let mut discord = Scripted::start().await;
    let backing = Arc::<Memory>::default();
    for registrations in [1, 1, 2] {
        let vigie = start_with(&discord, backing.clone());
        tokio::spawn(discord.ready().await.attend());
        vigie.is_up().await;
        vigie.cancel.cancel();
        patient("the end", vigie.task).await.unwrap();
        assert_eq!(discord.count(&format!("PUT {COMMANDS}")), registrations);
        if registrations == 1 && discord.count(&format!("GET {COMMANDS}")) == 1 {
            discord.forget_commands();
        }
    }
}

#[tokio::test]
async fn roles_that_do_not_ping_are_said_once() {
    let mut discord = Scripted::start().await;
    let backing = Arc::<Memory>::default();
    for _ in 0..2 {
        let vigie = start_with(&discord, backing.clone());
        tokio::spawn(discord.ready().await.attend());
        vigie.is_up().await;
        vigie.cancel.cancel();
        patient("the end", vigie.task).await.unwrap();
    }
    let complaints = backing.complaints.lock().unwrap().clone();
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].contains("no role 3001") && complaints[0].contains("role operators (3000)"));
}

#[tokio::test]
async fn what_is_no_gateway_payload_ends_the_session_not_vigie() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let mut peer = discord.ready().await;
    vigie.is_up().await;
    peer.stream.send(Message::Text("<html>502</html>".into())).await.unwrap();
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
}
