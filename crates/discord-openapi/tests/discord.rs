//! The checker against Discord's own description; each test is a named skip where that is not at hand.

use discord_openapi::{OpenApi, Side, Violation};
use serde_json::{Value, json};

fn user() -> Value {
    json!({
        "id": "80351110224678912", "username": "alice", "avatar": null, "discriminator": "0",
        "public_flags": 0, "flags": 0, "global_name": null, "primary_guild": null,
    })
}

fn message() -> Value {
    json!({
        "type": 0, "content": "hello", "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
        "timestamp": "2026-11-21T10:00:00.000000+00:00", "edited_timestamp": null, "flags": 0,
        "components": [], "id": "4000", "channel_id": "2000", "author": user(), "pinned": false,
        "mention_everyone": false, "tts": false,
    })
}

fn exchange(method: &str, path: &str, status: u16, request: &Value, answer: &Value) -> Value {
    json!({
        "at_ms": 0, "method": method, "path": path, "status": status,
        "request": request, "answer": answer, "fault": null,
    })
}

fn places(violations: &[Violation]) -> Vec<&str> {
    violations.iter().map(|violation| violation.at.as_str()).collect()
}

#[test]
fn correct_exchanges_are_taken() {
    let Some(api) = OpenApi::load() else { return };
    let create = json!({
        "content": "", "nonce": "vg-1", "enforce_nonce": true,
        "allowed_mentions": {"parse": [], "roles": ["3000"]},
        "embeds": [{"title": "t", "url": "https://forge.example/a", "color": 3, "footer": {"text": "vg-1"}}],
        "components": [{"type": 1, "components": [{"type": 2, "style": 1, "label": "Yes", "custom_id": "y"}]}],
    });
    let refused = json!({"message": "Invalid Form Body", "code": 50035, "errors":
        {"embeds": {"0": {"title": {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "too long"}]}}}}});
    let limited = json!({"message": "You are being rate limited.", "retry_after": 1.5, "global": false});
    let commands = json!([{"name": "ping", "description": "d", "type": 1, "default_member_permissions": "8",
        "options": [{"type": 3, "name": "what", "description": "d", "autocomplete": true}]}]);
    let messages = "/api/v10/channels/2000/messages";
    let log = json!([
        exchange("POST", messages, 200, &create, &message()),
        exchange("GET", &format!("{messages}?limit=5"), 200, &Value::Null, &json!([message()])),
        exchange("PATCH", &format!("{messages}/4000"), 200, &json!({"content": "new"}), &message()),
        exchange("DELETE", &format!("{messages}/4000"), 204, &Value::Null, &Value::Null),
        exchange("POST", messages, 400, &create, &refused),
        exchange("POST", messages, 429, &create, &limited),
        exchange("POST", messages, 500, &create, &json!("oops")),
        exchange("POST", "/api/webhooks/1/t?wait=true", 200, &json!({"content": "x"}), &message()),
        exchange("PATCH", "/api/webhooks/1/t/messages/@original", 200, &json!({"content": "x"}), &message()),
        exchange(
            "POST",
            "/api/v10/interactions/1/t/callback",
            204,
            &json!({"type": 5, "data": {"flags": 64}}),
            &Value::Null
        ),
        exchange("PUT", "/api/v10/applications/1/commands", 200, &commands, &json!([])),
        exchange("GET", "/_sim/log", 200, &Value::Null, &json!([])),
    ]);
    assert_eq!(api.check_log(&log), []);
}

#[test]
fn wrong_requests_are_told_with_the_place() {
    let Some(api) = OpenApi::load() else { return };
    let long = "x".repeat(257);
    for (body, at) in [
        (json!({"content": 7}), "/content"),
        (json!({"embeds": [{"title": long}]}), "/embeds/0/title"),
        (json!({"embeds": [{"fields": [{"name": "only"}]}]}), "/embeds/0/fields/0"),
        (json!({"embeds": [{"url": "not an address"}]}), "/embeds/0/url"),
        (json!({"nonce": "x".repeat(26)}), "/nonce"),
        (json!({"allowed_mentions": {"roles": [3000]}}), "/allowed_mentions/roles/0"),
        (
            json!({"components": [{"type": 1, "components": [{"type": 2, "label": "no style"}]}]}),
            "/components/0/components/0",
        ),
        (json!({"components": [{"type": 1, "components": []}]}), "/components/0/components"),
        (Value::Null, ""),
    ] {
        let violations = api.check_message_create(&body);
        assert_eq!(places(&violations), [at], "{body}: {violations:?}");
    }
    assert_eq!(api.check_request("DELETE", "/channels/1/messages/2", &json!({"content": "x"})).len(), 1);
}

#[test]
fn wrong_answers_are_told_with_the_place_in_the_log() {
    let Some(api) = OpenApi::load() else { return };
    let path = "/api/v10/channels/2000/messages/4000";
    let mut no_author = message();
    no_author.as_object_mut().unwrap().remove("author");
    let mut number = message();
    number["id"] = json!(4000);
    let log = json!([
        exchange("GET", path, 200, &Value::Null, &message()),
        exchange("GET", path, 200, &Value::Null, &no_author),
        exchange("GET", path, 200, &Value::Null, &number),
        exchange("GET", path, 404, &Value::Null, &json!({"message": "Unknown Message"})),
        exchange("GET", path, 201, &Value::Null, &message()),
        exchange("DELETE", path, 204, &Value::Null, &message()),
        exchange("GET", "/api/v10/lighthouses/1", 200, &Value::Null, &Value::Null),
        exchange("PUT", path, 200, &Value::Null, &Value::Null),
    ]);
    let violations = api.check_log(&log);
    let expected =
        ["/1/answer", "/2/answer/id", "/3/answer", "/4/answer", "/5/answer", "/6/request", "/7/request"];
    assert_eq!(places(&violations), expected, "{violations:?}");
    assert_eq!(violations.iter().filter(|violation| violation.side == Side::Answer).count(), 5);
    assert!(violations[0].to_string().contains("\"author\" is a required property"), "{}", violations[0]);
}

#[test]
fn what_is_no_description_or_no_log_is_told() {
    assert!(OpenApi::parse(b"{}").is_err());
    assert!(OpenApi::parse(b"openapi: 3.1.0").is_err());
    let Some(api) = OpenApi::load() else { return };
    assert_eq!(api.check_log(&json!({})).len(), 1);
    assert_eq!(places(&api.check_log(&json!([{"method": "GET"}]))), ["/0"]);
}

#[test]
fn a_long_log_is_judged_in_seconds() {
    let Some(api) = OpenApi::load() else { return };
    let one = exchange("POST", "/channels/2000/messages", 200, &json!({"content": "x"}), &message());
    let log = Value::Array(vec![one; 1000]);
    assert_eq!(api.check_log(&log), []);
}
