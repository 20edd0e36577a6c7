//! Faults of the REST API at the wire.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Discord;

const MESSAGES: &str = "/api/v10/channels/2000/messages";

async fn with_channel() -> Discord {
    let discord = Discord::start().await;
    discord.guild(json!({"id": "1000", "channels": [{"id": "2000", "name": "c"}]})).await;
    discord
}

async fn shown(discord: &Discord) -> usize {
    discord.get("/_sim/channels/2000/messages").await.as_array().unwrap().len()
}

#[tokio::test]
async fn a_status_fault_strikes_what_it_matches_as_often_as_it_says() {
    let discord = with_channel().await;
    let matching = json!({"method": "POST", "path": "/channels/*/messages"});
    discord
        .fault(json!({"match": matching, "kind": "status", "status": 403, "error_code": 50013, "times": 2}))
        .await;
    discord.get("/api/v10/users/@me").await;
    for _ in 0..2 {
        let (status, error) = discord.request(Method::POST, MESSAGES, &json!({"content": "x"})).await;
        assert_eq!((status, error), (403, json!({"message": "Missing Permissions", "code": 50013})));
    }
    discord.post_message("2000", json!({"content": "x"})).await;
    let log = discord.get("/_sim/log").await;
    let faults: Vec<&Value> = log.as_array().unwrap().iter().map(|entry| &entry["fault"]).collect();
    assert_eq!(faults, [&Value::Null, &json!("status"), &json!("status"), &Value::Null]);
    assert_eq!((&log[1]["path"], &log[1]["request"]), (&json!(MESSAGES), &json!({"content": "x"})));
}

#[tokio::test]
async fn a_dropped_answer_acts_and_then_cuts_the_connection() {
    let discord = with_channel().await;
    discord.fault(json!({"guild_id": "1000", "kind": "drop_answer", "times": 1})).await;
    let sent = discord.client().post(discord.url(MESSAGES)).json(&json!({"content": "x"})).send().await;
    assert!(sent.is_err(), "no answer: {sent:?}");
    assert_eq!(shown(&discord).await, 1);
    let log = discord.get("/_sim/log").await;
    assert_eq!((&log[0]["fault"], &log[0]["status"]), (&json!("drop_answer"), &json!(200)));
}

#[tokio::test]
async fn a_hanging_request_is_never_answered_nor_carried_out() {
    let discord = with_channel().await;
    discord.fault(json!({"kind": "hang", "times": 1})).await;
    let request = discord.client().post(discord.url(MESSAGES)).json(&json!({"content": "x"}));
    let sent = request.timeout(Duration::from_millis(300)).send().await;
    assert!(sent.unwrap_err().is_timeout());
    assert_eq!(shown(&discord).await, 0);
    discord.wait_for("/_sim/log", |log| log[0]["fault"] == "hang" && log[0]["status"].is_null()).await;
}

#[tokio::test]
async fn latency_passes_with_the_simulators_clock() {
    let discord = with_channel().await;
    discord.fault(json!({"kind": "latency", "ms": 3_600_000, "times": 1})).await;
    let post = discord.post_message("2000", json!({"content": "late"}));
    let tick = async {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            pace.tick().await;
            discord.advance(600_000).await;
        }
    };
    tokio::select! {
        message = post => assert_eq!(message["content"], "late"),
        () = tick => {}
    }
}

#[tokio::test]
async fn a_slow_answer_comes_whole_but_over_its_time() {
    let discord = with_channel().await;
    discord.fault(json!({"kind": "slow", "ms": 400, "times": 1})).await;
    let begun = Instant::now();
    let user = discord.get("/api/v10/users/@me").await;
    assert!(user["id"].is_string());
    assert!(begun.elapsed() >= Duration::from_millis(350), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn faults_end_when_they_are_taken_away_and_wrong_ones_are_refused() {
    let discord = with_channel().await;
    discord.fault(json!({"kind": "rate_limit", "scope": "global", "retry_after": 1.5})).await;
    let (status, body) = discord.request(Method::POST, MESSAGES, &json!({"content": "x"})).await;
    assert_eq!((status, &body["retry_after"], &body["global"]), (429, &json!(1.5), &json!(true)));
    discord.clear_faults().await;
    discord.post_message("2000", json!({"content": "x"})).await;
    let wrong = json!({"kind": "status", "stauts": 500});
    let (status, refusal) = discord.request(Method::POST, "/_sim/faults", &wrong).await;
    assert_eq!(status, 400);
    assert!(refusal["error"].as_str().unwrap().contains("stauts"), "{refusal}");
}
