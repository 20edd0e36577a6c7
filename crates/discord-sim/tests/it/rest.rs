//! REST: what is answered, held to Discord's own description where it can be had.

use discord_openapi::{OpenApi, Side};
use reqwest::{Method, multipart};
use serde_json::{Value, json};

use crate::support::Discord;

/// A guild with what these tests need.
async fn harbor(discord: &Discord) {
    discord
        .guild(json!({
            "id": "1000", "name": "harbor",
            "channels": [
                {"id": "2000", "name": "general"},
                {"id": "2001", "name": "hidden", "overwrites": [{"id": "1000", "type": 0, "allow": "0", "deny": "1024"}]},
                {"id": "2002", "name": "mute", "overwrites": [{"id": "1000", "type": 0, "allow": "0", "deny": "2048"}]},
                {"id": "2003", "name": "no history", "overwrites": [{"id": "1000", "type": 0, "deny": "65536"}]},
            ],
            "roles": [{"id": "3000", "name": "operators", "permissions": "0"}],
            "members": [{"id": "4000", "name": "alice", "locale": "fr", "roles": ["3000"]}],
            "webhooks": [{"id": "5000", "token": "hook-token", "channel_id": "2000"}],
        }))
        .await;
}

/// Every answer so far is as Discord describes it, and so is every request that was not refused.
async fn assert_described(discord: &Discord) {
    let Some(description) = OpenApi::load() else { return };
    let log = discord.get("/_sim/log").await;
    let wrong = description.check_log(&log);
    let wrong: Vec<String> = wrong
        .iter()
        .filter(|v| v.side == Side::Answer || v.status.is_some_and(|status| status < 400))
        .map(ToString::to_string)
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_a_client_asks_first_is_as_discord_describes_it() {
    let discord = Discord::start().await;
    harbor(&discord).await;
    for path in [
        "/gateway",
        "/gateway/bot",
        "/users/@me",
        "/users/4000",
        "/users/@me/guilds",
        "/applications/@me",
        "/oauth2/applications/@me",
        "/guilds/1000",
        "/guilds/1000?with_counts=true",
        "/guilds/1000/channels",
        "/guilds/1000/roles",
        "/guilds/1000/roles/3000",
        "/guilds/1000/members?limit=10",
        "/guilds/1000/members/4000",
        "/guilds/1000/threads/active",
        "/guilds/1000/webhooks",
        "/channels/2000",
        "/channels/2000/webhooks",
        "/channels/2000/messages",
        "/webhooks/5000",
    ] {
        discord.get(&format!("/api/v10{path}")).await;
    }
    let me = discord.get("/api/v10/users/@me").await;
    let member = discord.get(&format!("/api/v10/guilds/1000/members/{}", me["id"].as_str().unwrap())).await;
    let roles = discord.get("/api/v10/guilds/1000/roles").await;
    let managed = roles.as_array().unwrap().iter().find(|role| role["managed"] == true).unwrap();
    assert_eq!(member["roles"], json!([managed["id"]]));
    let bits: u64 = managed["permissions"].as_str().unwrap().parse().unwrap();
    assert_eq!(bits & 1 << 3, 0, "the bot is no administrator");
    assert_described(&discord).await;
}

#[tokio::test]
async fn a_message_lives_from_create_to_delete() {
    let discord = Discord::start().await;
    harbor(&discord).await;
    let sent = json!({
        "content": " hello <@4000> <@&3000> ",
        "embeds": [{"title": "Push", "description": "3 commits", "color": 5, "timestamp": "2026-11-21T10:00:00Z",
            "fields": [{"name": "a", "value": "b"}], "footer": {"text": "vg-1"}, "author": {"name": "alice"}}],
        "components": [{"type": 1, "components": [
            {"type": 2, "style": 5, "label": "Open", "url": "https://forge.example.org/1"},
            {"type": 2, "style": 1, "label": "Ack", "custom_id": "ack"}]}],
        "allowed_mentions": {"parse": [], "roles": ["3000"]},
    });
    let created = discord.post_message("2000", sent).await;
    assert_eq!(created["content"], "hello <@4000> <@&3000>");
    assert_eq!((&created["mentions"], &created["mention_roles"]), (&json!([]), &json!(["3000"])));
    assert_eq!(created["embeds"][0]["type"], "rich");
    assert_eq!(created["embeds"][0]["timestamp"], "2026-11-21T10:00:00.000000+00:00");
    assert_eq!(created["edited_timestamp"], Value::Null);
    let path = format!("/api/v10/channels/2000/messages/{}", created["id"].as_str().unwrap());
    assert_eq!(discord.get(&path).await, created);
    let (status, edited) = discord.request(Method::PATCH, &path, &json!({"content": "hello again"})).await;
    assert_eq!(
        (status, &edited["content"], &edited["embeds"]),
        (200, &json!("hello again"), &created["embeds"])
    );
    assert!(edited["edited_timestamp"].is_string());
    let shown = discord.get("/_sim/channels/2000/messages").await;
    assert_eq!(shown[0]["sim"]["edits"][0]["content"], "hello <@4000> <@&3000>");
    let nothing = json!({"content": "", "embeds": [], "components": []});
    assert_eq!(discord.request(Method::PATCH, &path, &nothing).await.1["code"], 50006);
    assert_eq!(discord.request(Method::DELETE, &path, &Value::Null).await, (204, Value::Null));
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let body = if method == Method::PATCH { json!({"content": "x"}) } else { Value::Null };
        let (status, error) = discord.request(method, &path, &body).await;
        assert_eq!((status, &error["code"]), (404, &json!(10008)));
    }
    assert_described(&discord).await;
}

