//! A channel that the bot may not use waits, is complained of in the fallback channel, and goes on by itself.

use std::time::Duration;

use harness::{FALLBACK, Lab, eventually};
use serde_json::json;
use stack_sim::gitea::PullRequestStep::{Merged, Opened};

use super::{OTHER, TROUBLED, settled, shows, text};
use crate::{hold_against_discord, inside::Inside, vigie};

const PARKED: &str = "vigie_outbox_messages{state=\"parked\"}";
/// Discord's bits (docs, "Permissions").
const VIEW_CHANNEL: u64 = 1 << 10;
const SEND_MESSAGES: u64 = 1 << 11;
const READ_MESSAGE_HISTORY: u64 = 1 << 16;

/// The one complaint in the fallback channel.
async fn complaint(lab: &Lab) -> String {
    eventually("a complaint", async || lab.messages(FALLBACK).await.first().map(text)).await
}

/// Takes `permission` away, and gives it back while Vigie runs.
async fn parked_and_resumed(permission: u64, named: &str, (language, remedy): (&str, &str)) {
    let lab = Lab::new(2).await;
    let routes = lab.configuration(&lab.route_by_repository());
    let vigie = Inside::start(&lab, &format!("language = \"{language}\"\n{routes}"), Duration::ZERO).await;
    let (mut troubled, mut other) = (lab.repository(TROUBLED), lab.repository(OTHER));
    lab.deny(TROUBLED, permission).await;
    vigie.take(&troubled.push("alice", "main", &["Word one"])).await;
    vigie.take(&other.push("alice", "main", &["Unhindered"])).await;
    shows(&lab, OTHER, &["Unhindered"]).await;
    let complaint_ = complaint(&lab).await;
    assert!(complaint_.contains(remedy) && complaint_.contains(&TROUBLED.to_string()), "{complaint_}");
    vigie.take(&troubled.push("alice", "main", &["Word two"])).await;
    vigie.reaches(PARKED, 2.0).await;
    assert!(vigie.get("/").await.text().contains(named), "the page says it too");

    // Found again at each look, it is said once.
    vigie.clock.advance(Duration::from_secs(61));
    vigie.reaches("vigie_deliveries_total{outcome=\"parked\"}", 2.0).await;
    vigie.reaches(PARKED, 2.0).await;
    lab.deny(TROUBLED, 0).await;
    vigie.clock.advance(Duration::from_secs(61));
    shows(&lab, TROUBLED, &["Word one", "Word two"]).await;
    settled(&vigie).await;
    shows(&lab, FALLBACK, &[named]).await;
    vigie.reaches("vigie_discord_invalid_requests_total", 2.0).await;
    hold_against_discord(&lab).await;
    vigie.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_without_the_right_to_write_waits_and_resumes_by_itself() {
    parked_and_resumed(SEND_MESSAGES, "SEND_MESSAGES", ("en", "give it SEND_MESSAGES")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_the_bot_does_not_see_waits_and_resumes_by_itself() {
    parked_and_resumed(VIEW_CHANNEL, "VIEW_CHANNEL", ("fr", "donnez-lui VIEW_CHANNEL")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_whose_history_is_hidden_waits_while_an_outcome_is_unknown() {
    let lab = Lab::new(2).await;
    let configuration = lab.configuration(&lab.route_by_repository());
    let first = lab.vigie_with(vigie(), &configuration).await;
    let mut troubled = lab.repository(TROUBLED);
    lab.fault("drop_answer", "POST", &format!("/channels/{TROUBLED}/messages"), json!({})).await;
    first.take(&troubled.push("alice", "main", &["Word one"])).await;
    shows(&lab, TROUBLED, &["Word one"]).await;
    first.kill().await;
    lab.no_faults().await;
    lab.deny(TROUBLED, READ_MESSAGE_HISTORY).await;

    let later = Duration::from_mins(10);
    lab.discord_ages(later);
    let vigie = Inside::start(&lab, &configuration, later).await;
    assert!(complaint(&lab).await.contains("READ_MESSAGE_HISTORY"));
    vigie.reaches(PARKED, 1.0).await;
    shows(&lab, TROUBLED, &["Word one"]).await;
    lab.deny(TROUBLED, 0).await;
    vigie.clock.advance(Duration::from_secs(61));
    vigie.reaches("vigie_deliveries_total{outcome=\"adopted\"}", 1.0).await;
    settled(&vigie).await;
    shows(&lab, TROUBLED, &["Word one"]).await;
    hold_against_discord(&lab).await;
    vigie.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_refuses_creates_and_edits_is_tried_again_after_a_restart() {
    let lab = Lab::new(1).await;
    let configuration = lab.configuration(&lab.route_by_repository());
    let first = lab.vigie_with(vigie(), &configuration).await;
    let mut repository = lab.repository(TROUBLED);
    first.take(&repository.pull_request("alice", 7, "Word one", "lamp", Opened)).await;
    shows(&lab, TROUBLED, &["Word one"]).await;
    settled(&first).await;
    for (method, path) in [("POST", "messages"), ("PATCH", "messages/*")] {
        let path = format!("/channels/{TROUBLED}/{path}");
        lab.fault("status", method, &path, json!({ "status": 403, "error_code": 50013 })).await;
    }
    first.take(&repository.pull_request("alice", 7, "Word one", "lamp", Merged)).await;
    assert!(complaint(&lab).await.contains("SEND_MESSAGES"));
    first.take(&repository.push("alice", "main", &["Word two"])).await;
    first.reaches(PARKED, 2.0).await;
    assert!(first.log().contains("a channel can't be written to"), "{}", first.log());
    assert_eq!(first.terminate().await, Some(0));

    lab.no_faults().await;
    let second = lab.vigie_with(vigie(), &configuration).await;
    settled(&second).await;
    shows(&lab, TROUBLED, &["🟣", "Word two"]).await;
    shows(&lab, FALLBACK, &["SEND_MESSAGES"]).await;
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_channel_that_refuses_is_not_complained_of_in_itself() {
    let lab = Lab::new(1).await;
    let vigie = Inside::start(&lab, &lab.configuration(""), Duration::ZERO).await;
    lab.deny(FALLBACK, SEND_MESSAGES).await;
    vigie.take(&lab.repository(TROUBLED).push("alice", "main", &["Word one"])).await;
    vigie.reaches(PARKED, 1.0).await;
    lab.deny(FALLBACK, 0).await;
    vigie.clock.advance(Duration::from_secs(61));
    shows(&lab, FALLBACK, &["Word one"]).await;
    settled(&vigie).await;
    shows(&lab, FALLBACK, &["Word one"]).await;
    vigie.stop().await;
}
