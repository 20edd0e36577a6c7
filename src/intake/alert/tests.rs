//! Both readers on bodies written for this project (`tests/bodies/{alertmanager,grafana}`), on what real
//! Alertmanagers answered where that is at hand, and on what neither would send.

mod properties;

use std::{env, fmt::Write, fs, path::PathBuf};

use discord_openapi::OpenApi;
use serde_json::{Value, json};

use super::*;
use crate::{
    incident::{Incident, Life, route::Decision},
    intake::{self, alertmanager, grafana},
    language::Language,
    render,
};

/// The bodies of one source: the file's name without its ending, and the text.
fn bodies(source: Source) -> Vec<(String, Vec<u8>)> {
    crate::intake::bodies::all(source.as_str())
}

fn body(source: Source, file: &str) -> Value {
    let (_, body) = bodies(source).into_iter().find(|(name, _)| name == file).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn arrivals(source: Source, body: &[u8]) -> Result<Vec<Arrival>, String> {
    if source == Source::Grafana { grafana::arrivals(body) } else { alertmanager::arrivals(body) }
}

fn read_again(arrival: &Arrival) -> Event {
    intake::read(arrival.source, &arrival.kind, &arrival.body).unwrap()
}

/// The events of a webhook, read as the worker reads them.
fn events(source: Source, body: &Value) -> Vec<Event> {
    arrivals(source, body.to_string().as_bytes()).unwrap().iter().map(read_again).collect()
}

fn alert(event: &Event) -> &Alert {
    let Subject::Alert(alert) = &event.subject else { panic!("{:?}", event.subject) };
    alert
}

fn one(labels: &Value, annotations: &Value) -> Event {
    let alert = json!({"status": "firing", "labels": labels, "annotations": annotations});
    events(Source::Alertmanager, &json!({"version": "4", "alerts": [alert]})).remove(0)
}

#[test]
fn each_body_is_read_and_its_keys_stay_what_they_are() {
    let mut table = String::new();
    for source in [Source::Alertmanager, Source::Grafana] {
        for (file, body) in bodies(source) {
            for arrival in arrivals(source, &body).unwrap() {
                let event = read_again(&arrival);
                assert_eq!((&event.source_key, &event.object), (&arrival.source_key, &arrival.object));
                assert_eq!(
                    (arrival.source, event.source, event.incident.as_ref()),
                    (source, source, Some(&event.object))
                );
                writeln!(
                    table,
                    "{source} {file}: {:?}\n  object {}\n  key    {}",
                    event.severity, event.object, event.source_key
                )
                .unwrap();
            }
        }
    }
    insta::assert_snapshot!("keys", table);
}

#[test]
fn each_fact_of_a_body_arrives() {
    insta::assert_json_snapshot!("group", events(Source::Alertmanager, &body(Source::Alertmanager, "group")));
    insta::assert_json_snapshot!(
        "sparse",
        events(Source::Alertmanager, &body(Source::Alertmanager, "sparse"))
    );
    for file in ["resolved", "no_data", "sparse"] {
        insta::assert_json_snapshot!(
            format!("grafana_{file}"),
            events(Source::Grafana, &body(Source::Grafana, file))
        );
    }
}

#[test]
fn what_is_kept_of_the_group_is_little() {
    let body = body(Source::Alertmanager, "group").to_string();
    let arrival = arrivals(Source::Alertmanager, body.as_bytes()).unwrap();
    let kept: Value = serde_json::from_slice(&arrival[1].body).unwrap();
    assert_eq!(kept["alert"]["status"], "resolved");
    insta::assert_json_snapshot!("group_facts", kept["group"]);
}

#[test]
fn what_grafanas_button_test_sends_is_only_said() {
    let mut webhook = body(Source::Grafana, "firing");
    webhook["alerts"][0]["labels"] =
        json!({"alertname": "TestAlert", "instance": "Grafana", "service": "blog"});
    webhook["alerts"][0]["annotations"] = json!({"summary": "Notification test"});
    webhook["alerts"][0]["fingerprint"] = "57c6d9296de2ad39".into();
    assert_eq!(events(Source::Grafana, &webhook)[0].kind, "alert", "a rule may be called so");
    webhook["groupKey"] = "webhook-57c6d9296de2ad39-1795255200".into();
    let test = events(Source::Grafana, &webhook).remove(0);
    assert_eq!((test.kind.as_str(), test.incident.as_deref(), test.severity), ("test", None, Severity::Info));
    let incident = Incident::open(
        test.clone(),
        "key".into(),
        "vg-7k2m9q".into(),
        Decision::default(),
        Timestamp::UNIX_EPOCH,
    );
    assert_eq!(incident.life, Life::Info);
    for (language, title) in
        [(Language::En, "🧪 Only a test: TestAlert"), (Language::Fr, "🧪 Ceci est un test : TestAlert")]
    {
        let embed = render::message(&incident, language).embeds.remove(0);
        assert_eq!((embed.title.as_str(), embed.description.as_str()), (title, "Notification test"));
    }
    webhook["groupKey"] = "webhook-57c6d9296de2ad39-1795255201".into();
    assert_ne!(events(Source::Grafana, &webhook)[0].source_key, test.source_key, "pressed again");
    // Alertmanager has no such button.
    webhook["version"] = "4".into();
    assert_eq!(events(Source::Alertmanager, &webhook)[0].kind, "alert");
}

#[test]
fn an_alert_lives_in_one_incident_and_a_repeated_notification_is_a_repeat() {
    for source in [Source::Alertmanager, Source::Grafana] {
        let [firing, resolved] =
            ["firing", "resolved"].map(|file| events(source, &body(source, file)).remove(0));
        assert_eq!(firing.incident, resolved.incident);
        assert_ne!(firing.source_key, resolved.source_key);
        assert!(firing.at < resolved.at && resolved.at == alert(&resolved).ends_at);
        assert_eq!(alert(&firing).ends_at, None, "Go's zero time is none");

        let mut again = body(source, "firing");
        again["notification_reason"] = "repeat interval elapsed".into();
        again["alerts"][0]["annotations"]["summary"] = "in other words".into();
        assert_eq!(events(source, &again)[0].source_key, firing.source_key);
        again["alerts"][0]["startsAt"] = "2026-11-21T10:30:00Z".into();
        let anew = events(source, &again).remove(0);
        assert_eq!(anew.incident, firing.incident);
        assert_ne!(anew.source_key, firing.source_key);
    }
}

#[test]
fn an_alert_is_the_same_told_by_the_webhook_or_found_by_the_api() {
    let webhook = body(Source::Alertmanager, "firing");
    let mut entry = webhook["alerts"][0].clone();
    entry["endsAt"] = "2026-11-21T10:12:30.123Z".into();
    entry["status"] =
        json!({"state": "suppressed", "silencedBy": ["f2a1"], "inhibitedBy": [], "mutedBy": null});
    entry["receivers"] = json!([{"name": "vigie"}]);
    let told = events(Source::Alertmanager, &webhook).remove(0);
    let found = Found::of_api(&entry, Some("https://alerts.harbor.example")).unwrap();
    let arrival = alertmanager::arrival_of(&found, Told::Late).unwrap();
    assert_eq!(arrival.told, Told::Late);
    let mut late = read_again(&arrival);
    assert_eq!((&late.object, &late.source_key), (&told.object, &told.source_key));
    let Subject::Alert(late_alert) = &mut late.subject else { panic!() };
    assert_eq!(std::mem::take(&mut late_alert.suppressed_by), ["f2a1"]);
    assert_eq!(late, told);

    // Grafana's webhook tells nanoseconds and no private labels; its API milliseconds and all labels.
    let webhook = body(Source::Grafana, "firing");
    let mut entry = webhook["alerts"][0].clone();
    entry["startsAt"] = "2026-11-21T10:00:10.644Z".into();
    entry["status"] = json!({"state": "active"});
    entry["labels"]["__alert_rule_uid__"] = "fe1xk2".into();
    let found = Found::of_api(&entry, None).unwrap();
    let late = grafana::arrival_of(&found, Told::Late).unwrap();
    let told = events(Source::Grafana, &webhook).remove(0);
    assert_eq!((late.object, late.source_key), (told.object, told.source_key));

    let over = Found { state: Firing::Resolved, ends_at: Some(Timestamp::UNIX_EPOCH), ..found };
    assert!(grafana::arrival_of(&over, Told::Late).unwrap().source_key.contains(" resolved "));
    assert!(grafana::arrival_of(&Found { labels: BTreeMap::new(), ..over }, Told::Late).is_err());
    assert!(
        Found::of_api(&json!({"labels": 7}), None)
            .unwrap_err()
            .contains("expected an alert of Alertmanager's API")
    );
}

#[test]
fn severity_follows_the_label() {
    for (word, severity) in [
        ("critical", Severity::Critical),
        ("Page", Severity::Critical),
        ("error", Severity::Warning),
        ("whatever", Severity::Warning),
        ("none", Severity::Info),
        (" info ", Severity::Info),
    ] {
        assert_eq!(
            one(&json!({"alertname": "A", "severity": word}), &Value::Null).severity,
            severity,
            "{word}"
        );
    }
    assert_eq!(one(&json!({"alertname": "A"}), &Value::Null).severity, Severity::Warning);
}

#[test]
fn only_addresses_that_can_be_followed_are_kept() {
    let annotations =
        json!({"runbook_url": "", "runbook": "https://wiki.harbor.example/a b", "dashboard": "javascript:1"});
    let event = one(&json!({"alertname": "A"}), &annotations);
    let links = &alert(&event).links;
    assert_eq!(links.runbook.as_deref(), Some("https://wiki.harbor.example/a%20b"));
    assert_eq!((&links.dashboard, &links.source, &links.silence), (&None, &None, &None));
}

#[test]
fn an_event_is_small_however_large_its_alert_is_and_its_labels_are_whole() {
    let mut labels =
        BTreeMap::from([("alertname".to_owned(), "A".to_owned()), ("service".to_owned(), "blog".to_owned())]);
    labels.extend((0..300).map(|number| (format!("label_{number}"), "é".repeat(number))));
    let annotations = json!({"summary": "é".repeat(90_000), "description": "é".repeat(90_000)});
    let event = one(&json!(labels), &annotations);
    assert!(serde_json::to_vec(&event).unwrap().len() < 200_000);
    assert!(event.source_key.len() <= 500 && event.object.len() <= 500);
    assert!(event.labels.len() > 20 && event.labels.iter().all(|(name, value)| labels[name] == *value));
    assert_eq!(event.service.as_deref(), Some("blog"));
    labels.insert("label_299".to_owned(), "other".to_owned());
    assert_ne!(one(&json!(labels), &annotations).object, event.object, "what is left out counts");
}

#[test]
fn a_wrong_body_is_refused_with_what_was_expected_and_what_came() {
    let alert = json!({"status": "firing", "labels": {"alertname": "A"}});
    let with = |alert: Value| {
        json!({"version": "4", "alerts": [{"status": "resolved", "labels": {"a": "b"}}, alert]}).to_string()
    };
    for (body, said) in [
        (
            "{\"version\": \"4\", \"al".to_owned(),
            "an Alertmanager webhook as JSON, but it ends at line 1 column 20",
        ),
        ("payload=1".to_owned(), "but it is not JSON: expected value at line 1"),
        ("[]".to_owned(), "but it is other JSON: expected a JSON object, but it is a list"),
        ("{\"text\": \"custom\"}".to_owned(), "whose version is \"4\", found none: leave 'payload' out"),
        (
            json!({"version": "1", "alerts": [alert]}).to_string(),
            "found \"1\": leave 'payload' out of Alertmanager's webhook_configs; Grafana's",
        ),
        (json!({"version": 4, "alerts": [alert]}).to_string(), "found 4: "),
        (
            json!({"version": "4", "alerts": []}).to_string(),
            "at least one alert in its list 'alerts', found none",
        ),
        (json!({"version": "4"}).to_string(), "at least one alert"),
        (json!({"version": "4", "alerts": {}}).to_string(), "its 'alerts' is no list"),
        (with(json!(["firing"])), "but alerts[1] is other JSON: expected a JSON object"),
        (with(json!({"labels": {"a": "b"}})), "alerts[1] is other JSON: missing field `status`"),
        (
            with(json!({"status": "pending", "labels": {"a": "b"}})),
            "unknown variant `pending`, expected `firing` or `resolved`",
        ),
        (
            with(json!({"status": "firing", "labels": {"a": 7}})),
            "alerts[1] is other JSON: invalid type: integer `7`, expected a string",
        ),
        (
            with(json!({"status": "firing", "labels": {"a": ""}})),
            "expected labels, which say what alert it is, found none",
        ),
    ] {
        let error = arrivals(Source::Alertmanager, body.as_bytes()).unwrap_err();
        assert!(error.contains(said), "{body}: {error}");
    }
    let other = arrivals(Source::Grafana, json!({"version": "4", "alerts": [alert]}).to_string().as_bytes());
    assert!(
        other.unwrap_err().contains("found \"4\": leave the custom payload of Grafana's contact point empty")
    );
}

/// The alerts that real Alertmanagers told of.
fn real_alerts(test: &str) -> Option<Vec<Found>> {
    let shared = env::var_os("VIGIE_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from);
    let folder = shared.join("payloads/alertmanager-api");
    if !folder.is_dir() {
        eprintln!("skipped: {test}: no payloads/alertmanager-api below $VIGIE_SHARED");
        return None;
    }
    let of_version = |version: &str| {
        let answer = fs::read(folder.join(version).join("alerts-groups.json")).unwrap();
        let groups: Vec<Value> = serde_json::from_slice(&answer).unwrap();
        let alerts = groups.into_iter().flat_map(|group| group["alerts"].as_array().cloned().unwrap());
        alerts.map(|alert| Found::of_api(&alert, None).unwrap()).collect::<Vec<_>>()
    };
    Some(["0.27.0", "0.31.0"].into_iter().flat_map(of_version).collect())
}

#[test]
fn real_alerts_are_read() {
    let Some(found) = real_alerts("real_alerts_are_read") else { return };
    assert!(found.iter().any(|alert| !alert.suppressed_by.is_empty()));
    for found in found {
        let event = read_again(&alertmanager::arrival_of(&found, Told::Late).unwrap());
        let alert = alert(&event);
        assert_eq!((&alert.labels, alert.starts_at), (&found.labels, found.starts_at));
        assert!(!alert.summary.is_empty() || !alert.description.is_empty(), "{found:?}");
    }
}

#[test]
fn every_alert_makes_a_message_that_discord_describes() {
    let Some(description) = OpenApi::load() else { return };
    let ours = [Source::Alertmanager, Source::Grafana].into_iter().flat_map(|source| {
        bodies(source).into_iter().flat_map(move |(_, body)| arrivals(source, &body).unwrap())
    });
    let real = real_alerts("every_alert_makes_a_message_that_discord_describes").unwrap_or_default();
    let real = real.iter().map(|found| alertmanager::arrival_of(found, Told::Late).unwrap());
    for arrival in ours.chain(real) {
        let event = read_again(&arrival);
        let received = "2026-11-21T10:00:00Z".parse().unwrap();
        let incident = Incident::open(event, "key".into(), "vg-7k2m9q".into(), Decision::default(), received);
        for language in Language::ALL {
            let message = serde_json::to_value(render::message(&incident, language)).unwrap();
            let violations = description.check_request("POST", "/channels/1/messages", &message);
            assert!(violations.is_empty(), "{violations:?}: {message}");
        }
    }
}
