//! The gateway closes, falls silent or sends sessions away, and interactions run out.

use std::time::Duration;

use discord_sim::Options;
use harness::{FALLBACK, Lab, Peer, eventually};
use serde_json::{Value, json};

use super::{IDENTIFY, TROUBLED, shows, text};
use crate::{hold_against_discord, inside::Inside, vigie};

/// Waits until a command is answered.
async fn commands_work(lab: &Lab) {
    eventually("a command is answered", async || {
        let seen = lab.command("4000", "help", "final").await;
        seen["messages"].to_string().contains("/ping").then_some(())
    })
    .await;
}

/// Orders a gateway fault and waits until it struck.
async fn strike(lab: &Lab, fault: Value) {
    lab.sim("faults", &fault).await;
    eventually("the fault strikes", async || (lab.sim_get("faults").await == json!([])).then_some(())).await;
}

async fn comes_back(kind: &str) {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie(vigie()).await;
    vigie.ready().await;
    strike(&lab, json!({ "kind": kind, "times": 1 })).await;
    commands_work(&lab).await;
    vigie.ready().await;
    vigie.reaches("vigie_gateway_connected", 1.0).await;
    // Resumed, not begun anew.
    vigie.reaches("vigie_gateway_sessions_total", 1.0).await;
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_closes_without_a_code_is_resumed() {
    comes_back("gateway_close").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_asks_to_reconnect_is_resumed() {
    comes_back("gateway_reconnect").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_falls_silent_is_left_and_resumed() {
    let options = Options { heartbeat_interval_ms: 1000, ..Options::default() };
    let lab = Lab::with(1, options).await;
    let vigie = Inside::at_pace(&lab, &lab.configuration(""), Duration::ZERO, 10).await;
    vigie.ready().await;
    strike(&lab, json!({ "kind": "gateway_silence", "times": 1 })).await;
    // Nothing of a command reaches a session that gets nothing.
    commands_work(&lab).await;
    vigie.ready().await;
    hold_against_discord(&lab).await;
    vigie.stop().await;
}

/// serenity 0.12 takes up to ten seconds to close a session while it restarts a shard, and knocks at the old
/// address for ever if it is not seen to the end.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_session_that_was_lost() {
    // serenity gives up a silent gateway just when that one gives up serenity.
    let lab = Lab::with(1, Options { heartbeat_interval_ms: 200, ..Options::default() }).await;
    let vigie = lab.vigie(vigie()).await;
    vigie.ready().await;
    strike(&lab, json!({ "kind": "gateway_silence", "ms": 1000, "times": 1 })).await;
    vigie.unready("gateway").await;
    lab.discord_ages(IDENTIFY);
    vigie.ready().await;
    eventually("each session but the last is closed", async || {
        let closed = vigie.log().matches("serenity has closed its session").count();
        let begun = vigie.metric("vigie_gateway_sessions_total").await;
        (begun.total_cmp(&(1.0 + u32::try_from(closed).map(f64::from).ok()?)).is_eq()).then_some(())
    })
    .await;
}

/// A close code that forbids to come back.
async fn forbidden(close_code: u16, said: &str) {
    let lab = Lab::new(1).await;
    let first = lab.vigie(vigie()).await;
    first.ready().await;
    strike(&lab, json!({ "kind": "gateway_close", "close_code": close_code, "times": 1 })).await;
    first.unready(said).await;
    let sent = lab.log().await;
    first.take(&lab.repository(TROUBLED).push("alice", "main", &["Word one"])).await;
    first.reaches("vigie_inbox_pending", 0.0).await;
    first.reaches("vigie_outbox_messages{state=\"pending\"}", 1.0).await;
    assert_eq!(first.get("/readyz?for=intake").await.status, 200);
    assert!(first.log().contains("stopped talking to Discord for good"), "{}", first.log());
    assert_eq!(first.terminate().await, Some(0));
    assert_eq!(lab.log().await, sent, "nothing more is sent");

    lab.discord_ages(IDENTIFY);
    let second = lab.vigie(vigie()).await;
    shows(&lab, TROUBLED, &["Word one"]).await;
    second.ready().await;
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn close_code_4004_stops_all_but_intake() {
    forbidden(4004, "token_file").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn close_code_4014_stops_all_but_intake() {
    forbidden(4014, "intents").await;
}

/// Asks for `/ping` while a fault ends the interaction; expects that nothing else suffers from it.
async fn over(lab: &Lab, vigie: &Peer, method: &str, path: &str, (status, code): (u16, u32)) {
    lab.fault("status", method, path, json!({ "status": status, "error_code": code, "times": 1 })).await;
    lab.command("4000", "ping", "callback").await;
    eventually("the fault strikes", async || (lab.sim_get("faults").await == json!([])).then_some(())).await;
    commands_work(lab).await;
    assert_eq!(vigie.get("/readyz").await.status, 200);
    vigie.take(&lab.repository(TROUBLED).push("alice", "main", &["Word one"])).await;
    shows(lab, TROUBLED, &["Word one"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interaction_that_is_not_known_any_more_ends_alone() {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie(vigie()).await;
    vigie.ready().await;
    over(&lab, &vigie, "POST", "/interactions/*/*/callback", (404, 10062)).await;
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_an_interaction_whose_token_ran_out_goes_to_the_channel() {
    for refusal in [(401, 50027), (404, 10015)] {
        let lab = Lab::new(1).await;
        let vigie = lab.vigie(vigie()).await;
        vigie.ready().await;
        over(&lab, &vigie, "POST", "/webhooks/*/*", refusal).await;
        eventually("the answer is in the channel", async || {
            let messages = lab.messages(FALLBACK).await;
            messages.iter().any(|message| text(message).contains("asked for /ping")).then_some(())
        })
        .await;
        hold_against_discord(&lab).await;
    }
}
