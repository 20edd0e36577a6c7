//! Slash commands as people use them: registered once, answered in private and in the caller's language.

use std::time::Duration;

use harness::{FALLBACK, GUILD, Lab, Vigie};
use hyper::Method;
use serde_json::{Value, json};

use crate::{french::english_in, hold_against_discord, vigie};

/// The commands as the guild shows them.
async fn registered(lab: &Lab) -> Vec<Value> {
    let Value::Array(mut commands) = lab.sim_get(&format!("guilds/{GUILD}/commands")).await else {
        panic!("commands are no array")
    };
    commands.sort_by_key(|command| command["name"].to_string());
    commands
}

async fn start(lab: &Lab) -> Vigie {
    // A bot may begin one session in five seconds.
    lab.discord_ages(Duration::from_secs(6));
    let vigie = lab.vigie(vigie()).await;
    vigie.ready().await;
    vigie
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_registered_in_both_languages_and_answered_in_the_callers() {
    let lab = Lab::new(1).await;
    let vigie = start(&lab).await;
    let described: Vec<String> = registered(&lab)
        .await
        .iter()
        .map(|one| {
            let french = &one["description_localizations"]["fr"];
            format!("{}: {}, {french}", one["name"], one["description"])
        })
        .collect();
    insta::assert_snapshot!("registered", described.join("\n"));

    let mut answers = serde_json::Map::new();
    for (user, language) in [("4000", "en"), ("4001", "fr")] {
        for command in ["help", "ping", "status"] {
            let seen = lab.command(user, command, "final").await;
            assert_eq!(seen["ephemeral"], true, "{seen:#}");
            let messages = seen["messages"].as_array().unwrap();
            assert_eq!(messages.len(), 1, "{seen:#}");
            let embed = &messages[0]["embeds"][0];
            let shown = json!({
                "title": embed["title"], "description": embed["description"], "fields": embed["fields"],
            });
            answers.insert(format!("/{command} {language}"), shown);
        }
    }
    insta::with_settings!({ filters => [
        (r"\d+[.,]\d ms", "[ms]"),
        (r"(\d+ min )?\d+ s\b", "[uptime]"),
        (r"Vigie \d+\.\d+\.\d+", "Vigie [version]"),
    ] }, {
        insta::assert_json_snapshot!("answers", answers);
    });
    assert!(
        lab.messages(FALLBACK).await.iter().all(|message| message["flags"] == 64),
        "for the caller alone"
    );
    hold_against_discord(&lab).await;
    assert_eq!(vigie.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_french_caller_reads_in_french_why_delivery_is_held_up() {
    const SEND_MESSAGES: u64 = 1 << 11;
    let refused = FALLBACK + 1;
    let lab = Lab::new(1).await;
    let vigie = start(&lab).await;
    lab.deny(refused, SEND_MESSAGES).await;
    vigie.take(&lab.repository(refused).push("alice", "main", &["Word one"])).await;
    vigie.reaches("vigie_outbox_messages{state=\"parked\"}", 1.0).await;
    let seen = lab.command("4001", "status", "final").await;
    let text = seen["messages"][0]["embeds"][0]["description"].as_str().unwrap();
    assert!(text.contains(&format!("salon {refused} : le bot ne peut pas y écrire")), "{text}");
    assert_eq!(english_in(text), [""; 0], "{text}");
    assert_eq!(vigie.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_registered_once_and_again_when_discord_lost_them() {
    let lab = Lab::new(1).await;
    let registrations = async || {
        lab.requests("PUT", "/applications/").await.iter().filter(|one| one["request"] != json!([])).count()
    };
    for _ in 0..2 {
        assert_eq!(start(&lab).await.terminate().await, Some(0));
        assert_eq!(registrations().await, 1);
    }
    let path = registered(&lab).await[0]["application_id"].as_str().unwrap().to_owned();
    let url = format!("http://{}/api/v10/applications/{path}/guilds/{GUILD}/commands", lab.discord);
    let headers = [
        ("authorization", "Bot simulated"),
        ("user-agent", "a person"),
        ("content-type", "application/json"),
    ];
    assert!(lab.client.request(Method::PUT, &url, &headers, "[]").await.is_success());
    assert!(registered(&lab).await.is_empty());
    let third = start(&lab).await;
    assert_eq!(registrations().await, 2);
    assert_eq!(registered(&lab).await.len(), 3);
    hold_against_discord(&lab).await;
    assert_eq!(third.terminate().await, Some(0));
}
