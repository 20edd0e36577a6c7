//! Interactions at the wire: a bot without a library, and what a user sees of its answers.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    gateway::Peer,
    support::{Discord, PATIENCE},
};

const APPLICATION: &str = "900000000000000001";

/// A bot that answers what the test says.
struct Bot {
    discord: Discord,
    peer: Peer,
}

impl Bot {
    async fn start() -> Self {
        let discord = Discord::start().await;
        discord
            .guild(json!({"id": "1000", "channels": [{"id": "2000", "name": "forge"}],
                "roles": [{"id": "3000", "name": "operators"}],
                "members": [{"id": "4000", "name": "ada", "locale": "fr", "roles": ["3000"]}, {"id": "4001", "name": "bob"}]}))
            .await;
        let commands = json!([
            {"name": "service", "description": "Services", "options": [
                {"type": 1, "name": "restart", "description": "Restarts one", "options": [
                    {"type": 3, "name": "name", "description": "Which", "required": true, "autocomplete": true},
                    {"type": 6, "name": "for", "description": "Who asked"}]}]},
            {"name": "purge", "description": "Purges", "default_member_permissions": "8"}]);
        let path = format!("/api/v10/applications/{APPLICATION}/guilds/1000/commands");
        let (status, registered) = discord.request(Method::PUT, &path, &commands).await;
        assert_eq!((status, registered.as_array().map(Vec::len)), (200, Some(2)), "{registered}");
        let mut peer = Peer::connect(&discord, "").await;
        peer.identify(json!({"intents": 0})).await;
        Self { discord, peer }
    }

    /// The next interaction's data.
    async fn interaction(&mut self) -> Value {
        self.peer.event("INTERACTION_CREATE").await["d"].clone()
    }

    async fn callback(&self, interaction: &Value, body: Value) -> (u16, Value) {
        let (id, token) = (interaction["id"].as_str().unwrap(), interaction["token"].as_str().unwrap());
        self.discord
            .request(Method::POST, &format!("/api/v10/interactions/{id}/{token}/callback"), &body)
            .await
    }

    /// A request on the interaction's token.
    async fn webhook(&self, method: Method, interaction: &Value, rest: &str, body: Value) -> (u16, Value) {
        let token = interaction["token"].as_str().unwrap();
        self.discord.request(method, &format!("/api/v10/webhooks/{APPLICATION}/{token}{rest}"), &body).await
    }

    /// Plays `act` and answers it; the interaction and what the user sees.
    async fn play(&mut self, what: Value, answer: Value) -> (Value, Value) {
        let act = act(&what);
        let Self { discord, peer } = self;
        let answering = async {
            let interaction = peer.event("INTERACTION_CREATE").await["d"].clone();
            let (id, token) = (interaction["id"].as_str().unwrap(), interaction["token"].as_str().unwrap());
            let path = format!("/api/v10/interactions/{id}/{token}/callback");
            let (status, refusal) = discord.request(Method::POST, &path, &answer).await;
            assert_eq!(status, 204, "{refusal}");
            interaction
        };
        tokio::join!(answering, discord.interact(act))
    }
}

fn act(what: &Value) -> Value {
    let mut act = json!({"guild_id": "1000", "channel_id": "2000", "user_id": "4000"});
    for (key, value) in what.as_object().unwrap() {
        act[key] = value.clone();
    }
    act
}

fn restart() -> Value {
    json!({"kind": "command", "command": "service restart", "options": {"name": "blog", "for": "4001"}})
}

fn says(text: &str) -> Value {
    json!({"type": 4, "data": {"content": text}})
}

