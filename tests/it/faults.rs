//! Discord misbehaves in every way that the simulator knows. Whatever it does, each event is shown once, in its
//! newest version and in order, and a channel that is in trouble holds up no other.

mod gateway;
mod outages;
mod permissions;

use std::time::Duration;

use harness::{FALLBACK, Lab, Peer, eventually};
use serde_json::{Value, json};
use stack_sim::gitea::PullRequestStep::{Merged, Opened, Synchronized};

use crate::{hold_against_discord, inside::Inside, vigie};

/// The channel that is in trouble.
const TROUBLED: u64 = FALLBACK + 1;
/// One that is not.
const OTHER: u64 = FALLBACK + 2;

/// A bot may begin one session in five seconds.
const IDENTIFY: Duration = Duration::from_secs(6);

/// What a message says, as far as a test looks for it.
fn text(message: &Value) -> String {
    format!("{}{}", message["content"], message["embeds"])
}

/// Waits until `channel` shows exactly these messages, each known by a word, in this order.
async fn shows(lab: &Lab, channel: u64, words: &[&str]) {
    let what = format!("channel {channel} shows {words:?}");
    eventually(&what, async || (lab.messages(channel).await.len() >= words.len()).then_some(())).await;
    let shown: Vec<String> = lab.messages(channel).await.iter().map(text).collect();
    let matches = std::iter::zip(&shown, words).all(|(text, word)| text.contains(word));
    assert!(shown.len() == words.len() && matches, "{words:?} is shown as {shown:#?}");
}

/// Waits until nothing is left to be sent.
async fn settled(vigie: &Peer) {
    vigie.reaches("vigie_inbox_pending", 0.0).await;
    vigie.reaches("vigie_outbox_messages{state=\"pending\"}", 0.0).await;
    vigie.reaches("vigie_outbox_messages{state=\"parked\"}", 0.0).await;
}

/// Waits until a request was struck by the fault.
async fn struck(lab: &Lab, kind: &str, method: &str) {
    eventually(&format!("{kind} strikes {method}"), async || {
        let requests = lab.requests(method, "/channels/").await;
        requests.iter().any(|one| one["fault"] == kind).then_some(())
    })
    .await;
}

/// Lives through `kind` on creates, then on edits. `nudge` is awaited while each is in force.
async fn live_through(lab: &Lab, vigie: &Peer, kind: &str, more: Value, nudge: impl AsyncFn()) {
    let (mut troubled, mut other) = (lab.repository(TROUBLED), lab.repository(OTHER));
    lab.fault(kind, "POST", &format!("/channels/{TROUBLED}/messages"), more.clone()).await;
    vigie.take(&troubled.push("alice", "main", &["Word one"])).await;
    vigie.take(&troubled.pull_request("alice", 7, "Word two", "lamp", Opened)).await;
    vigie.take(&troubled.push("alice", "main", &["Word three"])).await;
    vigie.take(&other.push("alice", "main", &["Unhindered"])).await;
    struck(lab, kind, "POST").await;
    shows(lab, OTHER, &["Unhindered"]).await;
    nudge().await;
    shows(lab, TROUBLED, &["Word one", "Word two", "Word three"]).await;
    settled(vigie).await;

    lab.no_faults().await;
    lab.fault(kind, "PATCH", &format!("/channels/{TROUBLED}/messages/*"), more).await;
    for step in [Synchronized, Merged] {
        vigie.take(&troubled.pull_request("alice", 7, "Word two", "lamp", step)).await;
    }
    vigie.take(&other.push("alice", "main", &["Free"])).await;
    struck(lab, kind, "PATCH").await;
    shows(lab, OTHER, &["Unhindered", "Free"]).await;
    nudge().await;
    settled(vigie).await;
    shows(lab, TROUBLED, &["Word one", "Word two", "Word three"]).await;
    let message = lab.messages(TROUBLED).await.remove(1);
    assert!(text(&message).contains("🟣"), "not shown as merged: {message:#}");
    assert_eq!(vigie.get("/readyz").await.status, 200);
    hold_against_discord(lab).await;
}

/// Lives through a fault with the real program; `invalid` requests count against Discord's limit then.
async fn survives(kind: &str, more: Value, invalid: f64) {
    let lab = Lab::new(2).await;
    let vigie = lab.vigie_with(vigie(), &lab.configuration(&lab.route_by_repository())).await;
    vigie.ready().await;
    live_through(&lab, &vigie, kind, more, async || {}).await;
    vigie.reaches("vigie_discord_invalid_requests_total", invalid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_is_waited_for() {
    survives("latency", json!({ "ms": 300, "times": 2 }), 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_answer_is_read_to_its_end() {
    survives("slow", json!({ "ms": 400, "times": 2 }), 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_discord_is_tried_again() {
    survives("status", json!({ "status": 500, "times": 2 }), 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overloaded_discord_is_tried_again() {
    survives("status", json!({ "status": 503, "times": 2 }), 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_discord_finds_invalid_is_sent_in_a_smaller_form() {
    survives("status", json!({ "status": 400, "error_code": 50035, "times": 1 }), 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_discord_takes_in_no_form_is_counted_as_lost_and_holds_up_no_other() {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie_with(vigie(), &lab.configuration(&lab.route_by_repository())).await;
    let refusal = json!({ "status": 400, "error_code": 50035, "times": 3 });
    lab.fault("status", "POST", &format!("/channels/{TROUBLED}/messages"), refusal).await;
    let mut repository = lab.repository(TROUBLED);
    vigie.take(&repository.push("alice", "main", &["Word one"])).await;
    vigie.take(&repository.push("alice", "main", &["Word two"])).await;
    shows(&lab, TROUBLED, &["Word two"]).await;
    settled(&vigie).await;
    vigie.reaches("vigie_deliveries_total{outcome=\"dropped\"}", 1.0).await;
    let log = vigie.log();
    assert!(log.contains("a message is lost") && log.contains("the table outbox"), "{log}");
    assert!(!log.contains("Word one"), "the log repeats what people wrote: {log}");
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_of_the_bot_is_waited_for_and_counted() {
    survives("rate_limit", json!({ "scope": "user", "retry_after": 0.3, "times": 2 }), 4.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_rate_limit_is_waited_for_and_not_counted() {
    survives("rate_limit", json!({ "scope": "shared", "retry_after": 0.3, "times": 2 }), 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_global_rate_limit_stops_everything_until_it_is_over() {
    survives("rate_limit", json!({ "scope": "global", "retry_after": 0.3, "times": 2 }), 4.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_although_the_answer_was_lost_is_not_done_twice() {
    survives("drop_answer", json!({ "times": 2 }), 0.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_hangs_is_given_up_and_made_again() {
    let lab = Lab::new(2).await;
    let configuration = lab.configuration(&lab.route_by_repository());
    let vigie = Inside::start(&lab, &configuration, Duration::ZERO).await;
    vigie.ready().await;
    let nudge = async || vigie.clock.advance(Duration::from_secs(31));
    live_through(&lab, &vigie, "hang", json!({ "times": 1 }), nudge).await;
    vigie.stop().await;
}
