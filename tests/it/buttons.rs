//! Buttons as people press them: acknowledged and silenced once, shown by an edit, kept in the audit.

mod killed;
mod real;
mod silences;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use harness::{FALLBACK, GUILD, Lab, Vigie, eventually};
use hyper::Method;
use serde_json::{Map, Value, json};
use stack_sim::alertmanager::Alertmanager;

use crate::{hold_against_discord, vigie};

const CHANNEL: u64 = FALLBACK + 1;
const ALICE: &str = "4000";
const BENOIT: &str = "4001";

/// An alert's labels, with characters that want to be escaped.
fn labels() -> [(&'static str, &'static str); 3] {
    [("alertname", "Disk \"root\" full"), ("instance", "pi:9100"), ("path", "C:\\")]
}

/// What Alertmanager sends of the alert (webhook version 4).
fn alert(status: &str) -> String {
    let labels: Map<String, Value> =
        labels().map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect();
    let ends_at = if status == "firing" { "0001-01-01T00:00:00Z" } else { "2026-11-21T10:30:00Z" };
    json!({
        "version": "4", "groupKey": "{}:{}", "status": status, "receiver": "vigie", "truncatedAlerts": 0,
        "groupLabels": {}, "commonLabels": labels, "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": [{
            "status": status, "labels": labels, "fingerprint": "00000000000000a1",
            "annotations": {
                "summary": "90 % of / is used", "runbook_url": "https://runbooks.example.org/disk",
            },
            "startsAt": "2026-11-21T10:00:00Z", "endsAt": ends_at, "generatorURL": "",
        }],
    })
    .to_string()
}

/// A lab whose Vigie shows one alert and knows an Alertmanager.
struct Watch {
    lab: Lab,
    alertmanager: SocketAddr,
    vigie: Option<Vigie>,
}

impl Watch {
    /// An alert fires and is shown.
    async fn new() -> (Self, Alertmanager) {
        let alertmanager = Alertmanager::start().await.unwrap();
        (Self::of(alertmanager.address).await, alertmanager)
    }

    /// As [`Watch::new`], with the Alertmanager at this address.
    async fn of(alertmanager: SocketAddr) -> Self {
        let mut watch = Self { lab: Lab::new(1).await, alertmanager, vigie: None };
        watch.start().await;
        watch.tell("firing").await;
        watch.buttons_are(&["👀", "🔕", "🔕", "🔕", "📖"]).await;
        watch
    }

    /// Alertmanager reports that the alert is `firing` or `resolved`.
    async fn tell(&self, status: &str) {
        let url = format!("{}/hooks/alertmanager", self.vigie.as_ref().unwrap().origin);
        let headers = [("content-type", "application/json"), ("authorization", "Bearer simulated")];
        let answer = self.lab.client.request(Method::POST, &url, &headers, alert(status)).await;
        assert!(answer.is_success(), "{answer:?}");
    }

    fn store_path(&self) -> PathBuf {
        self.lab.folder().join("vigie.db")
    }

    /// Starts Vigie.
    async fn start(&mut self) {
        let more = format!(
            "[sources.alertmanager]\ntoken_file = \"token\"\nurl = \"http://{}\"\n[permissions]\n\
             acknowledge = {{ roles = [\"operators\"] }}\nsilence = {{ users = [{ALICE}] }}\n\
             [[routes]]\nchannels = [{CHANNEL}]",
            self.alertmanager
        );
        // A bot may begin one session in five seconds.
        self.lab.discord_ages(Duration::from_secs(6));
        let vigie = self.lab.vigie_with(vigie(), &self.lab.configuration(&more)).await;
        vigie.ready().await;
        self.vigie = Some(vigie);
    }

    /// Ends Vigie as SIGKILL does.
    async fn kill(&mut self) {
        self.vigie.take().unwrap().kill().await;
    }

    /// The message of the alert.
    async fn message(&self) -> Value {
        let messages = self.lab.messages(CHANNEL).await;
        messages.into_iter().find(|message| !message["embeds"][0].is_null()).unwrap_or_default()
    }

