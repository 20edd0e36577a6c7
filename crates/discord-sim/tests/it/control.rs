//! What an embedding program and the page rely on.

use discord_sim::{Action, Options};
use serde_json::{Value, json};

use crate::support::{Discord, PATIENCE};

#[tokio::test]
async fn whoever_follows_sees_every_change_in_order() {
    let discord = Discord::start().await;
    discord.guild(json!({"id": "1000", "channels": [{"id": "2000", "name": "c"}]})).await;
    let mut live = discord.client().get(discord.url("/_sim/live")).send().await.unwrap();
    let message = discord.post_message("2000", json!({"content": "x"})).await;
    let path = format!("/api/v10/channels/2000/messages/{}", message["id"].as_str().unwrap());
    discord.request(reqwest::Method::PATCH, &path, &json!({"content": "y"})).await;
    discord.request(reqwest::Method::DELETE, &path, &Value::Null).await;
    let mut text = String::new();
    while !text.contains("MESSAGE_DELETE") {
        let chunk = tokio::time::timeout(PATIENCE, live.chunk()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    let changes = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let changes: Vec<Value> = changes.map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = changes.iter().map(|change| change["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"]);
    assert_eq!((&changes[1]["guild_id"], &changes[1]["data"]["content"]), (&json!("1000"), &json!("y")));
}

#[tokio::test]
async fn the_page_is_part_of_the_program_and_lists_its_hosts_actions() {
    let push = Action { label: "Push".into(), path: "/demo/push".into() };
    let discord = Discord::start_with(Options { actions: vec![push], ..Options::default() }).await;
    assert_eq!(discord.get("/_sim/actions").await, json!([{"label": "Push", "path": "/demo/push"}]));
    let page = discord.client().get(discord.url("/_sim")).send().await.unwrap().text().await.unwrap();
    for file in page.split('"').filter(|part| part.starts_with("/_sim/")) {
        let answer = discord.client().get(discord.url(file)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{file}");
    }
}

#[tokio::test]
async fn a_guild_is_answered_in_the_shape_in_which_it_was_ordered() {
    let discord = Discord::start().await;
    let order = json!({
        "name": "harbor",
        "channels": [{"name": "general", "overwrites": [{"id": "7", "type": 1, "allow": "0", "deny": "1024"}]}],
        "roles": [{"id": "3000", "name": "operators", "permissions": "8"}],
        "members": [{"name": "alice", "locale": "fr", "roles": ["3000"]}],
    });
    let made = discord.guild(order).await;
    assert!(made["id"].is_string());
    assert_eq!(made["channels"][0]["overwrites"][0]["deny"], "1024");
    let alice = made["members"].as_array().unwrap().iter().find(|member| member["name"] == "alice").unwrap();
    assert_eq!(
        (&alice["locale"], &alice["roles"], &alice["bot"]),
        (&json!("fr"), &json!(["3000"]), &json!(false))
    );
    let (status, refusal) = discord
        .request(
            reqwest::Method::POST,
            "/_sim/guilds",
            &json!({"members": [{"name": "bob", "roles": ["9"]}]}),
        )
        .await;
    assert_eq!(status, 400);
    assert!(refusal["error"].as_str().unwrap().contains("not among `roles`"), "{refusal}");
}
