//! A Discord that does what a test says, frame by frame: what `discord-sim` is too well-behaved for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_tungstenite::{
    WebSocketStream, accept_async,
    tungstenite::{Message, protocol::CloseFrame},
};
use url::Url;

use vigie::clock::Clock;

/// How long a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(10);
/// The guild, the application and the bot.
pub(crate) const GUILD: u64 = 1000;
const BOT: u64 = 900;

/// A status and a body.
type Answer = (u16, Value);
/// The requests that came: `METHOD /path` and the body, if it was JSON.
type Log = Arc<Mutex<Vec<(String, Value)>>>;

/// The scripted Discord.
pub(crate) struct Scripted {
    /// Its REST origin.
    pub(crate) rest: Url,
    /// Its gateway.
    pub(crate) gateway: Url,
    connections: mpsc::Receiver<TcpStream>,
    state: Answers,
}

#[derive(Clone)]
struct Answers {
    gateway: Url,
    log: Log,
    commands: Arc<Mutex<Vec<Value>>>,
    scripted: Arc<Mutex<HashMap<String, Vec<Answer>>>>,
}

impl Scripted {
    /// Starts on free ports of loopback.
    pub(crate) async fn start() -> Self {
        let rest = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gateway = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = |scheme: &str, listener: &TcpListener| {
            Url::parse(&format!("{scheme}://{}", listener.local_addr().unwrap())).unwrap()
        };
        let (rest_url, gateway_url) = (url("http", &rest), url("ws", &gateway));
        let state = Answers {
            gateway: gateway_url.clone(),
            log: Log::default(),
            commands: Arc::default(),
            scripted: Arc::default(),
        };
        let router = Router::new().fallback(answer).with_state(state.clone());
        tokio::spawn(async move { axum::serve(rest, router).await });
        let (sender, connections) = mpsc::channel(100);
        tokio::spawn(async move {
            while let Ok((stream, _)) = gateway.accept().await {
                if sender.send(stream).await.is_err() {
                    break;
                }
            }
        });
        Self { rest: rest_url, gateway: gateway_url, connections, state }
    }

    /// Answers the next requests `METHOD /path` (without `/api/v10`) so, one after the other.
    pub(crate) fn script(&self, request: &str, answers: impl IntoIterator<Item = Answer>) {
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        self.state.scripted.lock().unwrap().insert(request.to_owned(), answers);
    }

    /// How often `METHOD /path` was asked.
    pub(crate) fn count(&self, request: &str) -> usize {
        self.state.log.lock().unwrap().iter().filter(|(line, _)| line == request).count()
    }

    /// The bodies that `METHOD /path` came with.
    pub(crate) fn bodies(&self, request: &str) -> Vec<Value> {
        let log = self.state.log.lock().unwrap();
        log.iter().filter(|(line, _)| line == request).map(|(_, body)| body.clone()).collect()
    }

    /// The commands as they were registered.
    pub(crate) fn commands(&self) -> Vec<Value> {
        self.state.commands.lock().unwrap().clone()
    }

    /// Loses the registered commands.
    pub(crate) fn forget_commands(&self) {
        self.state.commands.lock().unwrap().clear();
    }

    /// The next connection to the gateway, before its handshake.
    pub(crate) async fn connection(&mut self) -> TcpStream {
        patient("a connection to the gateway", self.connections.recv()).await.unwrap()
    }

    /// The next connection, with HELLO said.
    pub(crate) async fn hello(&mut self) -> Peer {
        let stream = self.connection().await;
        let mut peer = Peer { stream: accept_async(stream).await.unwrap(), seq: 0 };
        peer.send(json!({ "op": 10, "d": { "heartbeat_interval": 41_250 } })).await;
        peer
    }

    /// The next connection, identified but not ready.
    pub(crate) async fn identified(&mut self) -> Peer {
        let mut peer = self.hello().await;
        let identify = peer.expect(2).await;
        assert_eq!(identify["d"]["token"], "Bot secret");
        assert_eq!(identify["d"]["compress"], false);
        peer
    }