#[tokio::test]
async fn a_command_reaches_the_bot_complete_and_resolved() {
    let mut bot = Bot::start().await;
    let (interaction, seen) = bot.play(restart(), says("done")).await;
    assert_eq!(interaction["type"], 2);
    assert_eq!(interaction["data"]["name"], "service");
    assert_eq!(
        interaction["data"]["options"],
        json!([{"type": 1, "name": "restart", "options": [
            {"type": 3, "name": "name", "value": "blog"}, {"type": 6, "name": "for", "value": "4001"}]}])
    );
    assert_eq!(interaction["data"]["resolved"]["users"]["4001"]["username"], "bob");
    assert_eq!(
        (&interaction["locale"], &interaction["member"]["user"]["id"]),
        (&json!("fr"), &json!("4000"))
    );
    assert_eq!(interaction["member"]["roles"], json!(["3000"]));
    for key in [
        "application_id",
        "token",
        "version",
        "guild",
        "channel",
        "guild_locale",
        "app_permissions",
        "entitlements",
        "authorizing_integration_owners",
        "context",
        "attachment_size_limit",
    ] {
        assert!(!interaction[key].is_null(), "{key} is missing");
    }
    assert!(interaction["member"]["permissions"].is_string());
    let message = &seen["messages"][0];
    assert_eq!((&message["content"], &message["type"]), (&json!("done"), &json!(20)));
    assert_eq!(message["interaction_metadata"]["id"], interaction["id"]);
}

#[tokio::test]
async fn a_command_is_run_on_a_member_and_on_a_message() {
    let mut bot = Bot::start().await;
    let path = format!("/api/v10/applications/{APPLICATION}/guilds/1000/commands");
    let commands = json!([{"type": 2, "name": "Look up"}, {"type": 3, "name": "Look up"}]);
    assert_eq!(bot.discord.request(Method::PUT, &path, &commands).await.0, 200);
    let message = bot.discord.post_message("2000", json!({"content": "who said that?"})).await["id"].clone();

    let on = |target: &Value| json!({"kind": "command", "command": "Look up", "target_id": target});
    let (interaction, seen) = bot.play(on(&json!("4001")), says("bob")).await;
    let data = &interaction["data"];
    assert_eq!(
        (&interaction["type"], &data["type"], &data["target_id"]),
        (&json!(2), &json!(2), &json!("4001"))
    );
    assert_eq!(data["resolved"]["users"]["4001"]["username"], "bob");
    assert_eq!(data["resolved"]["members"]["4001"]["roles"], json!([]));
    let told = &seen["messages"][0]["interaction_metadata"];
    assert_eq!((&told["command_type"], &told["target_user"]["id"]), (&json!(2), &json!("4001")));

    let (interaction, seen) = bot.play(on(&message), says("the bot")).await;
    let data = &interaction["data"];
    assert_eq!((&data["type"], &data["target_id"], data.get("options")), (&json!(3), &message, None));
    assert_eq!(data["resolved"]["messages"][message.as_str().unwrap()]["content"], "who said that?");
    let told = &seen["messages"][0]["interaction_metadata"];
    assert_eq!((&told["command_type"], &told["target_message_id"]), (&json!(3), &message));
    // What the API gives of such an answer is held to Discord's description.
    bot.discord.get("/api/v10/channels/2000/messages").await;

    let (status, refusal) =
        bot.discord.request(Method::POST, "/_sim/interactions", &act(&on(&json!("77")))).await;
    assert_eq!(status, 400);
    assert!(refusal["error"].as_str().unwrap().contains("a member or of a message"), "{refusal}");
}

