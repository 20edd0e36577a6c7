//! Runs the real `vigie` as a process of its own against a Discord in this process. Invariants: nothing here
//! looks inside Vigie, only at what the public contract shows; every wait is for a condition and has a
//! deadline; ports are free ones, and everything ends with the value that holds it.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a harness that can't go on ends its test")]
#![expect(clippy::disallowed_methods, reason = "real processes are waited for in real time")]

mod http;
pub mod real;
pub mod survival;
mod vigie;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use discord_sim::{Options, Sim};
use hyper::Method;
use serde_json::{Value, json};
use stack_sim::gitea::Repository;
use tempfile::TempDir;
use tokio::{net::TcpSocket, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use crate::{
    http::{Answer, Client},
    vigie::{Ended, Peer, Vigie, resident_bytes},
};

/// How long anything may take before a test gives up: long enough for a machine that is busy.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The guild's id.
pub const GUILD: &str = "1000";
/// The fallback channel's id; the channels of the routes follow it.
pub const FALLBACK: u64 = 2000;
/// The webhook's secret.
pub const SECRET: &str = "a secret for tests only";

/// A Discord with one guild, and a folder for one Vigie.
#[derive(Debug)]
pub struct Lab {
    /// Where the Discord listens.
    pub discord: SocketAddr,
    /// Talks HTTP.
    pub client: Client,
    channels: u64,
    folder: TempDir,
    sim: Sim,
    /// Bound and never listening: while Discord is away nobody else gets its port.
    _port: TcpSocket,
    serving: Option<(JoinHandle<()>, DropGuard)>,
}

impl Lab {
    /// A Discord whose guild has the fallback channel and `channels` more.
    pub async fn new(channels: u64) -> Self {
        Self::with(channels, Options::default()).await
    }

    /// As [`Lab::new`], with a Discord of other `options`.
    pub async fn with(channels: u64, options: Options) -> Self {
        let port = socket(([127, 0, 0, 1], 0).into());
        let mut lab = Self {
            discord: port.local_addr().unwrap(),
            client: Client::default(),
            channels,
            folder: TempDir::new().unwrap(),
            sim: Sim::new(options),
            _port: port,
            serving: None,
        };
        lab.discord_returns();
        let list: Vec<Value> = (FALLBACK..=FALLBACK + channels)
            .map(|id| json!({ "id": id.to_string(), "name": format!("channel-{id}") }))
            .collect();
        let guild = json!({
            "id": GUILD, "name": "harbor", "channels": list,
            "roles": [{ "id": "3000", "name": "operators", "permissions": "0" }],
            "members": [
                { "id": "4000", "name": "alice", "locale": "en-GB", "roles": ["3000"] },
                { "id": "4001", "name": "benoit", "locale": "fr", "roles": [] },
            ],
        });
        lab.sim("guilds", &guild).await;
        lab
    }

    /// Calls the simulator's control plane and returns its answer.
    pub async fn sim(&self, path: &str, body: &Value) -> Value {
        self.control(Method::POST, path, body).await
    }

    /// Discord goes away: nobody answers at its address any more.
    pub async fn discord_leaves(&mut self) {
        if let Some((served, stop)) = self.serving.take() {
            drop(stop);
            served.await.unwrap();
        }
    }

    /// Discord is there again and knows what it knew.
    pub fn discord_returns(&mut self) {
        let listener = socket(self.discord).listen(1024).unwrap();
        let stop = CancellationToken::new();
        let (sim, shutdown) = (self.sim.clone(), stop.clone());
        let served = tokio::spawn(async move { sim.serve(listener, shutdown).await.unwrap() });
        self.serving = Some((served, stop.drop_guard()));
    }

    /// Orders a fault: `kind` strikes `method` on `path`; `more` is the rest of it.
    pub async fn fault(&self, kind: &str, method: &str, path: &str, more: Value) {
        let mut fault = json!({ "kind": kind, "match": { "method": method, "path": path } });
        fault.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.sim("faults", &fault).await;
    }

    /// Takes all faults away.
    pub async fn no_faults(&self) {
        self.control(Method::DELETE, "faults", &json!({})).await;
    }

    /// Takes `permissions` (Discord's bits) from everyone in `channel`; 0 gives all back.
    pub async fn deny(&self, channel: u64, permissions: u64) {
        let overwrites = json!([{ "id": GUILD, "type": 0, "allow": "0", "deny": permissions.to_string() }]);
        self.control(Method::PATCH, &format!("channels/{channel}"), &json!({ "overwrites": overwrites }))
            .await;
    }

    /// Moves Discord's clock.
    pub fn discord_ages(&self, by: Duration) {
        self.sim.clock().advance(by);
    }

    /// The member `user` runs `command` in the fallback channel; what they see of it, by the first answer
    /// (`wait` is `callback`) or in the end (`final`).
    pub async fn command(&self, user: &str, command: &str, wait: &str) -> Value {
        let act = json!({
            "kind": "command", "guild_id": GUILD, "channel_id": FALLBACK.to_string(), "user_id": user,
            "command": command, "wait": wait,
        });
        self.sim("interactions", &act).await
    }

    /// What went over the simulator's REST API by `method` on paths that begin with `path`.
    pub async fn requests(&self, method: &str, path: &str) -> Vec<Value> {
        let Value::Array(log) = self.log().await else { panic!("the log is no array") };
        let begins = |one: &Value| {
            let called = one["path"].as_str().and_then(|called| called.strip_prefix("/api/v10"));
            one["method"] == method && called.is_some_and(|called| called.starts_with(path))
        };
        log.into_iter().filter(begins).collect()
    }

    async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("http://{}/_sim/{path}", self.discord);
        let headers = [("content-type", "application/json")];
        let answer = self.client.request(method.clone(), &url, &headers, body.to_string()).await;
        assert!(answer.is_success(), "{method} /_sim/{path} {body}: {answer:?}");
        answer.json()
    }

    /// Reads from the simulator's control plane.
    pub async fn sim_get(&self, path: &str) -> Value {
        let answer = self.client.get(&format!("http://{}/_sim/{path}", self.discord)).await;
        assert!(answer.is_success(), "GET /_sim/{path}: {answer:?}");
        answer.json()
    }

    /// The messages that a channel shows, oldest first.
    pub async fn messages(&self, channel: u64) -> Vec<Value> {
        match self.sim_get(&format!("channels/{channel}/messages")).await {
            Value::Array(messages) => messages,
            other => panic!("messages are {other}"),
        }
    }

    /// The messages of all channels.
    pub async fn all_messages(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for channel in FALLBACK..=FALLBACK + self.channels {
            all.extend(self.messages(channel).await);
        }
        all
    }

    /// What went over the simulator's REST API.
    pub async fn log(&self) -> Value {
        self.sim_get("log").await
    }

    /// The folder of this Vigie: its configuration, secrets and store.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The ids of the channels that routes can name.
    pub fn route_channels(&self) -> impl Iterator<Item = u64> + use<> {
        FALLBACK + 1..=FALLBACK + self.channels
    }

    /// A configuration in which `routes` stands after everything else.
    pub fn configuration(&self, routes: &str) -> String {
        let folder = self.folder().display();
        let discord = self.discord;
        format!(
            r#"
[discord]
token_file = "{folder}/token"
guild = {GUILD}
fallback_channel = {FALLBACK}
[discord.endpoint]
rest = "http://{discord}"
gateway = "ws://{discord}/gateway"
[http]
listen = "127.0.0.1:0"
[store]
path = "{folder}/vigie.db"
[sources.gitea]
secret_file = "{folder}/secret"
[roles]
operators = 3000
{routes}
"#
        )
    }

    /// Writes the secrets and a configuration, and returns the latter's path.
    pub fn write_configuration(&self, text: &str) -> PathBuf {
        let path = self.folder().join("vigie.toml");
        std::fs::write(self.folder().join("token"), "simulated\n").unwrap();
        std::fs::write(self.folder().join("secret"), SECRET).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Routes each repository `harbor/channel-ID` to the channel with that id.
    pub fn route_by_repository(&self) -> String {
        let route = |id| format!("[[routes]]\nrepository = \"harbor/channel-{id}\"\nchannels = [{id}]");
        self.route_channels().map(route).collect::<Vec<_>>().join("\n")
    }

    /// The repository that [`Lab::route_by_repository`] routes to `channel`.
    pub fn repository(&self, channel: u64) -> Repository {
        Repository::new("https://git.harbor.example", &format!("harbor/channel-{channel}"), SECRET)
    }

    /// Starts `program run` with the default configuration: all to the first channel.
    pub async fn vigie(&self, program: &Path) -> Vigie {
        let routes = format!("[[routes]]\nchannels = [{}]", FALLBACK + 1);
        self.vigie_with(program, &self.configuration(&routes)).await
    }

    /// Starts `program run` with a configuration.
    pub async fn vigie_with(&self, program: &Path, configuration: &str) -> Vigie {
        let path = self.write_configuration(configuration);
        Vigie::start(program, &path, self.client.clone()).await
    }
}

/// A socket that shares its port: one may listen while the other only holds the port.
fn socket(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseport(true).unwrap();
    socket.bind(address).unwrap();
    socket
}

/// Waits until `condition` gives something, for at most [`PATIENCE`]; `what` is said if it never does.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let outcome = patiently(async || condition().await.ok_or(())).await;
    outcome.unwrap_or_else(|()| panic!("not within {PATIENCE:?}: {what}"))
}

/// Waits until `condition` holds, for at most [`PATIENCE`].
///
/// # Errors
/// What it said last, if it never does.
pub async fn patiently<T, E>(mut condition: impl AsyncFnMut() -> Result<T, E>) -> Result<T, E> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let outcome = condition().await;
        if outcome.is_ok() || Instant::now() >= deadline {
            return outcome;
        }
        // Polls a process that can't tell when it is done.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