    /// The next connection, ready, its first heartbeat acknowledged.
    pub(crate) async fn ready(&mut self) -> Peer {
        let mut peer = self.unacknowledged().await;
        peer.acknowledge().await;
        peer
    }

    /// The next connection, ready, its first heartbeat not acknowledged.
    pub(crate) async fn unacknowledged(&mut self) -> Peer {
        let mut peer = self.identified().await;
        peer.dispatch("READY", ready()).await;
        peer
    }

    /// The next connection, which must resume.
    pub(crate) async fn resumed(&mut self) -> Peer {
        let mut peer = self.hello().await;
        let resume = peer.expect(6).await;
        assert_eq!(resume["d"]["session_id"], "session");
        peer.dispatch("RESUMED", json!({})).await;
        peer.acknowledge().await;
        peer
    }
}

/// One connection of the gateway.
pub(crate) struct Peer {
    pub(crate) stream: WebSocketStream<TcpStream>,
    seq: u64,
}

impl Peer {
    /// Sends one payload.
    pub(crate) async fn send(&mut self, payload: Value) {
        self.stream.send(Message::Text(payload.to_string())).await.unwrap();
    }

    /// Sends one event.
    pub(crate) async fn dispatch(&mut self, kind: &str, data: Value) {
        self.seq += 1;
        self.send(json!({ "op": 0, "t": kind, "s": self.seq, "d": data })).await;
    }

    /// Waits for the next heartbeat and acknowledges it.
    async fn acknowledge(&mut self) {
        self.expect(1).await;
        self.send(json!({ "op": 11 })).await;
    }

    /// The next payload with this op; heartbeats on the way are acknowledged.
    pub(crate) async fn expect(&mut self, op: u64) -> Value {
        loop {
            let message = patient(&format!("op {op}"), self.stream.next()).await;
            let text = message.expect("the connection is open").expect("a frame").into_text().unwrap();
            let payload: Value = serde_json::from_str(&text).unwrap();
            if payload["op"] == op {
                return payload;
            }
            assert_eq!(payload["op"], 1, "expected op {op} or a heartbeat");
            self.send(json!({ "op": 11 })).await;
        }
    }

