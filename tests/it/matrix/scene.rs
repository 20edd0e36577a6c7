//! The kinds of message, each with the story that leads to it.

use std::time::Duration;

use harness::{FALLBACK, GUILD, Lab, SECRET, eventually};
use hyper::Method;
use serde_json::{Value, json};
use stack_sim::hooks::{self, Hook};
use vigie::clock::Clock;

use super::faults::{Effect, Fault};
use crate::inside::Inside;

/// The channel that faults strike, but for complaints.
pub(super) const CHANNEL: u64 = FALLBACK + 1;
/// Discord's bit (docs, "Permissions").
const SEND_MESSAGES: u64 = 1 << 11;
/// How many minutes after the start the quiet hours end.
const QUIET: i64 = 60;

/// What a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Edit,
    /// The thread itself.
    Thread,
    /// What stands in it.
    Detail,
    /// One that calls people.
    Reply,
    Digest,
    DigestEdit,
    Summary,
    Complaint,
    /// The first answer to a command.
    Callback,
    /// What follows on it.
    FollowUp,
}

impl Kind {
    pub(super) const ALL: [Self; 11] = [
        Self::Message,
        Self::Edit,
        Self::Thread,
        Self::Detail,
        Self::Reply,
        Self::Digest,
        Self::DigestEdit,
        Self::Summary,
        Self::Complaint,
        Self::Callback,
        Self::FollowUp,
    ];

    pub(super) fn answers_a_command(self) -> bool {
        matches!(self, Self::Callback | Self::FollowUp)
    }

    fn is_of_a_deployment(self) -> bool {
        matches!(self, Self::Message | Self::Edit | Self::Thread | Self::Detail | Self::Reply)
    }
}

