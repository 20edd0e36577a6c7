//! Discord is away, refuses the token, or Vigie dies while nobody knows what was shown.

use std::time::Duration;

use harness::{Lab, eventually};
use serde_json::json;

use super::{IDENTIFY, TROUBLED, settled, shows, struck};
use crate::{hold_against_discord, inside::Inside, vigie};

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_while_discord_is_away_is_shown_once_it_is_back() {
    let mut lab = Lab::new(1).await;
    let vigie = lab.vigie(vigie()).await;
    vigie.ready().await;
    let mut repository = lab.repository(TROUBLED);
    vigie.take(&repository.push("alice", "main", &["Word one"])).await;
    shows(&lab, TROUBLED, &["Word one"]).await;

    lab.discord_leaves().await;
    vigie.take(&repository.push("alice", "main", &["Word two"])).await;
    vigie.take(&repository.push("alice", "main", &["Word three"])).await;
    vigie.unready("gateway").await;
    eventually("it was tried", async || vigie.log().contains("could not be sent").then_some(())).await;
    assert_eq!(vigie.get("/readyz?for=intake").await.status, 200);

    lab.discord_returns();
    shows(&lab, TROUBLED, &["Word one", "Word two", "Word three"]).await;
    settled(&vigie).await;
    vigie.ready().await;
    shows(&lab, TROUBLED, &["Word one", "Word two", "Word three"]).await;
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vigie_starts_and_takes_hooks_while_discord_is_away() {
    let mut lab = Lab::new(1).await;
    lab.discord_leaves().await;
    let vigie = lab.vigie(vigie()).await;
    vigie.take(&lab.repository(TROUBLED).push("alice", "main", &["Word one"])).await;
    vigie.unready("gateway").await;
    eventually("it was tried", async || vigie.log().contains("could not be sent").then_some(())).await;
    lab.discord_returns();
    shows(&lab, TROUBLED, &["Word one"]).await;
    vigie.ready().await;
    settled(&vigie).await;
    hold_against_discord(&lab).await;
}

/// Orders a 401 on a route of the bot's token; expects that everything stops but intake, and that a restart heals it.
async fn a_refused_token(method: &str, path: &str) {
    let lab = Lab::new(2).await;
    let first = lab.vigie(vigie()).await;
    first.ready().await;
    lab.fault("status", method, path, json!({ "status": 401 })).await;
    let mut repository = lab.repository(TROUBLED);
    first.take(&repository.push("alice", "main", &["Word one"])).await;
    if method == "GET" {
        // The session asks when it begins anew.
        shows(&lab, TROUBLED, &["Word one"]).await;
        lab.sim("faults", &json!({ "kind": "gateway_close", "close_code": 4007, "times": 1 })).await;
    }
    first.unready("token_file").await;
    let sent = lab.log().await;
    first.take(&repository.push("alice", "main", &["Word two"])).await;
    first.reaches("vigie_inbox_pending", 0.0).await;
    assert_eq!(first.get("/readyz?for=intake").await.status, 200);
    let log = first.log();
    assert!(log.contains("stopped talking to Discord for good") && log.contains("token_file"), "{log}");
    assert_eq!(lab.log().await, sent, "nothing more is sent");
    assert_eq!(first.terminate().await, Some(0));
    assert_eq!(lab.log().await, sent, "nothing more is sent");

    lab.discord_ages(IDENTIFY);
    lab.no_faults().await;
    let second = lab.vigie(vigie()).await;
    shows(&lab, TROUBLED, &["Word one", "Word two"]).await;
    second.ready().await;
    settled(&second).await;
    shows(&lab, TROUBLED, &["Word one", "Word two"]).await;
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_refused_to_the_sender_stops_all_but_intake_until_a_restart() {
    a_refused_token("POST", "/channels/*/messages").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_refused_to_the_session_stops_all_but_intake_until_a_restart() {
    a_refused_token("GET", "/gateway/bot").await;
}

/// Kills Vigie while a create's outcome is unknown; it starts again when Discord has forgotten the nonce.
async fn killed_beyond_the_nonce(kind: &str, adopted: f64) {
    let lab = Lab::new(1).await;
    let configuration = lab.configuration(&lab.route_by_repository());
    let first = lab.vigie_with(vigie(), &configuration).await;
    lab.fault(kind, "POST", &format!("/channels/{TROUBLED}/messages"), json!({})).await;
    let mut repository = lab.repository(TROUBLED);
    first.take(&repository.push("alice", "main", &["Word one"])).await;
    first.take(&repository.push("alice", "main", &["Word two"])).await;
    struck(&lab, kind, "POST").await;
    first.kill().await;
    lab.no_faults().await;
    let later = Duration::from_mins(10);
    lab.discord_ages(later);

    let second = Inside::start(&lab, &configuration, later).await;
    shows(&lab, TROUBLED, &["Word one", "Word two"]).await;
    settled(&second).await;
    shows(&lab, TROUBLED, &["Word one", "Word two"]).await;
    second.reaches("vigie_deliveries_total{outcome=\"adopted\"}", adopted).await;
    assert!(!lab.requests("GET", &format!("/channels/{TROUBLED}/messages")).await.is_empty(), "looked up");
    hold_against_discord(&lab).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_shown_before_a_kill_is_found_by_its_reference() {
    killed_beyond_the_nonce("drop_answer", 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_not_shown_before_a_kill_is_looked_for_and_sent() {
    killed_beyond_the_nonce("hang", 0.0).await;
}
