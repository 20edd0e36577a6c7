//! A Discord, the programs that are asked, and the Vigies that run one after the other.

use std::time::{Duration, Instant};

use harness::{FALLBACK, Lab, eventually};
use jiff::Timestamp;
use serde_json::{Value, json};
use stack_sim::programs::Programs;
use vigie::clock::Clock;

use crate::inside::Inside;

/// Where everything goes.
pub(super) const CHANNEL: u64 = FALLBACK + 1;

/// How long nobody asks for anything before Vigie rests.
const REST: Duration = Duration::from_millis(200);

pub(super) struct Scene {
    pub(super) lab: Lab,
    pub(super) programs: Programs,
    /// How far the clock is ahead of the machine's.
    ahead: Duration,
    /// A Gitea that is not among the programs, and its token.
    gitea: Option<(String, String)>,
}

impl Scene {
    pub(super) async fn new() -> Self {
        let (lab, programs) = (Lab::new(1).await, Programs::start().await.unwrap());
        programs.answer("alertmanager/api/v2/alerts", &json!([]));
        programs.answer("grafana/api/alertmanager/grafana/api/v2/alerts", &json!([]));
        programs.answer("kuma/metrics", &"");
        let scene = Self { lab, programs, ahead: Duration::ZERO, gitea: None };
        scene.alertmanager_runs_since("2026-01-01T00:00:00Z");
        scene
    }

    pub(super) fn alertmanager_runs_since(&self, start: &str) {
        let configuration =
            "receivers:\n- name: vigie\n  webhook_configs:\n  - url: <secret>\n- name: \"null\"\n";
        let status = json!({ "uptime": start, "config": { "original": configuration } });
        self.programs.answer("alertmanager/api/v2/status", &status);
    }

    /// Another Gitea is asked from now on.
    pub(super) fn asks_gitea_at(&mut self, url: &str, token: &str) {
        self.gitea = Some((url.to_owned(), token.to_owned()));
    }

    /// A Vigie that asks `sources`. Only Gitea's token is there from the beginning.
    pub(super) async fn vigie(&self, sources: &[&str]) -> Inside {
        let token = self.gitea.as_ref().map_or("the-token\n", |(_, token)| token);
        std::fs::write(self.lab.folder().join("api"), token).unwrap();
        let folder = self.lab.folder().display();
        let mut configuration = self.lab.configuration("");
        for source in sources {
            let url = self.programs.url(source);
            match *source {
                "gitea" => {
                    let url = self.gitea.as_ref().map_or(url, |(url, _)| url.clone());
                    let proven = format!("secret_file = \"{folder}/secret\"\n");
                    let asked = format!("{proven}url = \"{url}\"\napi_token_file = \"{folder}/api\"\n");
                    configuration = configuration.replace(&proven, &asked);
                }
                "prometheus" => configuration += &format!("[backends.prometheus]\nurl = \"{url}\"\n"),
                source => {
                    let file = format!("{folder}/{source}-api");
                    configuration += &format!(
                        "[sources.{source}]\ntoken_file = \"{folder}/token\"\nurl = \"{url}\"\n{}",
                        if source == "kuma" {
                            format!("api_token_file = \"{file}\"\n")
                        } else {
                            String::new()
                        }
                    );
                }
            }
        }
        configuration += &format!("[[routes]]\nchannels = [{CHANNEL}]\n");
        Inside::start(&self.lab, &configuration, self.ahead).await
    }

    /// Ends `vigie`; the next one starts `span` later.
    pub(super) async fn away(&mut self, vigie: Inside, span: Duration) {
        self.ahead = vigie.clock.now().duration_since(Clock::system().now()).unsigned_abs() + span;
        vigie.stop().await;
    }

    /// The time at which the next Vigie starts, less `span`.
    pub(super) fn before(&self, span: Duration) -> Timestamp {
        Clock::system().now() + self.ahead - span
    }

    /// Waits until all is asked, a minute later than last time.
    pub(super) async fn minute(&self, vigie: &Inside) {
        self.rest().await;
        let before = self.programs.asked().len();
        vigie.clock.advance(Duration::from_secs(61));
        eventually("the programs are asked", async || (self.programs.asked().len() > before).then_some(()))
            .await;
        self.rest().await;
    }

    /// Waits until nothing is asked for.
    pub(super) async fn rest(&self) {
        let (mut asked, mut since) = (0, Instant::now());
        eventually("nothing is asked for", async || {
            let now = self.programs.asked().len();
            if now != asked {
                (asked, since) = (now, Instant::now());
            }
            (asked > 0 && since.elapsed() > REST).then_some(())
        })
        .await;
    }

    /// The messages of `channel`, which are `count` beside replies to them.
    pub(super) async fn shown(&self, channel: u64, count: usize) -> Vec<Value> {
        let messages = eventually(&format!("{count} messages"), async || {
            let mut messages = self.lab.messages(channel).await;
            messages.retain(|message| message["message_reference"].is_null());
            (messages.len() >= count).then_some(messages)
        })
        .await;
        assert_eq!(messages.len(), count, "{messages:#?}");
        messages
    }

    /// The message of `channel` that says `word`.
    pub(super) async fn says(&self, channel: u64, word: &str) -> Value {
        let word = word.to_lowercase();
        eventually(&format!("a message says {word}"), async || {
            let messages = self.lab.messages(channel).await;
            messages.into_iter().find(|message| message["embeds"].to_string().to_lowercase().contains(&word))
        })
        .await
    }

    /// Waits until `count` warnings of `source` go on.
    pub(super) async fn go_on(&self, vigie: &Inside, source: &str, count: u8) {
        let series = format!("vigie_incidents_open{{source=\"{source}\",severity=\"warning\"}}");
        vigie.reaches(&series, count.into()).await;
    }

    /// Posts `body` to a hook that is proven by a bearer.
    pub(super) async fn told(&self, vigie: &Inside, source: &str, body: &Value) {
        let url = format!("{}/hooks/{source}", vigie.origin);
        let headers = [("content-type", "application/json"), ("authorization", "Bearer simulated")];
        let answer = vigie.client.request(hyper::Method::POST, &url, &headers, body.to_string()).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }
}