/// A place and what must stand there: each message by a text, in order.
pub(super) type Place = (u64, Vec<&'static str>);

/// A Discord and a Vigie.
pub(super) struct Scene {
    pub(super) lab: Lab,
    pub(super) vigie: Inside,
    kind: Kind,
}

impl Scene {
    /// As it is before the fault.
    pub(super) async fn new(kind: Kind) -> Self {
        let lab = Lab::new(1).await;
        let configuration = configuration(&lab);
        let vigie = Inside::start(&lab, &configuration, Duration::ZERO).await;
        let scene = Self { lab, vigie, kind };
        match kind {
            Kind::Edit | Kind::Thread | Kind::Detail | Kind::Reply => {
                scene.told(&deployment("planned", 0)).await;
                scene.shows(&[(CHANNEL, vec!["planned"])]).await;
            }
            Kind::Digest => {
                scene.told(&alert("storm", 1)).await;
                scene.shows(&[(CHANNEL, vec!["Lamp 1"])]).await;
            }
            Kind::DigestEdit => {
                scene.told(&alert("storm", 1)).await;
                scene.told(&alert("storm", 2)).await;
                scene.shows(&[(CHANNEL, vec!["Lamp 1", "Storm: 1 incidents, 1 open"])]).await;
            }
            Kind::Summary => {
                scene.told(&alert("night", 1)).await;
                scene.vigie.reaches("vigie_inbox_pending", 0.0).await;
            }
            Kind::Complaint => scene.lab.deny(CHANNEL, SEND_MESSAGES).await,
            Kind::Callback | Kind::FollowUp => scene.vigie.ready().await,
            Kind::Message => {}
        }
        scene
    }

    /// The request that a fault of this kind of message strikes.
    pub(super) async fn strikes(&self) -> (&'static str, String) {
        let main = || async { self.lab.messages(CHANNEL).await[0]["id"].as_str().unwrap().to_owned() };
        match self.kind {
            Kind::Message | Kind::Reply | Kind::Digest | Kind::Summary => {
                ("POST", format!("/channels/{CHANNEL}/messages"))
            }
            Kind::Edit | Kind::DigestEdit => ("PATCH", format!("/channels/{CHANNEL}/messages/*")),
            Kind::Thread => ("POST", format!("/channels/{CHANNEL}/messages/*/threads")),
            Kind::Detail => ("POST", format!("/channels/{}/messages", main().await)),
            Kind::Complaint => ("POST", format!("/channels/{FALLBACK}/messages")),
            Kind::Callback => ("POST", "/interactions/*/*/callback".to_owned()),
            Kind::FollowUp => ("POST", "/webhooks/*/*".to_owned()),
        }
    }

    /// What happens while the fault is in force.
    pub(super) async fn act(&self) {
        match self.kind {
            kind if kind.is_of_a_deployment() => {
                if kind == Kind::Message {
                    self.told(&deployment("planned", 0)).await;
                }
                self.told(&deployment("failed", 10)).await;
            }
            Kind::Digest => {
                self.told(&alert("storm", 2)).await;
                self.told(&alert("storm", 3)).await;
            }
            Kind::DigestEdit => self.told(&alert("storm", 3)).await,
            Kind::Summary => self.vigie.clock.advance(Duration::from_mins(QUIET as u64 + 1)),
            Kind::Complaint => self.told(&alert("storm", 1)).await,
            _ => {
                let command = if self.kind == Kind::Callback { "help" } else { "ping" };
                let act = json!({
                    "kind": "command", "guild_id": GUILD, "channel_id": FALLBACK.to_string(), "user_id": "4000",
                    "command": command,
                });
                self.lab.sim("interactions", &act).await;
            }
        }
    }

    /// What must be shown in the end.
    pub(super) async fn end(&self, fault: &Fault) -> Vec<Place> {
        let effect = fault.effect;
        let complaint = if effect == Effect::Parks { vec!["2001"] } else { Vec::new() };
        match self.kind {
            kind if kind.is_of_a_deployment() => {
                let main = if (kind, effect) == (Kind::Edit, Effect::Gone) { "planned" } else { "failed" };
                let refused = matches!(effect, Effect::Unfit | Effect::Parks);
                // Where there is no thread to write to, its details come as plain replies.
                let plain = match kind {
                    Kind::Thread => refused || effect == Effect::Gone || fault.name == "30046",
                    Kind::Detail => effect == Effect::Parks,
                    _ => false,
                };
                if plain {
                    return vec![(CHANNEL, vec![main, "the-log", "<@&3000>"])];
                }
                let fallback =
                    if kind == Kind::Thread || kind == Kind::Detail { Vec::new() } else { complaint };
                let messages = self.lab.messages(CHANNEL).await;
                let thread = messages.first().and_then(|message| message["id"].as_str()).unwrap_or("0");
                let thread = thread.parse().unwrap();
                vec![(CHANNEL, vec![main, "<@&3000>"]), (thread, vec!["the-log"]), (FALLBACK, fallback)]
            }
            Kind::Digest => {
                vec![(CHANNEL, vec!["Lamp 1", "Storm: 2 incidents, 2 open"]), (FALLBACK, complaint)]
            }
            Kind::DigestEdit => {
                let mut shown = vec!["Lamp 1", "Storm: 2 incidents, 2 open"];
                if effect == Effect::Gone {
                    // The fault says that it is gone; the simulator still shows it.
                    shown.insert(1, "Storm: 1 incidents, 1 open");
                }
                vec![(CHANNEL, shown), (FALLBACK, complaint)]
            }
            Kind::Summary => {
                vec![(CHANNEL, vec!["During quiet hours: 1 incident, 1 open"]), (FALLBACK, complaint)]
            }
            Kind::Complaint => vec![(FALLBACK, vec!["SEND_MESSAGES"]), (CHANNEL, vec![])],
            _ => Vec::new(),
        }
    }

    /// What is to be put right by hand once the fault is over.
    pub(super) async fn repair(&self) {
        if self.kind == Kind::Complaint {
            self.lab.deny(CHANNEL, 0).await;
            self.vigie.clock.advance(Duration::from_secs(61));
            self.shows(&[(CHANNEL, vec!["Lamp 1"]), (FALLBACK, vec!["SEND_MESSAGES"])]).await;
        }
    }

    pub(super) async fn told(&self, hook: &Hook) {
        let headers: Vec<(&str, &str)> =
            hook.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let url = format!("{}{}", self.vigie.origin, hook.path);
        let answer = self.vigie.client.request(Method::POST, &url, &headers, hook.body.clone()).await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }

    /// Waits until `places` show exactly this.
    async fn shows(&self, places: &[Place]) {
        eventually(&format!("{:?}: {places:?}", self.kind), async || self.shown(places).await.ok()).await;
    }

    /// Whether `places` show exactly this; what they show, otherwise.
    pub(super) async fn shown(&self, places: &[Place]) -> Result<(), String> {
        for (place, wanted) in places {
            let messages: Vec<Value> =
                if self.exists(*place).await { self.lab.messages(*place).await } else { Vec::new() };
            // A thread begins with an empty message that stands for the one above it.
            let texts: Vec<String> = messages.iter().filter(|one| one["type"] != 21).map(text).collect();
            let same = texts.len() == wanted.len()
                && std::iter::zip(&texts, wanted).all(|(text, wanted)| text.contains(wanted));
            if !same {
                return Err(format!("{place} is to show {wanted:?} and shows {texts:#?}"));
            }
        }
        Ok(())
    }

    /// Whether there is such a channel, or such a thread by now.
    async fn exists(&self, place: u64) -> bool {
        let (messages, id) = (self.lab.messages(CHANNEL).await, place.to_string());
        let has_thread = |message: &Value| message["thread"]["id"] == id.as_str();
        [FALLBACK, CHANNEL].contains(&place) || messages.iter().any(has_thread)
    }
}

fn text(message: &Value) -> String {
    format!("{}{}", message["content"].as_str().unwrap_or_default(), message["embeds"])
}

fn configuration(lab: &Lab) -> String {
    let folder = lab.folder().display();
    let now = Clock::system().now();
    let hour = |minutes| (now + jiff::SignedDuration::from_mins(minutes)).strftime("%H:%M").to_string();
    lab.configuration(&format!(
        "[sources.deploy]\nsecret_file = \"{folder}/secret\"\n[sources.generic.cron]\ntoken_file = \"{folder}/token\"\n\
         [[routes]]\nsource = \"deploy\"\nchannels = [{CHANNEL}]\nmention = {{ roles = [\"operators\"] }}\n\
         [[routes]]\nlabels = {{ to = \"night\" }}\nchannels = [{CHANNEL}]\n\
         quiet = {{ from = \"{}\", to = \"{}\", tz = \"UTC\" }}\n\
         [[routes]]\nlabels = {{ to = \"storm\" }}\nchannels = [{CHANNEL}]\ndigest_after = 1\n",
        hour(-QUIET),
        hour(QUIET),
    ))
}

pub(super) fn alert(route: &str, number: u8) -> Hook {
    let title = format!("Lamp {number}");
    let labels = json!({ "to": route });
    hooks::generic(
        "simulated",
        "cron",
        &json!({ "title": title, "id": title, "key": title, "status": "firing", "labels": labels }),
    )
}

fn deployment(state: &str, second: u8) -> Hook {
    let log = if state == "failed" { vec!["the-log"] } else { Vec::new() };
    let at = format!("2026-11-21T10:00:{second:02}Z");
    hooks::deploy(
        SECRET,
        &json!({ "deployment": "pi-000042", "target": "pi", "state": state, "log": log, "at": at }),
    )
}