#[tokio::test]
async fn a_file_comes_with_a_command_and_can_be_fetched() {
    let mut bot = Bot::start().await;
    let path = format!("/api/v10/applications/{APPLICATION}/guilds/1000/commands");
    let commands = json!([{"name": "read", "description": "Reads", "options": [
        {"type": 11, "name": "file", "description": "What", "required": true}]}]);
    assert_eq!(bot.discord.request(Method::PUT, &path, &commands).await.0, 200);
    let read = |file: Value| json!({"kind": "command", "command": "read", "options": {"file": file}});
    let file = json!({"name": "a log.txt", "content": "it works"});
    let (interaction, _) = bot.play(read(file), says("read")).await;
    let id = interaction["data"]["options"][0]["value"].as_str().unwrap();
    let attachment = &interaction["data"]["resolved"]["attachments"][id];
    assert_eq!((&attachment["filename"], &attachment["size"]), (&json!("a_log.txt"), &json!(8)));
    assert_eq!(attachment["ephemeral"], true);
    let fetched = bot.discord.client().get(attachment["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(fetched.text().await.unwrap(), "it works");

    let wrong = act(&read(json!("a log.txt")));
    let (status, refusal) = bot.discord.request(Method::POST, "/_sim/interactions", &wrong).await;
    assert_eq!(status, 400);
    assert!(refusal["error"].as_str().unwrap().contains("expected a file"), "{refusal}");
}

#[tokio::test]
async fn an_interaction_is_answered_once_and_in_three_seconds() {
    let mut bot = Bot::start().await;
    let (interaction, _) = bot.play(restart(), says("done")).await;
    let (status, refusal) = bot.callback(&interaction, says("again")).await;
    assert_eq!((status, &refusal["code"]), (400, &json!(40060)));
    let (status, refusal) = bot.callback(&json!({"id": "1", "token": "x"}), says("who")).await;
    assert_eq!((status, &refusal["code"]), (404, &json!(10062)));

    let Bot { discord, peer } = &mut bot;
    let late = async {
        let interaction = peer.event("INTERACTION_CREATE").await["d"].clone();
        discord.advance(3_100).await;
        interaction
    };
    let (interaction, seen) = tokio::join!(late, discord.interact(act(&restart())));
    assert_eq!(seen["error"], "The application did not respond");
    let (status, refusal) = bot.callback(&interaction, says("late")).await;
    assert_eq!((status, &refusal["code"]), (404, &json!(10062)));
}

#[tokio::test]
async fn a_token_is_good_for_fifteen_minutes() {
    let mut bot = Bot::start().await;
    let (interaction, _) = bot.play(restart(), says("done")).await;
    bot.discord.advance(14 * 60 * 1000).await;
    let edit = json!({"content": "edited"});
    let (status, message) =
        bot.webhook(Method::PATCH, &interaction, "/messages/@original", edit.clone()).await;
    assert_eq!((status, &message["content"]), (200, &json!("edited")));
    bot.discord.advance(61 * 1000).await;
    let (status, refusal) = bot.webhook(Method::PATCH, &interaction, "/messages/@original", edit).await;
    assert_eq!((status, &refusal["code"]), (401, &json!(50027)));
}

#[tokio::test]
async fn a_deferred_answer_is_filled_by_the_first_follow_up() {
    let mut bot = Bot::start().await;
    let (interaction, seen) = bot.play(restart(), json!({"type": 5})).await;
    assert_eq!((&seen["deferred"], &seen["messages"]), (&json!(true), &json!([])));
    let (_, loading) = bot.webhook(Method::GET, &interaction, "/messages/@original", Value::Null).await;
    assert_eq!(loading["flags"], 128);
    let (status, first) = bot.webhook(Method::POST, &interaction, "", json!({"content": "one"})).await;
    assert_eq!((status, &first["id"], &first["flags"]), (200, &loading["id"], &json!(0)));
    let (_, second) = bot.webhook(Method::POST, &interaction, "", json!({"content": "two"})).await;
    assert_ne!(second["id"], first["id"]);
    let path = format!("/messages/{}", second["id"].as_str().unwrap());
    assert_eq!(bot.webhook(Method::DELETE, &interaction, &path, Value::Null).await.0, 204);
    let (status, refusal) = bot.webhook(Method::GET, &interaction, &path, Value::Null).await;
    assert_eq!((status, &refusal["code"]), (404, &json!(10008)));
    let seen = bot.discord.get(&format!("/_sim/interactions/{}", seen["id"].as_str().unwrap())).await;
    assert_eq!(seen["messages"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_ephemeral_answer_is_for_one_user_only() {
    let mut bot = Bot::start().await;
    let buttons =
        json!([{"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}]);
    let answer = json!({"type": 4, "data": {"content": "psst", "flags": 64, "components": buttons}});
    let (_, seen) = bot.play(restart(), answer).await;
    assert_eq!((&seen["ephemeral"], &seen["messages"][0]["flags"]), (&json!(true), &json!(64)));
    assert_eq!(bot.discord.get("/_sim/channels/2000/messages").await, json!([]));
    let press = json!({"kind": "button", "message_id": seen["messages"][0]["id"], "custom_id": "go"});
    let mut stranger = act(&press);
    stranger["user_id"] = json!("4001");
    let (status, refusal) = bot.discord.request(Method::POST, "/_sim/interactions", &stranger).await;
    assert_eq!(status, 400, "{refusal}");
    let (pressed, seen) =
        bot.play(press, json!({"type": 7, "data": {"content": "gone", "components": []}})).await;
    assert_eq!((&pressed["type"], &pressed["message"]["content"]), (&json!(3), &json!("psst")));
    assert_eq!(seen["messages"][0]["content"], "gone");
}

#[tokio::test]
async fn autocomplete_selects_and_modals_carry_what_the_user_typed() {
    let mut bot = Bot::start().await;
    let typing = json!({"kind": "autocomplete", "command": "service restart", "options": {"name": "bl"}});
    let choices = json!([{"name": "Blog", "value": "blog"}]);
    let (interaction, seen) = bot.play(typing, json!({"type": 8, "data": {"choices": choices}})).await;
    assert_eq!((&interaction["type"], &seen["choices"]), (&json!(4), &choices));
    assert_eq!(interaction["data"]["options"][0]["options"][0]["focused"], true);

    let menu = json!([{"type": 1, "components": [{"type": 5, "custom_id": "whom"}]}]);
    let (_, seen) =
        bot.play(restart(), json!({"type": 4, "data": {"content": "whom?", "components": menu}})).await;
    let pick = json!({"kind": "select", "message_id": seen["messages"][0]["id"], "custom_id": "whom", "values": ["4001"]});
    let modal = json!({"custom_id": "why", "title": "Why?", "components": [
        {"type": 1, "components": [{"type": 4, "custom_id": "reason", "style": 1, "label": "Reason"}]}]});
    let (picked, seen) = bot.play(pick, json!({"type": 9, "data": modal})).await;
    assert_eq!(picked["data"]["resolved"]["users"]["4001"]["username"], "bob");
    assert_eq!(seen["modal"]["custom_id"], "why");

    let fill = json!({"kind": "modal", "custom_id": "why", "values": {"reason": "maintenance"}});
    let (filled, seen) = bot.play(fill, json!({"type": 6})).await;
    assert_eq!(filled["type"], 5);
    assert_eq!(filled["data"]["components"][0]["components"][0]["value"], "maintenance");
    assert_eq!((&filled["message"]["content"], &seen["deferred"]), (&json!("whom?"), &json!(true)));
}

#[tokio::test]
async fn only_what_the_user_may_do_reaches_the_bot() {
    let bot = Bot::start().await;
    for (what, error) in [
        (json!({"kind": "command", "command": "nothing"}), "no command \"nothing\""),
        (json!({"kind": "command", "command": "service"}), "expected a sub command"),
        (json!({"kind": "command", "command": "service restart"}), "option name is required"),
        (json!({"kind": "command", "command": "purge"}), "lacks permissions"),
        (json!({"kind": "button", "message_id": "1", "custom_id": "x"}), "sees no message 1"),
        (json!({"kind": "modal", "custom_id": "x"}), "was shown no modal"),
    ] {
        let (status, refusal) = bot.discord.request(Method::POST, "/_sim/interactions", &act(&what)).await;
        assert_eq!(status, 400);
        assert!(refusal["error"].as_str().is_some_and(|text| text.contains(error)), "{refusal}");
    }
}

#[tokio::test]
async fn a_callback_with_response_tells_what_was_made() {
    let mut bot = Bot::start().await;
    let made = tokio::spawn({
        let (url, act) = (bot.discord.url("/_sim/interactions"), act(&restart()));
        async move { reqwest::Client::new().post(url).json(&act).send().await.unwrap().status().as_u16() }
    });
    let interaction = bot.interaction().await;
    let (id, token) = (interaction["id"].as_str().unwrap(), interaction["token"].as_str().unwrap());
    let path = format!("/api/v10/interactions/{id}/{token}/callback?with_response=1");
    let wrong = json!({"type": 4, "data": {"content": ""}});
    let (status, refusal) = bot.discord.request(Method::POST, &path, &wrong).await;
    assert_eq!((status, &refusal["code"]), (400, &json!(50006)));
    let (status, answer) = bot.discord.request(Method::POST, &path, &says("done")).await;
    assert_eq!(status, 200);
    assert_eq!((&answer["interaction"]["id"], &answer["resource"]["type"]), (&interaction["id"], &json!(4)));
    assert_eq!(answer["resource"]["message"]["id"], answer["interaction"]["response_message_id"]);
    assert_eq!(tokio::time::timeout(PATIENCE, made).await.unwrap().unwrap(), 200);
}

#[tokio::test]
async fn commands_are_created_edited_overwritten_and_deleted() {
    let discord = Discord::start().await;
    discord.guild(json!({"id": "1000"})).await;
    let path = format!("/api/v10/applications/{APPLICATION}/guilds/1000/commands");
    let ping = json!({"name": "ping", "description": "Pings", "description_localizations": {"fr": "Pingue"}});
    let (created, command) = discord.request(Method::POST, &path, &ping).await;
    let (again, same) = discord.request(Method::POST, &path, &ping).await;
    assert_eq!((created, again, &same["id"]), (201, 200, &command["id"]));
    assert_ne!(same["version"], command["version"]);
    let one = format!("{path}/{}", command["id"].as_str().unwrap());
    let (_, edited) = discord.request(Method::PATCH, &one, &json!({"description": "Pongs"})).await;
    assert_eq!((&edited["description"], &edited["guild_id"]), (&json!("Pongs"), &json!("1000")));
    let listed = discord.get(&path).await;
    assert!(listed[0].get("description_localizations").is_none());
    let listed = discord.get(&format!("{path}?with_localizations=true")).await;
    assert_eq!(listed[0]["description_localizations"]["fr"], "Pingue");
    let two = json!([{"name": "pong", "description": "d"}, ping]);
    let (_, kept) = discord.request(Method::PUT, &path, &two).await;
    assert_eq!(kept[1]["id"], command["id"]);
    let twice = json!([ping, ping]);
    let (status, refusal) = discord.request(Method::PUT, &path, &twice).await;
    assert_eq!((status, &refusal["code"]), (400, &json!(50035)));
    assert_eq!(discord.request(Method::DELETE, &one, &Value::Null).await.0, 204);
    let (status, refusal) = discord.request(Method::GET, &one, &Value::Null).await;
    assert_eq!((status, &refusal["code"]), (404, &json!(10063)));
}

#[tokio::test]
async fn two_hundred_commands_may_be_created_a_day() {
    let discord = Discord::start().await;
    discord.guild(json!({"id": "1000"})).await;
    let path = format!("/api/v10/applications/{APPLICATION}/guilds/1000/commands");
    let list = |round: u32| -> Value {
        (0..100).map(|n| json!({"name": format!("c{round}-{n}"), "description": "d"})).collect()
    };
    for round in 0..2 {
        assert_eq!(discord.request(Method::PUT, &path, &list(round)).await.0, 200);
    }
    let (status, refusal) = discord.request(Method::PUT, &path, &list(2)).await;
    assert_eq!((status, &refusal["code"]), (400, &json!(30034)));
    discord.advance(24 * 60 * 60 * 1000).await;
    assert_eq!(discord.request(Method::PUT, &path, &list(2)).await.0, 200);
}
