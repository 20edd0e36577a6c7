//! Rate limits at the wire.

use std::time::Duration;

use discord_sim::{Clock, Options};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::Discord;

async fn with_channels(count: u64) -> Discord {
    let clock = Clock::standing(Duration::from_secs(1_795_000_000));
    let discord = Discord::start_with(Options { clock, ..Options::default() }).await;
    let channels: Vec<Value> =
        (0..count).map(|n| json!({"id": (2000 + n).to_string(), "name": "c"})).collect();
    discord.guild(json!({"id": "1000", "channels": channels})).await;
    discord
}

async fn say(discord: &Discord, channel: u64) -> Response {
    let url = discord.url(&format!("/api/v10/channels/{channel}/messages"));
    discord.client().post(url).json(&json!({"content": "x"})).send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

#[tokio::test]
async fn a_channel_takes_five_messages_in_five_seconds_and_says_so_in_every_header() {
    let discord = with_channels(2).await;
    for left in (0..5).rev() {
        let answer = say(&discord, 2000).await;
        assert_eq!(
            (header(&answer, "x-ratelimit-limit"), header(&answer, "x-ratelimit-remaining")),
            ("5", &*left.to_string())
        );
        let reset_after: f64 = header(&answer, "x-ratelimit-reset-after").parse().unwrap();
        assert!((0.0..=5.0).contains(&reset_after));
        assert!(header(&answer, "x-ratelimit-reset").parse::<f64>().unwrap() > 1.0e9);
        assert_eq!(header(&answer, "x-ratelimit-bucket").len(), 32);
    }
    let answer = say(&discord, 2000).await;
    assert_eq!(answer.status(), 429);
    assert_eq!((header(&answer, "x-ratelimit-scope"), header(&answer, "via")), ("user", "1.1 google"));
    assert!(header(&answer, "retry-after").parse::<u64>().unwrap() <= 5);
    let body: Value = answer.json().await.unwrap();
    assert_eq!((&body["message"], &body["global"]), (&json!("You are being rate limited."), &json!(false)));
    let wait = body["retry_after"].as_f64().unwrap();
    assert!(wait > 0.0 && wait <= 5.0, "{wait}");
    assert_eq!(say(&discord, 2001).await.status(), 200, "another channel has a bucket of its own");
    discord.advance(5000).await;
    assert_eq!(say(&discord, 2000).await.status(), 200);
}

#[tokio::test]
async fn a_token_has_fifty_requests_a_second_in_all() {
    let discord = with_channels(51).await;
    for channel in 2000..2050 {
        assert_eq!(say(&discord, channel).await.status(), 200);
    }
    let answer = say(&discord, 2050).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "x-ratelimit-scope")), (429, "global"));
    assert_eq!((header(&answer, "x-ratelimit-global"), header(&answer, "retry-after")), ("true", "1"));
    assert_eq!(answer.json::<Value>().await.unwrap()["global"], true);
    discord.advance(1000).await;
    assert_eq!(say(&discord, 2050).await.status(), 200);
}

#[tokio::test]
async fn ten_thousand_invalid_requests_shut_the_client_out_for_ten_minutes() {
    let discord = with_channels(1).await;
    let client = reqwest::Client::builder().user_agent("DiscordBot (x, 1)").build().unwrap();
    let url = discord.url("/api/v10/users/@me");
    for _ in 0..10_000 {
        assert_eq!(client.get(&url).send().await.unwrap().status(), 401);
    }
    let answer = say(&discord, 2000).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "content-type")),
        (429, "text/html; charset=UTF-8")
    );
    assert_eq!(header(&answer, "via"), "", "Cloudflare's answer is told by its lack of Via");
    assert!(answer.text().await.unwrap().contains("1015"));
    discord.advance(600_000).await;
    assert_eq!(say(&discord, 2000).await.status(), 200);
}

#[tokio::test]
async fn shared_limits_do_not_count_as_invalid() {
    let discord = with_channels(1).await;
    discord.fault(json!({"kind": "rate_limit", "scope": "shared", "retry_after": 0.5})).await;
    let answer = say(&discord, 2000).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "x-ratelimit-scope")), (429, "shared"));
    let (_, body) = discord.request(Method::GET, "/api/v10/users/@me", &Value::Null).await;
    assert_eq!((&body["retry_after"], &body["global"]), (&json!(0.5), &json!(false)));
}
