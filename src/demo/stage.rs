//! Where the demo plays: a Discord with one server, and a Vigie that is told of it.

use std::{net::SocketAddr, time::Duration};

use discord_sim::Sim;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    DemoError,
    backends::Backends,
    http,
    story::SECRET,
    watch::{DEPLOY_SECRET, TOKEN},
};
use crate::{
    app::{self, AppError},
    clock::Clock,
    config,
};

/// Channels by name, with the ids that the configuration names.
pub(super) const CHANNELS: [(&str, u64); 5] =
    [("vigie", 2000), ("forge", 2001), ("releases", 2002), ("alerts", 2003), ("deploys", 2004)];
const GUILD: u64 = 1000;
/// How long the story's messages may take: Discord's limit for one channel is what takes long.
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(50);

/// A Discord and a Vigie that run.
pub(super) struct Stage {
    discord: SocketAddr,
    hooks: SocketAddr,
    vigie: JoinHandle<Result<(), AppError>>,
    // Ends after Vigie, which else would see its Discord go away.
    simulator: CancellationToken,
    // Removed with all that is in it when the demo ends.
    _folder: TempDir,
}

/// What reached the channels.
pub(super) struct Outcome {
    pub(super) shown: Vec<(&'static str, String)>,
    pub(super) wrong: Vec<String>,
}

impl Stage {
    /// Starts both.
    pub(super) async fn set(
        sim: &Sim,
        listener: TcpListener,
        backends: &Backends,
        shutdown: &CancellationToken,
    ) -> Result<Self, DemoError> {
        let discord = listener.local_addr().map_err(DemoError::Folder)?;
        let simulator = CancellationToken::new();
        let serving = (sim.clone(), simulator.clone());
        tokio::spawn(async move {
            if let Err(error) = serving.0.serve(listener, serving.1).await {
                tracing::error!(%error, "the simulator ended");
            }
        });
        http::call(&format!("http://{discord}/_sim/guilds"), Some(&guild()))
            .await
            .map_err(DemoError::Broken)?;
        let folder = TempDir::new().map_err(DemoError::Folder)?;
        let path = folder.path().join("vigie.toml");
        let secrets =
            [("token", "simulated"), ("secret", SECRET), ("bearer", TOKEN), ("deploy-key", DEPLOY_SECRET)];
        for (name, text) in secrets {
            std::fs::write(folder.path().join(name), text).map_err(DemoError::Folder)?;
        }
        std::fs::write(&path, configuration(discord, backends)).map_err(DemoError::Folder)?;
        let loaded = config::load(&path).map_err(|error| DemoError::Broken(error.to_string()))?;
        let (told, listening) = oneshot::channel();
        let shutdown = shutdown.clone();
        let mut vigie = tokio::spawn(app::run(loaded.config, Clock::system(), shutdown, move |address| {
            // Whoever waits for it may have been interrupted.
            let _: Result<(), SocketAddr> = told.send(address);
        }));
        tokio::select! {
            Ok(hooks) = listening => Ok(Self { discord, hooks, vigie, simulator, _folder: folder }),
            ended = &mut vigie => Err(ended_early(ended)),
        }
    }

    /// Where the page is.
    pub(super) const fn discord(&self) -> SocketAddr {
        self.discord
    }

    /// Where Vigie takes webhooks.
    pub(super) fn hooks(&self) -> String {
        format!("http://{}", self.hooks)
    }

    /// Waits until Vigie ends, which it does when `shutdown` is cancelled.
    pub(super) async fn play(self, shutdown: CancellationToken) -> Result<(), DemoError> {
        let ended = self.vigie.await;
        self.simulator.cancel();
        match ended {
            Ok(Ok(())) if shutdown.is_cancelled() => Ok(()),
            ended => Err(ended_early(ended)),
        }
    }

    /// Waits until Vigie follows the `backends`, so that it sees things begin and not just their ends.
    pub(super) async fn until_followed(&self, backends: &Backends) -> Result<(), DemoError> {
        let clock = Clock::system();
        let following = async {
            while !backends.are_followed() {
                clock.sleep(POLL).await;
            }
        };
        let late = || DemoError::Broken("Vigie does not follow Woodpecker and systemd".into());
        clock.timeout(PATIENCE, following).await.ok_or_else(late)
    }

    /// Waits until all of `expected` is shown, or until patience ends.
    pub(super) async fn wait_for(&self, expected: &[(&str, &str)]) -> Result<Outcome, DemoError> {
        let clock = Clock::system();
        let deadline = crate::clock::later(clock.now(), PATIENCE);
        loop {
            let shown = self.shown().await?;
            let is = |(channel, part): &(&str, &str), (at, text): &(&str, String)| {
                at == channel && text.contains(part)
            };
            let mut wrong: Vec<String> = expected
                .iter()
                .map(|one| (one, shown.iter().filter(|message| is(one, message)).count()))
                .filter(|(_, count)| *count != 1)
                .map(|((channel, part), count)| format!("#{channel}: \"{part}\" {count} times, not once"))
                .collect();
            let unexpected = shown.iter().filter(|message| !expected.iter().any(|one| is(one, message)));
            wrong.extend(unexpected.map(|(channel, text)| format!("#{channel}: not expected:\n{text}")));
            if wrong.is_empty() || clock.now() >= deadline {
                return Ok(Outcome { shown, wrong });
            }
            clock.sleep(POLL).await;
        }
    }