    /// Acknowledges heartbeats until the other side leaves; says with which close code.
    pub(crate) async fn attend(mut self) -> Option<u16> {
        loop {
            match patient("the end of the connection", self.stream.next()).await {
                Some(Ok(Message::Text(_))) => self.send(json!({ "op": 11 })).await,
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Closes with `code`, or without one.
    pub(crate) async fn close(mut self, code: Option<u16>) {
        let frame = code.map(|code| CloseFrame { code: code.into(), reason: "".into() });
        self.stream.close(frame).await.unwrap();
    }
}

/// Waits, but not for ever.
pub(crate) async fn patient<F: Future>(what: &str, future: F) -> F::Output {
    Clock::system().timeout(PATIENCE, future).await.unwrap_or_else(|| panic!("{what} did not come"))
}

/// Waits until `condition` holds.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let clock = Clock::system();
    let waiting = async {
        while !condition() {
            clock.sleep(Duration::from_millis(5)).await;
        }
    };
    patient(what, waiting).await;
}

fn bot() -> Value {
    json!({ "id": BOT.to_string(), "username": "vigie", "discriminator": "0000", "avatar": null, "bot": true,
        "verified": true, "email": null, "flags": 0, "mfa_enabled": false })
}

fn ready() -> Value {
    json!({ "v": 10, "user": bot(), "guilds": [], "session_id": "session", "shard": [0, 1],
        "resume_gateway_url": "wss://gateway.invalid", "application": { "id": BOT.to_string(), "flags": 0 } })
}

/// A use of `/name` by a member with this locale.
pub(crate) fn interaction(name: &str, locale: &str) -> Value {
    let user = json!({ "id": "500", "username": "alice", "discriminator": "0", "avatar": null });
    json!({ "id": "700", "application_id": BOT.to_string(), "type": 2, "version": 1, "token": "interaction-token",
        "guild_id": GUILD.to_string(), "channel_id": "2000", "locale": locale, "guild_locale": "en-US",
        "app_permissions": "0", "attachment_size_limit": 10_485_760, "entitlements": [],
        "authorizing_integration_owners": {}, "context": 0,
        "channel": { "id": "2000", "type": 0, "guild_id": GUILD.to_string(), "name": "forge", "permissions": "0" },
        "data": { "id": "800", "name": name, "type": 1, "guild_id": GUILD.to_string() },
        "member": { "user": user, "roles": [], "joined_at": "2024-01-01T00:00:00Z", "deaf": false, "mute": false,
            "flags": 0, "permissions": "0", "nick": null } })
}

async fn answer(State(state): State<Answers>, method: Method, uri: Uri, body: String) -> Response {
    let path = uri.path().trim_start_matches("/api/v10").to_owned();
    let request = format!("{method} {path}");
    state.log.lock().unwrap().push((request.clone(), serde_json::from_str(&body).unwrap_or_default()));
    let scripted = state.scripted.lock().unwrap().get_mut(&request).and_then(Vec::pop);
    if let Some((status, body)) = scripted {
        return (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    }
    let commands = format!("/applications/{BOT}/guilds/{GUILD}/commands");
    Json(match (method.as_str(), path.as_str()) {
        ("GET", "/gateway") => json!({ "url": state.gateway }),
        ("GET", "/gateway/bot") => json!({ "url": state.gateway, "shards": 1, "session_start_limit":
            { "total": 1000, "remaining": 1000, "reset_after": 60_000, "max_concurrency": 1 } }),
        ("PUT", path) if path == commands => {
            let list: Vec<Value> = serde_json::from_str(&body).unwrap();
            let complete = list.into_iter().enumerate().map(|(number, mut command)| {
                let facts = json!({ "id": (800 + number).to_string(), "application_id": BOT.to_string(),
                    "guild_id": GUILD.to_string(), "version": "1", "type": 1, "default_member_permissions": null });
                command.as_object_mut().unwrap().extend(facts.as_object().unwrap().clone());
                command
            });
            *state.commands.lock().unwrap() = complete.collect();
            json!(*state.commands.lock().unwrap())
        }
        ("GET", path) if path == commands => json!(*state.commands.lock().unwrap()),
        ("GET", _) if path.ends_with("/commands") => json!([]),
        ("GET", "/guilds/1000/roles") => json!([role(1000, 0), role(3000, 0)]),
        ("GET", "/guilds/1000/members/900") => {
            json!({ "user": bot(), "roles": [], "nick": null, "avatar": null,
            "joined_at": "2024-01-01T00:00:00Z", "deaf": false, "mute": false, "flags": 0 })
        }
        ("POST", "/webhooks/900/interaction-token" | "/channels/2000/messages") => message(),
        ("POST", path) if path.ends_with("/callback") => return StatusCode::NO_CONTENT.into_response(),
        _ => {
            return (StatusCode::NOT_FOUND, Json(json!({ "message": "404: Not Found", "code": 0 })))
                .into_response();
        }
    })
    .into_response()
}

fn message() -> Value {
    json!({ "id": "600", "channel_id": "2000", "author": bot(), "content": "", "timestamp": "2024-01-01T00:00:00Z",
        "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [], "mention_roles": [],
        "attachments": [], "embeds": [], "pinned": false, "type": 0 })
}

fn role(id: u64, permissions: u64) -> Value {
    json!({ "id": id.to_string(), "name": "role", "color": 0, "colors": { "primary_color": 0 }, "hoist": false, "managed": false,
        "mentionable": false, "permissions": permissions.to_string(), "position": 0, "flags": 0 })
}
