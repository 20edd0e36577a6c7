use serde_json::{Value, json};

use super::*;
use crate::{
    incident::{Incident, Life, route::Decision},
    intake::bodies,
};

fn report(state: &str, at: &str) -> Value {
    json!({"deployment": "pi-000042", "target": "pi", "state": state, "at": at})
}

fn take(body: &Value) -> Result<Event, String> {
    read(body.to_string().as_bytes())
}

#[test]
fn each_fact_of_a_body_arrives() {
    for (file, body) in bodies::all("deploy") {
        insta::assert_json_snapshot!(file, read(&body).unwrap());
    }
}

#[test]
fn each_state_has_its_key_and_what_went_wrong_is_a_warning() {
    for (state, severity) in [
        ("planned", Severity::Info),
        ("building", Severity::Info),
        ("switching", Severity::Info),
        ("checking", Severity::Info),
        ("live", Severity::Info),
        ("rolled_back", Severity::Warning),
        ("failed", Severity::Warning),
    ] {
        let event = take(&report(state, "2026-11-21T10:00:00Z")).unwrap();
        assert_eq!((event.source_key, event.severity), (format!("pi-000042 {state}"), severity));
        assert_eq!(event.labels["state"], state);
    }
}

#[test]
fn a_mistake_is_named() {
    for (field, value, said) in [
        ("stat", json!("live"), "unknown field `stat`, expected one of `deployment`, `target`"),
        ("state", json!("gone"), "unknown variant `gone`, expected one of `planned`, `building`"),
        ("deployment", json!(""), "expected 'deployment' to be a text of 1 to 200 characters"),
        ("target", json!("t".repeat(201)), "expected 'target'"),
        ("commit", json!("4f1d0c8"), "whole hash of 40 hexadecimal digits, but it is '4f1d0c8'"),
        ("at", json!("2026-11-21 10:00"), "a time with its zone, such as 2026-11-21T10:00:00Z"),
        ("at", Value::Null, "expected a string"),
        ("generation", json!(-1), "expected a whole number"),
        ("url", json!("pi/deploys"), "expected 'url'"),
        ("log", json!("one line"), "expected a sequence"),
    ] {
        let mut body = report("live", "2026-11-21T10:00:00Z");
        body[field] = value;
        let error = take(&body).unwrap_err();
        assert!(error.starts_with("expected ") && error.contains(said), "{body}: {error}");
    }
}

#[test]
fn a_state_that_was_overtaken_does_not_come_back() {
    let (received, decision) = (Timestamp::UNIX_EPOCH, Decision::default());
    let at = |state, second| take(&report(state, &format!("2026-11-21T10:00:0{second}Z"))).unwrap();
    let incident = Incident::open(at("planned", 1), "key".into(), "vg-1".into(), decision, received);
    let incident = incident.after(at("live", 5), received).after(at("checking", 4), received);
    assert_eq!(incident.life, Life::Closed);
    assert!(matches!(incident.subject, Subject::Deployment(one) if one.state == DeploymentState::Live));
}

#[test]
fn of_a_long_log_the_newest_lines_are_kept() {
    let log_of = |count: usize| {
        let mut body = report("failed", "2026-11-21T10:00:00Z");
        body["log"] = (1..=count).map(|line| format!("line {line} {}", "x".repeat(600))).collect();
        let Subject::Deployment(one) = take(&body).unwrap().subject else { panic!() };
        one.log
    };
    assert_eq!((log_of(50).len(), &log_of(50)[0][..6]), (50, "line 1"));
    let long = log_of(120);
    assert_eq!((long.len(), long[0].as_str(), &long[1][..7]), (50, "… 71 earlier lines", "line 72"));
    assert!(long.iter().all(|line| line.chars().count() <= 500));
}