#[tokio::test]
async fn a_list_is_newest_first_whichever_way_it_is_asked() {
    let discord = Discord::start().await;
    harbor(&discord).await;
    let mut ids = Vec::new();
    for number in 0..9 {
        if number == 5 {
            discord.advance(5000).await;
        }
        let message = discord.post_message("2000", json!({"content": number.to_string()})).await;
        ids.push(message["id"].as_str().unwrap().to_owned());
    }
    for (query, expected) in [
        (String::new(), vec!["8", "7", "6", "5", "4", "3", "2", "1", "0"]),
        ("limit=2".into(), vec!["8", "7"]),
        (format!("before={}&limit=2", ids[4]), vec!["3", "2"]),
        (format!("after={}&limit=2", ids[4]), vec!["6", "5"]),
        (format!("around={}&limit=3", ids[4]), vec!["5", "4", "3"]),
    ] {
        let list = discord.get(&format!("/api/v10/channels/2000/messages?{query}")).await;
        let contents: Vec<&str> =
            list.as_array().unwrap().iter().map(|m| m["content"].as_str().unwrap()).collect();
        assert_eq!(contents, expected, "{query}");
    }
    discord.advance(5000).await;
    let (status, error) =
        discord.request(Method::GET, "/api/v10/channels/2000/messages?limit=101", &Value::Null).await;
    assert_eq!((status, &error["errors"]["limit"]["_errors"][0]["code"]), (400, &json!("NUMBER_TYPE_MAX")));
    assert_described(&discord).await;
}

#[tokio::test]
async fn a_nonce_makes_one_message_within_its_window_and_is_never_listed() {
    let discord = Discord::start().await;
    harbor(&discord).await;
    let body = json!({"content": "once", "nonce": "n-1", "enforce_nonce": true});
    let first = discord.post_message("2000", body.clone()).await;
    assert_eq!(first["nonce"], "n-1");
    assert_eq!(discord.post_message("2000", body.clone()).await["id"], first["id"]);
    let listed = discord.get("/api/v10/channels/2000/messages").await;
    assert_eq!((listed.as_array().unwrap().len(), listed[0].get("nonce")), (1, None));
    let path = format!("/api/v10/channels/2000/messages/{}", first["id"].as_str().unwrap());
    discord.request(Method::DELETE, &path, &Value::Null).await;
    let again = discord.request(Method::POST, "/api/v10/channels/2000/messages", &body).await;
    assert_eq!((again.0, &again.1["code"]), (404, &json!(10008)));
    discord.advance(5 * 60 * 1000).await;
    assert_ne!(discord.post_message("2000", body).await["id"], first["id"]);
    assert_described(&discord).await;
}

