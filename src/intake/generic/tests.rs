use hyper::HeaderMap;
use serde_json::{Value, json};

use super::*;
use crate::{
    incident::{Incident, Life, route::Decision},
    intake::bodies,
};

fn take(hook: &str, body: &Value) -> Event {
    read(hook, body.to_string().as_bytes()).unwrap()
}

#[test]
fn each_fact_of_a_body_arrives() {
    for (file, body) in bodies::all("generic") {
        insta::assert_json_snapshot!(file, read("cron", &body).unwrap());
    }
}

#[test]
fn a_mistake_is_named() {
    let many: BTreeMap<_, _> = (0..51).map(|number| (format!("l{number}"), "x")).collect();
    for (body, said) in [
        (json!([]), "expected a JSON object, but it is a list"),
        (json!({}), "missing field `title`"),
        (json!({"title": " "}), "expected 'title' to say something"),
        (json!({"titel": "x"}), "unknown field `titel`, expected one of `title`, `id`, `key`, `status`"),
        (json!({"title": "x", "status": "fire"}), "unknown variant `fire`, expected one of `firing`"),
        (json!({"title": "x", "severity": "high"}), "unknown variant `high`, expected one of `info`"),
        (
            json!({"title": "x", "id": ""}),
            "expected 'id' to be a text of 1 to 200 characters, but it is empty",
        ),
        (json!({"title": "x", "key": "k".repeat(201)}), "expected 'key'"),
        (json!({"title": "x", "service": "s".repeat(201)}), "1 to 200 characters, but it has 201"),
        (json!({"title": "x", "url": "ftp://pi"}), "'url' to be an http or https address"),
        (json!({"title": "x", "labels": many}), "expected at most 50 'labels', but there are 51"),
        (json!({"title": "x", "labels": {"a": 7}}), "expected a string"),
        (json!({"title": "x", "labels": {"host": ""}}), "expected 'labels.host'"),
    ] {
        let error = read("cron", body.to_string().as_bytes()).unwrap_err();
        assert!(error.starts_with("expected ") && error.contains(said), "{body}: {error}");
    }
}

#[test]
fn an_id_is_a_repeat_for_ever_and_without_one_nothing_is() {
    let come = |name, body: &Value| {
        let body = body.to_string();
        arrival(&Request { name, headers: &HeaderMap::new(), query: None, body: body.as_bytes() }).unwrap()
    };
    let named = json!({"title": "x", "id": "7"});
    assert_eq!(come("cron", &named).delivery.as_deref(), Some("cron/7"));
    assert_ne!(come("cron", &named).delivery, come("disk", &named).delivery);
    let nameless = come("cron", &json!({"title": "x", "key": "k"}));
    assert_eq!((nameless.delivery, nameless.source_key.as_str()), (None, ""));
}

#[test]
fn what_has_a_life_goes_by_its_key_and_else_by_its_title() {
    for (body, incident) in [
        (json!({"title": "t"}), None),
        (json!({"title": "t", "key": "k"}), Some("cron k")),
        (json!({"title": "t", "status": "firing"}), Some("cron t")),
        (json!({"title": "t", "status": "resolved", "id": "7"}), Some("cron t")),
        (json!({"title": "t", "status": "firing", "key": "k"}), Some("cron k")),
    ] {
        assert_eq!(take("cron", &body).incident.as_deref(), incident, "{body}");
    }
}

#[test]
fn a_remark_does_not_end_what_goes_on() {
    let (received, decision) = (jiff::Timestamp::UNIX_EPOCH, Decision::default());
    let told = |status: &str| take("cron", &json!({"title": status, "key": "backup", "status": status}));
    let incident = Incident::open(told("firing"), "key".into(), "vg-1".into(), decision, received);
    let incident = incident.after(told("info"), received);
    assert_eq!((incident.life, incident.severity), (Life::Open, Severity::Warning));
    assert_eq!(incident.after(told("resolved"), received).life, Life::Closed);
}

#[test]
fn however_much_it_has_to_say_it_arrives() {
    let body = json!({"title": "é".repeat(9_000), "text": "é".repeat(90_000), "status": "firing"});
    let event = take("cron", &body);
    assert!(event.object.len() <= 500 && serde_json::to_vec(&event).unwrap().len() < 130_000);
    assert!(matches!(event.subject, Subject::Generic(said) if said.title.ends_with('…')));
}
