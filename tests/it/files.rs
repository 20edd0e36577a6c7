//! Long texts: cut in the message, whole in the file that is attached to it.

use harness::{FALLBACK, Lab, Vigie, eventually};
use hyper::Method;
use serde_json::{Value, json};

use crate::{hold_against_discord, vigie};

const CHANNEL: u64 = FALLBACK + 1;
/// Discord's permission `ATTACH_FILES`.
const ATTACH_FILES: u64 = 1 << 15;

async fn start(lab: &Lab) -> Vigie {
    let token = lab.folder().join("token");
    let source = format!("[sources.generic.cron]\ntoken_file = \"{}\"", token.display());
    lab.vigie_with(vigie(), &lab.configuration(&format!("{source}\n[[routes]]\nchannels = [{CHANNEL}]")))
        .await
}

/// A cron job says `text`.
async fn say(vigie: &Vigie, status: &str, text: &str) {
    let body = json!({ "title": "Backup failed", "key": "backup", "status": status, "text": text });
    let url = format!("{}/hooks/generic/cron", vigie.origin);
    let headers = [("content-type", "application/json"), ("authorization", "Bearer simulated")];
    let answer = vigie.client.request(Method::POST, &url, &headers, body.to_string()).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// The message once it was edited so often.
async fn message(lab: &Lab, edits: usize) -> Value {
    eventually(&format!("a message with {edits} edits"), async || {
        let message = lab.messages(CHANNEL).await.into_iter().next()?;
        (message["sim"]["edits"].as_array()?.len() == edits).then_some(message)
    })
    .await
}

/// The text of the one file that the message has.
async fn file(lab: &Lab, message: &Value) -> String {
    let files = message["attachments"].as_array().unwrap();
    assert_eq!(files.len(), 1, "{message:#}");
    assert_eq!(files[0]["filename"], "message.txt");
    lab.client.get(files[0]["url"].as_str().unwrap()).await.text()
}

fn long(first: &str) -> String {
    let lines: Vec<String> = (0..1000).map(|n| format!("line {n} of the log ─ 🔷")).collect();
    format!("{first}\n{}", lines.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_message_cuts_is_attached_whole_once_and_goes_with_it() {
    let lab = Lab::new(1).await;
    let vigie = start(&lab).await;
    let text = long("disk full");
    say(&vigie, "firing", &text).await;
    let first = message(&lab, 0).await;
    let shown = first["embeds"][0]["description"].as_str().unwrap();
    assert!(shown.contains("characters left out") && shown.contains("line 999 "), "{shown}");
    assert_eq!(file(&lab, &first).await, text);

    // The same text again: the message is edited, its file stays.
    say(&vigie, "resolved", &text).await;
    let second = message(&lab, 1).await;
    assert_eq!(second["attachments"], first["attachments"]);

    let other = long("disk full again");
    say(&vigie, "firing", &other).await;
    let third = message(&lab, 2).await;
    assert_eq!(file(&lab, &third).await, other);

    say(&vigie, "resolved", "room was made").await;
    assert_eq!(message(&lab, 3).await["attachments"], json!([]));
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_discord_finds_invalid_is_shrunk_with_all_that_it_said_as_a_file() {
    let lab = Lab::new(1).await;
    let fault = json!({ "status": 400, "error_code": 50035, "times": 1 });
    lab.fault("status", "POST", "/channels/*/messages", fault).await;
    let vigie = start(&lab).await;
    say(&vigie, "firing", &"🔷".repeat(1400)).await;
    let message = message(&lab, 0).await;
    assert_eq!(message["embeds"][0]["fields"], json!(null));
    let file = file(&lab, &message).await;
    assert!(file.contains(&"🔷".repeat(1400)) && file.contains("Severity: "), "{file}");
    vigie.reaches("vigie_deliveries_total{outcome=\"shrunk\"}", 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_bot_may_attach_nothing_the_message_goes_without() {
    let lab = Lab::new(1).await;
    lab.deny(CHANNEL, ATTACH_FILES).await;
    let vigie = start(&lab).await;
    say(&vigie, "firing", &long("disk full")).await;
    assert_eq!(message(&lab, 0).await["attachments"], json!([]));
    vigie.reaches("vigie_deliveries_total{outcome=\"unattached\"}", 1.0).await;
    assert_eq!(lab.messages(FALLBACK).await.len(), 0, "the channel is not parked");
}
