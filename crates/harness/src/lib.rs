//! Runs the real `vigie` as a process of its own against a Discord in this process. Invariants: nothing here
//! looks inside Vigie, only at what the public contract shows; every wait is for a condition and has a
//! deadline; ports are free ones, and everything ends with the value that holds it.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a harness that can't go on ends its test")]
#![expect(clippy::disallowed_methods, reason = "real processes are waited for in real time")]

mod http;
pub mod survival;
mod vigie;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use discord_sim::Sim;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, sync::DropGuard};

pub use crate::{
    http::{Answer, Client},
    vigie::{Vigie, resident_bytes},
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
    _stop: DropGuard,
}

impl Lab {
    /// A Discord whose guild has the fallback channel and `channels` more.
    pub async fn new(channels: u64) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let discord = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (sim, shutdown) = (Sim::default(), stop.clone());
        tokio::spawn(async move { sim.serve(listener, shutdown).await });
        let lab = Self {
            discord,
            client: Client::default(),
            channels,
            folder: TempDir::new().unwrap(),
            _stop: stop.drop_guard(),
        };
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
        let answer = self.client.post(&format!("http://{}/_sim/{path}", self.discord), body).await;
        assert!(answer.is_success(), "POST /_sim/{path} {body}: {answer:?}");
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

/// Waits until `condition` gives something, for at most [`PATIENCE`]; `what` is said if it never does.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < deadline, "not within {PATIENCE:?}: {what}");
        // Polls a process that can't tell when it is done.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
