//! The life of an alert, and of the outage that several alerts tell of, as the webhooks' readers tell them.

use serde_json::{Value, json};

use super::*;
use crate::intake::{self, alertmanager};

/// What Alertmanager says of an alert that fires since the second `start`, or fired until `end`.
fn alert(labels: &Value, start: i64, end: Option<i64>) -> Event {
    let alert = json!({
        "status": if end.is_some() { "resolved" } else { "firing" },
        "labels": labels, "startsAt": at(start), "endsAt": end.map(at),
    });
    let webhook = json!({"version": "4", "alerts": [alert]}).to_string();
    let arrival = alertmanager::arrivals(webhook.as_bytes()).unwrap().remove(0);
    intake::read(arrival.source, &arrival.kind, &arrival.body).unwrap()
}

fn disk() -> Value {
    json!({"alertname": "DiskAlmostFull", "instance": "pi"})
}

const MINUTE: i64 = 60;

#[test]
fn an_alert_that_fires_again_within_an_hour_opens_its_incident_again() {
    let ended = opened(alert(&disk(), 0, None)).after(alert(&disk(), 0, Some(600)), at(1000));
    assert_eq!((ended.life, ended.updated), (Life::Closed, at(600)));

    let late = alert(&disk(), 600 + 60 * MINUTE, None);
    assert!(!ended.continues(&late, at(9000)), "an hour later it is another incident");
    let soon = alert(&disk(), 600 + 59 * MINUTE, None);
    assert!(ended.continues(&soon, at(9000)));
    let again = ended.after(soon, at(9000));
    assert_eq!((again.life, again.opened), (Life::Open, at(0)));
    assert_eq!(again.reopened, [at(600 + 59 * MINUTE)]);
}

#[test]
fn an_alert_that_its_source_took_for_ended_fires_on() {
    let ended = opened(alert(&disk(), 100, None)).after(alert(&disk(), 100, Some(600)), at(1000));
    let on = alert(&disk(), 100, None);
    assert!(ended.continues(&on, at(90_000)));
    let on = ended.clone().after(on, at(90_000));
    assert_eq!((on.life, on.updated, on.reopened), (Life::Open, at(90_000), vec![at(90_000)]));

    let overtaken = ended.after(alert(&disk(), 50, None), at(90_000));
    assert_eq!((overtaken.life, overtaken.updated), (Life::Closed, at(600)));
}

#[test]
fn an_outage_ends_when_all_who_told_of_it_say_so() {
    let by = |rule: &str| json!({"alertname": rule, "service": "blog"});
    let (probe, unit) = (by("ProbeDown"), by("ServiceDown"));
    let mut outage = opened(alert(&probe, 0, None));
    assert_eq!(outage::key(&alert(&probe, 0, None)), outage::key(&alert(&unit, 0, None)));
    for (event, life) in [
        (alert(&unit, 30, None), Life::Open),
        (alert(&probe, 0, Some(300)), Life::Open),
        // It was under way for long.
        (alert(&unit, 30, Some(200)), Life::Closed),
        (alert(&unit, 400, None), Life::Open),
        (alert(&unit, 400, Some(500)), Life::Closed),
        (alert(&unit, 400, None), Life::Open),
    ] {
        outage = outage.after(event, at(1000));
        assert_eq!(outage.life, life);
    }
    let reports: Vec<_> = outage.reports.iter().map(|one| (one.name.as_str(), one.says)).collect();
    assert_eq!(reports, [("ProbeDown", Reporter::Up), ("ServiceDown", Reporter::Down)]);
}

#[test]
fn who_looks_after_an_outage_does_so_until_it_ends_however_late_its_end_is_told() {
    let by = |rule: &str| json!({"alertname": rule, "service": "blog"});
    let (probe, unit) = (by("ProbeDown"), by("ServiceDown"));
    let mut outage = opened(alert(&probe, 0, None)).after(alert(&unit, 30, None), at(1000));
    outage = outage.after(alert(&probe, 0, Some(300)), at(1000));
    outage.acknowledged = Some(Acknowledged { by: 4000, at: at(310) });
    let ended = outage.after(alert(&unit, 30, Some(200)), at(1000));
    assert_eq!((ended.life, ended.acknowledged), (Life::Closed, None));
}

#[test]
fn an_outage_is_as_bad_as_the_worst_that_was_said_of_it() {
    let by = |rule: &str, severity: &str| json!({"alertname": rule, "service": "blog", "severity": severity});
    let (mild, bad) = (by("ProbeDown", "warning"), by("ServiceDown", "critical"));
    let mut outage = opened(alert(&mild, 0, None));
    for (event, severity) in [
        (alert(&bad, 30, Some(40)), Severity::Warning),
        (alert(&bad, 50, None), Severity::Critical),
        (alert(&mild, 60, None), Severity::Critical),
        (alert(&bad, 50, Some(70)), Severity::Critical),
        (alert(&mild, 60, Some(80)), Severity::Critical),
        (alert(&mild, 90, None), Severity::Warning),
    ] {
        outage = outage.after(event, at(1000));
        assert_eq!(outage.severity, severity, "{:?}", outage.updated);
    }
}

#[test]
fn only_what_says_that_a_service_is_down_is_part_of_its_outage() {
    let key = |labels: Value| outage::key(&alert(&labels, 0, None));
    assert_eq!(
        key(json!({"alertname": "Probe", "service": "blog", "availability": "down"})).as_deref(),
        Some("service blog")
    );
    assert_eq!(
        key(json!({"alertname": "blog is down!", "service": "blog"})).as_deref(),
        Some("service blog")
    );
    for apart in [
        json!({"alertname": "ServiceDown"}),
        json!({"alertname": "LatencyHigh", "service": "blog"}),
        json!({"alertname": "ScaledDown", "service": "blog", "availability": "no"}),
        json!({"alertname": "DatasourceNoData", "rulename": "BlogDown", "service": "blog"}),
    ] {
        assert_eq!(key(apart.clone()), None, "{apart}");
    }
}