#[tokio::test]
async fn files_come_back_as_they_were_sent() {
    let discord = Discord::start().await;
    harbor(&discord).await;
    let payload = json!({
        "embeds": [{"title": "chart", "image": {"url": "attachment://my_chart.png"}}],
        "attachments": [{"id": "0", "filename": "my chart.png", "description": "load"}],
    });
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02rest".to_vec();
    let part = multipart::Part::bytes(png.clone()).file_name("my chart.png").mime_str("image/png").unwrap();
    let form = multipart::Form::new().text("payload_json", payload.to_string()).part("files[0]", part);
    let url = discord.url("/api/v10/channels/2000/messages");
    let answer = discord.client().post(url).multipart(form).send().await.unwrap();
    let message: Value = answer.json().await.unwrap();
    let attachment = &message["attachments"][0];
    assert_eq!(message["code"], Value::Null, "{message}");
    assert_eq!((&attachment["filename"], &attachment["size"]), (&json!("my_chart.png"), &json!(png.len())));
    assert_eq!((&attachment["width"], &attachment["description"]), (&json!(3), &json!("load")));
    assert_eq!(message["embeds"][0]["image"]["url"], attachment["url"]);
    let back = discord.client().get(attachment["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(back.headers()["content-type"], "image/png");
    assert_eq!(back.bytes().await.unwrap(), png);
    let log = discord.get("/_sim/log").await;
    assert_eq!(log[0]["request"]["files"][0]["filename"], "my chart.png");
    assert_described(&discord).await;
}

#[tokio::test]
async fn threads_start_once_on_a_message_and_wake_when_written_to() {
    let discord = Discord::start().await;
    harbor(&discord).await;
    let message = discord.post_message("2000", json!({"content": "deploy"})).await;
    let id = message["id"].as_str().unwrap();
    let path = format!("/api/v10/channels/2000/messages/{id}/threads");
    let (status, thread) = discord.request(Method::POST, &path, &json!({"name": "log"})).await;
    assert_eq!((status, &thread["id"], &thread["type"]), (201, &message["id"], &json!(11)));
    let (status, error) = discord.request(Method::POST, &path, &json!({"name": "log"})).await;
    assert_eq!((status, &error["code"]), (400, &json!(160_004)));
    discord.post_message(id, json!({"content": "step 1"})).await;
    let archive = json!({"archived": true});
    let (_, archived) = discord.request(Method::PATCH, &format!("/api/v10/channels/{id}"), &archive).await;
    assert_eq!(archived["thread_metadata"]["archived"], true);
    let listed = discord.get("/api/v10/channels/2000/threads/archived/public").await;
    assert_eq!(listed["threads"][0]["id"], message["id"]);
    discord.post_message(id, json!({"content": "step 2"})).await;
    let thread = discord.get(&format!("/api/v10/channels/{id}")).await;
    assert_eq!(thread["thread_metadata"]["archived"], false);
    assert_eq!((&thread["total_message_sent"], &thread["message_count"]), (&json!(2), &json!(2)));
    let with_thread = discord.get(&format!("/api/v10/channels/2000/messages/{id}")).await;
    assert_eq!(with_thread["thread"]["name"], "log");
    let (status, own) = discord
        .request(Method::POST, "/api/v10/channels/2000/threads", &json!({"name": "t", "type": 11}))
        .await;
    assert_eq!(status, 201);
    let own = own["id"].as_str().unwrap();
    discord.get(&format!("/api/v10/channels/{own}/thread-members")).await;
    discord.get("/api/v10/channels/2000/messages").await;
    assert_described(&discord).await;
}

#[tokio::test]
async fn webhooks_post_without_the_bots_token_and_only_with_their_own() {
    let discord = Discord::start().await;
    harbor(&discord).await;
    let anybody = reqwest::Client::builder().user_agent("curl/8").build().unwrap();
    let post = async |path: &str| {
        let body = json!({"content": "from a hook", "username": "Alertmanager"});
        anybody.post(discord.url(path)).json(&body).send().await.unwrap()
    };
    assert_eq!(post("/api/webhooks/5000/hook-token").await.status(), 204);
    let message: Value = post("/api/v10/webhooks/5000/hook-token?wait=true").await.json().await.unwrap();
    assert_eq!(
        (&message["author"]["username"], &message["webhook_id"]),
        (&json!("Alertmanager"), &json!("5000"))
    );
    let refused = post("/api/webhooks/5000/wrong").await;
    assert_eq!(
        (refused.status().as_u16(), &refused.json::<Value>().await.unwrap()["code"]),
        (401, &json!(50027))
    );
    let refused = post("/api/webhooks/5001/hook-token").await;
    assert_eq!(
        (refused.status().as_u16(), &refused.json::<Value>().await.unwrap()["code"]),
        (404, &json!(10015))
    );
    let path = format!("/api/v10/webhooks/5000/hook-token/messages/{}", message["id"].as_str().unwrap());
    let (status, edited) = discord.request(Method::PATCH, &path, &json!({"content": "edited"})).await;
    assert_eq!((status, &edited["content"]), (200, &json!("edited")));
    let (_, made) =
        discord.request(Method::POST, "/api/v10/channels/2000/webhooks", &json!({"name": "new"})).await;
    let url = made["url"].as_str().unwrap();
    assert_eq!(anybody.post(url).json(&json!({"content": "x"})).send().await.unwrap().status(), 204);
    assert_described(&discord).await;
}

#[tokio::test]
async fn what_the_bot_lacks_is_refused_as_discord_refuses_it() {
    let discord = Discord::start().await;
    harbor(&discord).await;
    let say = json!({"content": "x"});
    for (method, path, body, expected) in [
        (Method::POST, "/channels/2001/messages", &say, (403, 50001)),
        (Method::GET, "/channels/2001", &Value::Null, (403, 50001)),
        (Method::POST, "/channels/2002/messages", &say, (403, 50013)),
        (Method::POST, "/channels/9/messages", &say, (404, 10003)),
        (Method::GET, "/guilds/9", &Value::Null, (404, 10004)),
        (Method::GET, "/channels/2000/messages/9", &Value::Null, (404, 10008)),
        (Method::POST, "/channels/2000/messages", &json!({}), (400, 50006)),
        (Method::GET, "/channels/x", &Value::Null, (400, 50035)),
        (Method::GET, "/nowhere", &Value::Null, (404, 0)),
    ] {
        let (status, error) = discord.request(method.clone(), &format!("/api/v10{path}"), body).await;
        assert_eq!(
            (status, error["code"].as_u64()),
            (expected.0, Some(expected.1)),
            "{method} {path}: {error}"
        );
    }
    let message = discord.post_message("2003", json!({"content": "x"})).await;
    assert_eq!(discord.get("/api/v10/channels/2003/messages").await, json!([]));
    let path = format!("/api/v10/channels/2003/messages/{}", message["id"].as_str().unwrap());
    assert_eq!(discord.request(Method::GET, &path, &Value::Null).await.1["code"], 50001);
    // An overwrite opens the hidden channel for the bot.
    let me = discord.get("/api/v10/users/@me").await["id"].as_str().unwrap().to_owned();
    let overwrites = json!({"overwrites": [
        {"id": "1000", "type": 0, "allow": "0", "deny": "1024"}, {"id": me, "type": 1, "allow": "1024", "deny": "0"}]});
    discord.request(Method::PATCH, "/_sim/channels/2001", &overwrites).await;
    discord.post_message("2001", say.clone()).await;
    let put = json!({"type": 0, "allow": "0", "deny": "2048"});
    let path = "/api/v10/channels/2000/permissions/1000";
    assert_eq!(discord.request(Method::PUT, path, &put).await.0, 204);
    let refused = discord.request(Method::POST, "/api/v10/channels/2000/messages", &say).await;
    assert_eq!(refused.1["code"], 50013);
    assert_eq!(discord.request(Method::DELETE, path, &Value::Null).await.0, 204);
    discord.post_message("2000", say).await;
}

#[tokio::test]
async fn a_client_without_token_or_name_is_turned_away() {
    let discord = Discord::start().await;
    harbor(&discord).await;
    let url = discord.url("/api/v10/users/@me");
    let named = reqwest::Client::builder().user_agent("DiscordBot (x, 1)").build().unwrap();
    let answer = named.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"message": "401: Unauthorized", "code": 0}));
    let answer = reqwest::Client::new().get(&url).header("authorization", "Bot t").send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.json::<Value>().await.unwrap()["code"]),
        (403, &json!(40333))
    );
}

