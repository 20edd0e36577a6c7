//! Alerts by Alertmanager, Grafana and Prometheus.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::scene::{CHANNEL, Scene};

const SINCE: &str = "2026-11-01T10:00:00Z";

fn labels(name: &str) -> Value {
    json!({ "alertname": name, "instance": "pi" })
}

/// An alert as the API tells it.
fn listed(name: &str, receiver: &str, silenced_by: &[&str]) -> Value {
    let state = if silenced_by.is_empty() { "active" } else { "suppressed" };
    json!({
        "labels": labels(name), "annotations": { "summary": format!("{name} on pi") }, "startsAt": SINCE,
        "endsAt": "2036-11-01T10:00:00Z", "updatedAt": SINCE, "fingerprint": "00", "receivers": [{ "name": receiver }],
        "generatorURL": "http://prometheus.example", "status": {
            "state": state, "silencedBy": silenced_by, "inhibitedBy": [], "mutedBy": [],
        },
    })
}

/// An alert as the webhook tells it.
fn told(name: &str, status: &str, since: &str, until: &str) -> Value {
    json!({
        "version": "4", "groupKey": "{}", "status": status, "receiver": "vigie", "truncatedAlerts": 0, "alerts": [{
            "status": status, "labels": labels(name), "annotations": {}, "startsAt": since, "endsAt": until,
        }],
    })
}

const NEVER: &str = "0001-01-01T00:00:00Z";