    /// Waits until the message has the buttons with these icons, and returns it.
    async fn buttons_are(&self, icons: &[&str]) -> Value {
        eventually(&format!("the buttons {icons:?}"), async || {
            let message = self.message().await;
            let row = message["components"][0]["components"].as_array().cloned().unwrap_or_default();
            let shown: Vec<_> = row.iter().map(|one| one["emoji"]["name"].as_str().unwrap()).collect();
            (message != Value::Null && shown == icons).then_some(message)
        })
        .await
    }

    /// The custom id of the button that does `word`, as a button of any age has it.
    async fn custom_id(&self, word: &str) -> String {
        let title = self.message().await["embeds"][0]["footer"]["text"].as_str().unwrap().to_owned();
        format!("v1:{word}:{}", &title[title.find("vg-").unwrap()..])
    }

    /// `user` presses the button that does `word`; what they see.
    async fn press(&self, user: &str, word: &str) -> Value {
        let message = self.message().await;
        self.press_on(user, &message["id"], &self.custom_id(word).await).await
    }

    async fn press_on(&self, user: &str, message: &Value, custom_id: &str) -> Value {
        let act = json!({
            "kind": "button", "guild_id": GUILD, "channel_id": CHANNEL.to_string(), "user_id": user,
            "message_id": message, "custom_id": custom_id, "wait": "final",
        });
        self.lab.sim("interactions", &act).await
    }

    /// As [`Watch::press`]; the text that only `user` sees.
    async fn pressed(&self, user: &str, word: &str) -> String {
        told(&self.press(user, word).await)
    }

