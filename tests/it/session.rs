//! The session with the gateway against a Discord that misbehaves: one test for each fault of serenity 0.12
//! that the session meets on purpose.

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
    discord::session::{Backing, Counts, Settings, Shared, Timings, run},
    halt::Halt,
    health::{Condition, Health, Part},
    language::Language,
    telemetry::{KindLabel, LogFormat, Metrics, start_log},
};

use crate::scripted::{GUILD, Scripted, interaction, patient, until};

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
    start_log(LogFormat::Text, "info");
    let (health, metrics, cancel) = (Health::default(), Metrics::default(), CancellationToken::new());
    let halt = Halt::new(health.clone());
    let settings = Settings {
        token: SecretString::from("secret"),
        guild: GUILD,
        rest: Some(discord.rest.clone()),
        gateway: Some(discord.gateway.clone()),
        mentioned: BTreeMap::from([("operators".into(), 3000), ("gone".into(), 3001)]),
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
async fn pitfall_1_the_proxy_is_not_ignored_since_serenitys_limiter_is_off() {
    let mut discord = Scripted::start().await;
    // With the limiter on, this and everything else would be asked of discord.com.
    let vigie = start(&discord);
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(discord.count("GET /gateway/bot"), 1);
    assert_eq!(discord.count(&format!("PUT {COMMANDS}")), 1);
}

#[tokio::test]
async fn pitfall_2_a_failed_discovery_does_not_lead_to_the_real_gateway() {
    let mut discord = Scripted::start().await;
    discord.script("GET /gateway", [(500, json!({}))]);
    let vigie = start(&discord);
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(discord.count("GET /gateway"), 1);
}

#[tokio::test]
async fn pitfall_3_a_429_only_delays_the_session() {
    let mut discord = Scripted::start().await;
    let limited = || (429, json!({ "message": "slow down", "retry_after": 0.1, "global": false }));
    discord.script("GET /gateway/bot", [limited(), limited()]);
    let vigie = start(&discord);
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(discord.count("GET /gateway/bot"), 3);
    assert_eq!(vigie.metrics.gateway_sessions.get(), 1);
}

#[tokio::test]
async fn pitfall_4_a_handshake_that_hangs_is_given_up_and_tried_anew() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let _silent = discord.connection().await;
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(vigie.metrics.gateway_sessions.get(), 2);
}

#[tokio::test]
async fn pitfall_4_a_session_without_ready_is_given_up_and_begun_anew() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let _deaf = discord.identified().await;
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
}

#[tokio::test]
async fn pitfall_4_vigie_stops_in_time_while_a_handshake_hangs() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let _silent = discord.connection().await;
    vigie.cancel.cancel();
    let begun = std::time::Instant::now();
    patient("the end", vigie.task).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "stopping took {:?}", begun.elapsed());
}

#[tokio::test]
async fn pitfall_5_a_close_frame_without_a_code_is_resumed_at_once() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let peer = discord.ready().await;
    vigie.is_up().await;
    peer.close(None).await;
    tokio::spawn(discord.resumed().await.attend());
    vigie.is_up().await;
    assert_eq!(vigie.metrics.gateway_sessions.get(), 1);
}

#[tokio::test]
async fn pitfall_6_code_4000_op_7_op_9_and_a_cut_connection_are_resumed() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let peer = discord.ready().await;
    vigie.is_up().await;
    peer.close(Some(4000)).await;
    let mut peer = discord.resumed().await;
    peer.send(json!({ "op": 7, "d": null })).await;
    let leaving = tokio::spawn(peer.attend());
    let mut peer = discord.resumed().await;
    assert_eq!(leaving.await.unwrap(), Some(4000), "1000 would end the session");
    peer.send(json!({ "op": 9, "d": true })).await;
    drop(peer);
    let peer = discord.resumed().await;
    drop(peer);
    tokio::spawn(discord.resumed().await.attend());
    vigie.is_up().await;
    assert_eq!(vigie.metrics.gateway_sessions.get(), 1);
}

#[tokio::test]
async fn pitfall_6_a_session_that_is_gone_is_followed_by_another() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let peer = discord.ready().await;
    vigie.is_up().await;
    peer.close(Some(4009)).await;
    let mut peer = discord.ready().await;
    peer.send(json!({ "op": 9, "d": false })).await;
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(vigie.metrics.gateway_sessions.get(), 3);
    assert_eq!(discord.count(&format!("PUT {COMMANDS}")), 1, "the commands did not change");
}

#[tokio::test]
async fn pitfall_6_a_silent_gateway_is_left_and_a_session_that_stays_silent_begun_anew() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let _silent = discord.unacknowledged().await;
    vigie.is_up().await;
    let mut still_silent = discord.hello().await;
    still_silent.expect(6).await;
    assert!(matches!(vigie.health.get(Part::Gateway), Condition::Waiting(_)));
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(vigie.metrics.gateway_sessions.get(), 2);
}

#[tokio::test]
async fn pitfall_6_every_fatal_close_code_stops_the_session_for_good_and_says_what_to_do() {
    for code in [4004, 4010, 4011, 4012, 4013, 4014] {
        let mut discord = Scripted::start().await;
        let vigie = start(&discord);
        discord.identified().await.close(Some(code)).await;
        patient("the end", vigie.task).await.unwrap();
        let reason = vigie.halt.reason().expect("Discord is left alone");
        assert!(reason.contains(&code.to_string()), "{reason}");
        assert_eq!(vigie.health.get(Part::Gateway), Condition::Failed(reason.to_owned()));
        assert_eq!(discord.count("GET /gateway/bot"), 1);
    }
}

