use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn codes(body: &Value) -> Value {
    check_message(body, 0, Checking::Create).unwrap_err().errors.unwrap()
}

#[test]
fn every_mistake_is_told_by_its_path() {
    let errors = codes(&json!({
        "content": "x".repeat(2001),
        "nonce": "n".repeat(26),
        "embeds": [{"title": "ok"}, {"fields": [{"name": "a", "value": ""}, {"name": "b", "value": "y".repeat(1025)}]}],
        "components": [{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "", "label": "go"}]}],
    }));
    assert_eq!(errors["content"]["_errors"][0]["code"], "BASE_TYPE_MAX_LENGTH");
    assert_eq!(errors["nonce"]["_errors"][0]["message"], "Must be 25 or fewer in length.");
    assert!(errors["embeds"].get("0").is_none());
    assert_eq!(errors["embeds"]["1"]["fields"]["0"]["value"]["_errors"][0]["code"], "BASE_TYPE_REQUIRED");
    assert_eq!(errors["embeds"]["1"]["fields"]["1"]["value"]["_errors"][0]["code"], "BASE_TYPE_MAX_LENGTH");
    let custom_id = &errors["components"]["0"]["components"]["0"]["custom_id"]["_errors"][0];
    assert_eq!(custom_id["message"], "Must be between 1 and 100 in length.");
}

#[test]
fn a_time_may_lack_its_zone() {
    let embed = |time: &str| json!({"embeds": [{"title": "down", "timestamp": time}]});
    for time in ["2026-11-21T10:00:00.123Z", "2026-11-21T11:00:00+01:00", "2026-11-21 10:00:00.123"] {
        check_message(&embed(time), 0, Checking::Create).unwrap();
    }
    let errors = codes(&embed("at ten"));
    assert_eq!(errors["embeds"]["0"]["timestamp"]["_errors"][0]["code"], "DATETIME_TYPE_PARSE");
}

#[test]
fn components_of_the_second_version_stand_alone_and_only_with_their_flag() {
    let display = json!([{"type": 10, "content": "hello"}]);
    let with_flag = json!({"flags": 1 << 15, "components": display});
    assert!(check_message(&with_flag, 0, Checking::Create).is_ok());
    let errors = codes(&json!({"flags": 1 << 15, "components": display, "content": "too"}));
    let code = &errors["content"]["_errors"][0]["code"];
    assert_eq!(code, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2");
    let errors = codes(&json!({"content": "x", "components": display}));
    assert_eq!(errors["components"]["0"]["type"]["_errors"][0]["code"], "UNION_TYPE_CHOICES");
}

#[test]
fn nothing_to_show_is_50006() {
    let row = json!([{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "a", "label": "b"}]}]);
    for body in [json!({}), json!({"content": " \n"}), json!({"embeds": []}), json!({"components": row})] {
        assert_eq!(check_message(&body, 0, Checking::Create).unwrap_err().code, 50006, "{body}");
    }
    assert!(check_message(&json!({}), 1, Checking::Create).is_ok());
}

proptest! {
    #[test]
    fn content_is_counted_in_utf16_units_of_the_trimmed_text(text in "[a🔷é]{1995,2005}", pad in " {0,9}") {
        let units = text.encode_utf16().count();
        let accepted = check_message(&json!({"content": format!("{pad}{text}{pad}")}), 0, Checking::Create).is_ok();
        prop_assert_eq!(accepted, units <= 2000);
    }

    #[test]
    fn embeds_are_accepted_up_to_6000_in_all(lengths in prop::collection::vec(1_usize..1500, 1..8)) {
        let embeds: Vec<Value> = lengths.iter().map(|n| json!({"description": "d".repeat(*n)})).collect();
        let accepted = check_message(&json!({"embeds": embeds}), 0, Checking::Create).is_ok();
        prop_assert_eq!(accepted, lengths.iter().sum::<usize>() <= 6000);
    }

    #[test]
    fn no_body_makes_the_check_panic(body in any_json(), files in 0_usize..12) {
        let _ = check_message(&body, files, Checking::Create);
        let _ = check_message(&body, files, Checking::Edit);
    }
}

/// JSON whose keys are those of a message, so that it gets deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0_u64..40_000).prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "content",
        "embeds",
        "components",
        "flags",
        "nonce",
        "allowed_mentions",
        "parse",
        "users",
        "type",
        "style",
        "custom_id",
        "options",
        "fields",
        "footer",
        "image",
        "url",
        "attachments",
        "accessory",
        "items",
        "media",
    ]);
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..8)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}