    /// The audit, oldest first: user, action, outcome and detail.
    fn audit(&self) -> Vec<String> {
        let conn = rusqlite::Connection::open(self.store_path()).unwrap();
        let sql =
            "SELECT user_name || ' ' || action || ': ' || outcome || ' ' || detail FROM audit ORDER BY id";
        let mut statement = conn.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

/// The text of an answer that one person sees.
fn told(seen: &Value) -> String {
    assert_eq!((&seen["ephemeral"], &seen["error"]), (&json!(true), &Value::Null), "{seen:#}");
    seen["messages"][0]["content"].as_str().unwrap_or_else(|| panic!("no text: {seen:#}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledging_edits_the_message_and_a_second_press_says_who_did() {
    let (watch, _alertmanager) = Watch::new().await;
    assert!(watch.pressed(ALICE, "ack").await.starts_with("You look after it now."));
    let message = watch.buttons_are(&["↩️", "🔕", "🔕", "🔕", "📖"]).await;
    assert_eq!(message["sim"]["edits"].as_array().unwrap().len(), 1);
    assert_eq!(watch.press(ALICE, "unack").await["error"], Value::Null);
    let message = watch.buttons_are(&["👀", "🔕", "🔕", "🔕", "📖"]).await;

    // Two presses at once, of a message that both still see as it was.
    let custom_id = watch.custom_id("ack").await;
    let press = || watch.press_on(ALICE, &message["id"], &custom_id);
    let (one, other) = tokio::join!(press(), press());
    let mut both = [told(&one), told(&other)];
    both.sort();
    assert!(both[0].starts_with("<@4000> looks after it already, since <t:"), "{both:?}");
    assert!(both[1].starts_with("You look after it now."), "{both:?}");
    assert_eq!(
        watch.audit(),
        [
            "alice acknowledge: done ",
            "alice undo acknowledge: done ",
            "alice acknowledge: done ",
            "alice acknowledge: unchanged it was so already",
        ]
    );
    hold_against_discord(&watch.lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_button_works_after_a_restart_and_is_over_with_its_incident() {
    let (mut watch, alertmanager) = Watch::new().await;
    watch.kill().await;
    watch.start().await;
    assert!(watch.pressed(ALICE, "ack").await.starts_with("You look after it now."));
    let before = watch.buttons_are(&["↩️", "🔕", "🔕", "🔕", "📖"]).await;

    // While the resolved alert has not reached the channel, its buttons can still be pressed.
    watch.lab.fault("status", "PATCH", "/channels/*/messages/*", json!({ "status": 500 })).await;
    watch.tell("resolved").await;
    watch.vigie.as_ref().unwrap().reaches("vigie_inbox_pending", 0.0).await;
    for word in ["unack", "silence-1h"] {
        let seen = watch.press_on(ALICE, &before["id"], &watch.custom_id(word).await).await;
        assert_eq!(told(&seen), "This incident is over; there is nothing left to do.");
    }
    watch.lab.no_faults().await;
    watch.buttons_are(&[]).await;
    assert_eq!(alertmanager.silences(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_permission_is_told_who_has_it() {
    let (watch, _alertmanager) = Watch::new().await;
    let refusal = watch.pressed(BENOIT, "ack").await;
    assert!(refusal.contains("la permission « acknowledge »") && refusal.contains("<@&3000>"), "{refusal}");
    for word in ["silence-4h", "silence-until"] {
        let refusal = watch.pressed(BENOIT, word).await;
        assert!(refusal.contains("« silence »") && refusal.contains("<@4000>"), "{refusal}");
    }
    watch.buttons_are(&["👀", "🔕", "🔕", "🔕", "📖"]).await;
    let audit = watch.audit();
    assert_eq!(audit[0], "benoit acknowledge: forbidden no permission");
    assert_eq!(audit.len(), 3, "{audit:?}");
    assert!(audit[1].starts_with("benoit silence: forbidden until "), "{audit:?}");
    hold_against_discord(&watch.lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_that_means_nothing_is_answered() {
    let (watch, _alertmanager) = Watch::new().await;
    let components = json!([{ "type": 1, "components": [
        { "type": 2, "style": 1, "label": "a", "custom_id": "what is this" },
        { "type": 2, "style": 1, "label": "b", "custom_id": "v1:ack:vg-000000" },
        { "type": 2, "style": 1, "label": "c", "custom_id": "v9:ack:vg-000000" },
    ] }]);
    let url = format!("http://{}/api/v10/channels/{CHANNEL}/messages", watch.lab.discord);
    let headers = [
        ("authorization", "Bot simulated"),
        ("user-agent", "a later Vigie"),
        ("content-type", "application/json"),
    ];
    let body = json!({ "content": "old", "components": components }).to_string();
    let posted = watch.lab.client.request(Method::POST, &url, &headers, body).await.json();
    for (custom_id, answer) in [
        ("what is this", "This version of Vigie does not know that button."),
        ("v9:ack:vg-000000", "This version of Vigie does not know that button."),
        ("v1:ack:vg-000000", "Vigie does not know this incident any more"),
    ] {
        let text = told(&watch.press_on(ALICE, &posted["id"], custom_id).await);
        assert!(text.starts_with(answer), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_whose_interaction_is_over_is_done_and_told_in_the_channel() {
    let (watch, _alertmanager) = Watch::new().await;
    let message = watch.message().await;
    for (path, code) in [("/interactions/*/*/callback", 10062), ("/webhooks/*/*/messages/@original", 50027)] {
        let method = if code == 10062 { "POST" } else { "PATCH" };
        let status = if code == 10062 { 404 } else { 401 };
        watch
            .lab
            .fault("status", method, path, json!({ "status": status, "error_code": code, "times": 1 }))
            .await;
        let word = if code == 10062 { "ack" } else { "unack" };
        let act = json!({
            "kind": "button", "guild_id": GUILD, "channel_id": CHANNEL.to_string(), "user_id": ALICE,
            "message_id": message["id"], "custom_id": watch.custom_id(word).await,
        });
        watch.lab.sim("interactions", &act).await;
        let icon = if word == "ack" { "↩️" } else { "👀" };
        watch.buttons_are(&[icon, "🔕", "🔕", "🔕", "📖"]).await;
        let expected =
            if word == "ack" { "You look after it now." } else { "Nobody looks after it any more." };
        let what = format!("the result of {word} in the channel");
        let late = eventually(&what, async || {
            let messages = watch.lab.messages(CHANNEL).await;
            messages
                .into_iter()
                .find(|one| one["content"].as_str().is_some_and(|text| text.contains(expected)))
        })
        .await;
        assert!(
            late["content"].as_str().unwrap().starts_with("<@4000>, your press took too long"),
            "{late:#}"
        );
        assert_eq!(late["mentions"], json!([]), "{late:#}");
    }
    watch.vigie.as_ref().unwrap().ready().await;
}