#[tokio::test]
async fn pitfall_7_an_event_that_can_not_be_read_is_counted() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let mut peer = discord.ready().await;
    vigie.is_up().await;
    let mut incomplete = interaction("ping", "fr");
    incomplete.as_object_mut().unwrap().remove("attachment_size_limit");
    peer.dispatch("INTERACTION_CREATE", incomplete).await;
    peer.dispatch("SOMETHING_NEW", json!({})).await;
    tokio::spawn(peer.attend());
    let kind = KindLabel { kind: "INTERACTION_CREATE".into() };
    until("a count", || vigie.metrics.gateway_undecodable.get_or_create(&kind).get() == 1).await;
    assert!(!vigie.metrics.encode().unwrap().contains("SOMETHING_NEW"));
}

#[tokio::test]
async fn pitfall_9_a_setup_that_fails_is_followed_by_another_session() {
    let mut discord = Scripted::start().await;
    discord.script(&format!("PUT {COMMANDS}"), [(500, json!({ "message": "oops", "code": 0 }))]);
    let vigie = start(&discord);
    let deaf = tokio::spawn(discord.ready().await.attend());
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    assert_eq!(deaf.await.unwrap(), Some(1000));
    assert_eq!(discord.count("GET /oauth2/applications/@me"), 0);
}

#[tokio::test]
async fn a_401_on_a_route_of_the_bots_token_stops_the_session_for_good() {
    let discord = Scripted::start().await;
    discord.script("GET /gateway/bot", [(401, json!({ "message": "401: Unauthorized", "code": 0 }))]);
    let vigie = start(&discord);
    patient("the end", vigie.task).await.unwrap();
    assert!(vigie.halt.reason().unwrap().contains("token_file"));
}

#[tokio::test]
async fn a_halt_by_the_sender_ends_the_session() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let peer = tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    vigie.halt.halt("the sender got a 401".into());
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
        Condition::Waiting(reason) => reason.contains("0 more of 1000"),
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
async fn an_interaction_that_is_over_gets_its_result_in_the_channel() {
    let mut discord = Scripted::start().await;
    let over = (404, json!({ "message": "Unknown interaction", "code": 10062 }));
    discord.script("POST /interactions/700/interaction-token/callback", [over]);
    let vigie = start(&discord);
    let mut peer = discord.ready().await;
    vigie.is_up().await;
    peer.dispatch("INTERACTION_CREATE", interaction("help", "fr")).await;
    tokio::spawn(peer.attend());
    until("the result in the channel", || discord.count("POST /channels/2000/messages") == 1).await;
    assert!(vigie.halt.reason().is_none());
    assert_eq!(vigie.health.get(Part::Gateway), Condition::Ok);
}

#[tokio::test]
async fn commands_answer_in_the_callers_language_and_mention_nobody() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    let mut peer = discord.ready().await;
    vigie.is_up().await;
    let mut callers = Vec::new();
    for name in ["help", "ping", "status"] {
        for locale in ["en-GB", "fr"] {
            callers.push(format!("/{name} {locale}"));
            peer.dispatch("INTERACTION_CREATE", interaction(name, locale)).await;
            until("the answer", || answers(&discord).len() == callers.len()).await;
        }
    }
    tokio::spawn(peer.attend());
    insta::with_settings!({ filters => vec![(r"\d+[.]\d ms", "[ms]"), (r"0 min \d+ s", "[uptime]")] }, {
        insta::assert_json_snapshot!(std::iter::zip(callers, answers(&discord)).collect::<BTreeMap<_, _>>());
    });
}

/// What members saw, in the order in which it was sent.
fn answers(discord: &Scripted) -> Vec<serde_json::Value> {
    let callbacks = discord.bodies("POST /interactions/700/interaction-token/callback");
    let first = callbacks.into_iter().filter(|body| body["type"] == 4).map(|body| body["data"].clone());
    first.chain(discord.bodies("POST /webhooks/900/interaction-token")).collect()
}

#[tokio::test]
async fn a_command_that_panics_is_answered_and_touches_no_other() {
    let mut discord = Scripted::start().await;
    let backing = Arc::new(Memory { panics: true.into(), ..Memory::default() });
    let vigie = start_with(&discord, backing);
    let mut peer = discord.ready().await;
    vigie.is_up().await;
    peer.dispatch("INTERACTION_CREATE", interaction("status", "en-GB")).await;
    until("the apology", || answers(&discord).len() == 1).await;
    peer.dispatch("INTERACTION_CREATE", interaction("unknown", "fr")).await;
    until("the advice", || answers(&discord).len() == 2).await;
    tokio::spawn(peer.attend());
    let said = serde_json::to_string(&answers(&discord)).unwrap();
    assert!(said.contains("a fault of Vigie") && said.contains("Cette commande a changé"), "{said}");
    assert_eq!(vigie.health.get(Part::Gateway), Condition::Ok);
}

#[tokio::test]
async fn commands_are_described_in_both_languages() {
    let mut discord = Scripted::start().await;
    let vigie = start(&discord);
    tokio::spawn(discord.ready().await.attend());
    vigie.is_up().await;
    insta::assert_json_snapshot!(discord.commands());
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