async fn found_and_ended(source: &'static str, alerts: &'static str) {
    let mut scene = Scene::new().await;
    scene.programs.answer(alerts, &json!([listed("Hot", "vigie", &[])]));
    let vigie = scene.vigie(&[source]).await;
    let message = scene.says(CHANNEL, "Hot").await;
    scene.minute(&vigie).await;
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, 1).await;
    scene.away(vigie, Duration::from_hours(30)).await;

    // A day later, nothing changed: it is not told again.
    let vigie = scene.vigie(&[source]).await;
    scene.minute(&vigie).await;
    assert_eq!(scene.shown(CHANNEL, 1).await[0]["sim"]["edits"], message["sim"]["edits"]);
    scene.away(vigie, Duration::from_mins(10)).await;

    scene.programs.answer(alerts, &json!([listed("Full", "vigie", &[])]));
    let vigie = scene.vigie(&[source]).await;
    scene.says(CHANNEL, "Full").await;
    scene.go_on(&vigie, source, 1).await;
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_alertmanager_did_not_bring_is_found_once() {
    found_and_ended("alertmanager", "alertmanager/api/v2/alerts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_grafana_did_not_bring_is_found_once() {
    found_and_ended("grafana", "grafana/api/alertmanager/grafana/api/v2/alerts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_webhook_told_is_not_told_again() {
    let scene = Scene::new().await;
    let vigie = scene.vigie(&["alertmanager"]).await;
    scene.rest().await;
    scene.told(&vigie, "alertmanager", &told("Hot", "firing", SINCE, NEVER)).await;
    scene.programs.answer("alertmanager/api/v2/alerts", &json!([listed("Hot", "vigie", &[])]));
    scene.minute(&vigie).await;
    scene.minute(&vigie).await;
    let metrics = vigie.get("/metrics").await.text();
    assert!(!metrics.contains("outcome=\"found\""), "{metrics}");
    scene.shown(CHANNEL, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_quiet_or_goes_elsewhere_is_not_shown() {
    let scene = Scene::new().await;
    let alerts = |hot: &[&str]| {
        json!([
            listed("Hot", "vigie", hot),
            listed("Full", "vigie", &["s1"]),
            listed("Watchdog", "null", &[])
        ])
    };
    scene.programs.answer("alertmanager/api/v2/alerts", &alerts(&[]));
    let vigie = scene.vigie(&["alertmanager"]).await;
    scene.says(CHANNEL, "Hot").await;
    scene.programs.answer("alertmanager/api/v2/alerts", &alerts(&["s2"]));
    scene.minute(&vigie).await;
    scene.minute(&vigie).await;
    let metrics = vigie.get("/metrics").await.text();
    assert!(
        metrics.contains("source=\"alertmanager\",outcome=\"found\"} 2"),
        "the note of the silence: {metrics}"
    );
    scene.shown(CHANNEL, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alertmanager_that_was_just_started_ends_nothing() {
    let scene = Scene::new().await;
    scene.programs.answer("alertmanager/api/v2/alerts", &json!([listed("Hot", "vigie", &[])]));
    let vigie = scene.vigie(&["alertmanager"]).await;
    scene.says(CHANNEL, "Hot").await;
    scene.rest().await;
    scene.alertmanager_runs_since(&vigie.clock.now().to_string());
    scene.programs.answer("alertmanager/api/v2/alerts", &json!([]));
    for _ in 0..3 {
        scene.minute(&vigie).await;
    }
    scene.go_on(&vigie, "alertmanager", 1).await;
    for _ in 0..3 {
        scene.minute(&vigie).await;
    }
    scene.go_on(&vigie, "alertmanager", 0).await;
    scene.shown(CHANNEL, 1).await;
}

/// A series of `ALERTS` that has a value every 15 s.
fn series(name: &str, from: Timestamp, to: Timestamp) -> Value {
    let moments = (from.as_second()..=to.as_second()).step_by(15);
    let values: Vec<Value> = moments.map(|at| json!([at, "1"])).collect();
    let metric = json!({ "__name__": "ALERTS", "alertstate": "firing", "alertname": name, "instance": "pi" });
    json!({ "metric": metric, "values": values })
}

/// What Prometheus answers of series.
fn matrix(series: &Value) -> Value {
    json!({ "status": "success", "data": { "resultType": "matrix", "result": series } })
}

impl Scene {
    /// One with a Prometheus that has seen nothing, and that calls itself `cluster: home` to others.
    async fn with_prometheus() -> Self {
        let scene = Self::new().await;
        let yaml = "global:\n  scrape_interval: 15s\n  external_labels:\n    cluster: home\n";
        let configuration = json!({ "status": "success", "data": { "yaml": yaml } });
        scene.programs.answer("prometheus/api/v1/query_range", &matrix(&json!([])));
        scene.programs.answer("prometheus/api/v1/status/config", &configuration);
        scene
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_and_went_is_found_by_prometheus() {
    let mut scene = Scene::with_prometheus().await;
    let sources = ["alertmanager", "prometheus"];
    let vigie = scene.vigie(&sources).await;
    scene.minute(&vigie).await;
    let since = vigie.clock.now() - Duration::from_mins(2);
    let mut known = told("Known", "firing", &since.to_string(), NEVER);
    known["alerts"][0]["labels"]["cluster"] = json!("home");
    scene.told(&vigie, "alertmanager", &known).await;
    scene.shown(CHANNEL, 1).await;
    scene.away(vigie, Duration::from_mins(30)).await;

    let (from, to) = (scene.before(Duration::from_mins(20)), scene.before(Duration::from_mins(10)));
    let found = json!([series("Known", since, to), series("Hot", from, to)]);
    scene.programs.answer("prometheus/api/v1/query_range", &matrix(&found));
    scene.programs.refuse("prometheus", Some(503));
    let vigie = scene.vigie(&sources).await;
    scene.minute(&vigie).await;
    scene.programs.refuse("prometheus", None);
    scene.minute(&vigie).await;
    scene.says(CHANNEL, "Hot").await;
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, 2).await;
    // The other one has ended by Alertmanager, which does not list it.
    scene.go_on(&vigie, "alertmanager", 0).await;
    scene.away(vigie, Duration::from_mins(1)).await;
    let vigie = scene.vigie(&sources).await;
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_just_after_the_return_is_found_by_the_next_look() {
    let mut scene = Scene::with_prometheus().await;
    let sources = ["alertmanager", "prometheus"];
    let vigie = scene.vigie(&sources).await;
    scene.minute(&vigie).await;
    scene.away(vigie, Duration::from_mins(30)).await;
    let fires = series("Hot", scene.before(Duration::from_mins(20)), scene.before(Duration::ZERO));
    scene.programs.answer("prometheus/api/v1/query_range", &matrix(&json!([fires])));
    let vigie = scene.vigie(&sources).await;
    scene.rest().await;
    scene.shown(CHANNEL, 0).await;
    scene.minute(&vigie).await;
    scene.says(CHANNEL, "Hot").await;
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, 1).await;
}