#[tokio::test]
async fn guilds_do_not_touch_each_other() {
    let discord = Discord::start().await;
    for (guild, channel) in [("1000", "2000"), ("1001", "2100")] {
        let made =
            discord.guild(json!({"id": guild, "channels": [{"id": channel, "name": "general"}]})).await;
        assert_eq!(made["channels"][0]["id"], channel);
    }
    let (status, refusal) = discord
        .request(Method::POST, "/_sim/guilds", &json!({"channels": [{"id": "2000", "name": "stolen"}]}))
        .await;
    assert_eq!((status, &refusal["error"]), (400, &json!("2000 belongs to guild 1000")));
    let nonce = json!({"content": "x", "nonce": "same", "enforce_nonce": true});
    discord.fault(json!({"guild_id": "1001", "kind": "status", "status": 500})).await;
    let first = discord.post_message("2000", nonce.clone()).await;
    discord.post("/_sim/reset", json!({"guild_id": "1001"})).await;
    discord.guild(json!({"id": "1001", "channels": [{"id": "2100", "name": "general"}]})).await;
    assert_ne!(discord.post_message("2100", nonce).await["id"], first["id"]);
    assert_eq!(discord.get("/_sim/channels/2000/messages").await.as_array().unwrap().len(), 1);
    assert_eq!(discord.get("/_sim/guilds").await.as_array().unwrap().len(), 2);
    discord.post("/_sim/reset", json!({})).await;
    assert_eq!(discord.get("/_sim/guilds").await, json!([]));
}