    /// Runs commands as Alice would and returns what she sees.
    pub(super) async fn ask(&self, commands: &[&str]) -> Result<Vec<String>, DemoError> {
        let url = format!("http://{}/_sim/interactions", self.discord);
        let mut answers = Vec::new();
        for command in commands {
            let body = json!({
                "kind": "command", "command": command, "guild_id": GUILD.to_string(),
                "channel_id": CHANNELS[0].1.to_string(), "user_id": "4000", "options": {}, "wait": "final",
            });
            let answer = self.once_registered(&url, &body).await?;
            let words: Vec<String> = answer["messages"].as_array().into_iter().flatten().map(plain).collect();
            if words.is_empty() {
                return Err(DemoError::Broken(format!("/{command} got no answer: {answer}")));
            }
            answers.push(format!("/{command}\n{}", words.join("\n")));
        }
        Ok(answers)
    }

    /// Asks again until the bot has registered its commands.
    async fn once_registered(&self, url: &str, body: &Value) -> Result<Value, DemoError> {
        let clock = Clock::system();
        let deadline = crate::clock::later(clock.now(), PATIENCE);
        loop {
            match http::call(url, Some(body)).await {
                Ok(answer) if answer["error"].is_null() => return Ok(answer),
                Ok(answer) if clock.now() >= deadline => return Err(DemoError::Broken(answer.to_string())),
                Err(error) if clock.now() >= deadline => return Err(DemoError::Broken(error)),
                Ok(_) | Err(_) => clock.sleep(POLL).await,
            }
        }
    }

    async fn shown(&self) -> Result<Vec<(&'static str, String)>, DemoError> {
        let mut all = Vec::new();
        for (name, id) in CHANNELS {
            let url = format!("http://{}/_sim/channels/{id}/messages", self.discord);
            let messages = http::call(&url, None).await.map_err(DemoError::Broken)?;
            all.extend(messages.as_array().into_iter().flatten().map(|message| (name, plain(message))));
        }
        Ok(all)
    }
}

fn ended_early(ended: Result<Result<(), AppError>, tokio::task::JoinError>) -> DemoError {
    match ended {
        Ok(Ok(())) => DemoError::Broken("Vigie ended by itself".into()),
        Ok(Err(error)) => error.into(),
        Err(error) => DemoError::Broken(error.to_string()),
    }
}

fn guild() -> Value {
    json!({
        "id": GUILD.to_string(), "name": "Harbor",
        "channels": CHANNELS.map(|(name, id)| json!({ "id": id.to_string(), "name": name })),
        "roles": [{ "id": "3000", "name": "operators", "permissions": "0" }],
        "members": [
            { "id": "4000", "name": "alice", "locale": "en-GB", "roles": ["3000"] },
            { "id": "4001", "name": "benoit", "locale": "fr", "roles": [] },
        ],
    })
}

fn configuration(discord: SocketAddr, backends: &Backends) -> String {
    let (alertmanager, woodpecker) = (backends.alertmanager.address, backends.woodpecker_at);
    let bus = backends.bus();
    let [(_, vigie), (_, forge), (_, releases), (_, alerts), (_, deploys)] = CHANNELS;
    format!(
        r#"
[discord]
token_file = "token"
guild = {GUILD}
fallback_channel = {vigie}
[discord.endpoint]
rest = "http://{discord}"
gateway = "ws://{discord}/gateway"
[http]
listen = "127.0.0.1:0"
[store]
path = "vigie.db"
[sources.gitea]
secret_file = "secret"
[sources.alertmanager]
token_file = "bearer"
url = "http://{alertmanager}"
[sources.grafana]
token_file = "bearer"
[sources.kuma]
token_file = "bearer"
[sources.woodpecker]
url = "http://{woodpecker}"
api_token_file = "bearer"
[sources.systemd]
enable = true
bus = "{bus}"
[sources.deploy]
secret_file = "deploy-key"
[sources.generic.cron]
token_file = "bearer"
[roles]
operators = 3000
[permissions]
acknowledge = {{ roles = ["operators"] }}
silence = {{ roles = ["operators"] }}
[services.blog]
critical = true
[[routes]]
kind = "release"
channels = [{releases}]
[[routes]]
source = ["alertmanager", "grafana", "kuma", "generic", "systemd"]
channels = [{alerts}]
mention = {{ roles = ["operators"], severity = ["critical"] }}
digest_after = 10
[[routes]]
source = ["deploy", "woodpecker"]
channels = [{deploys}]
[[routes]]
channels = [{forge}]
"#
    )
}

/// A message as plain text: what a person reads, line by line.
fn plain(message: &Value) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut say =
        |value: &Value| lines.extend(value.as_str().map(|text| format!("  {}", text.replace('\n', "\n  "))));
    say(&message["content"]);
    for embed in message["embeds"].as_array().into_iter().flatten() {
        say(&embed["author"]["name"]);
        say(&embed["title"]);
        say(&embed["description"]);
        for field in embed["fields"].as_array().into_iter().flatten() {
            say(&field["name"]);
            say(&field["value"]);
        }
        say(&embed["footer"]["text"]);
    }
    lines.retain(|line| !line.trim().is_empty());
    lines.join("\n")
}
