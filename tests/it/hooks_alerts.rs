//! The webhooks of Alertmanager and Grafana: who is believed, what is taken and what is refused.

use harness::{Answer, FALLBACK, Lab, SECRET, Vigie, eventually};
use hyper::Method;
use serde_json::{Value, json};
use stack_sim::gitea::sign;

use crate::vigie;

const ALERTMANAGER: &str = "alertmanager";
const GRAFANA: &str = "grafana";
const BEARER: (&str, &str) = ("authorization", "Bearer simulated");
const SIGNATURE: &str = "x-grafana-alerting-signature";

/// A Vigie with `sources` that shows everything in one channel.
async fn start(lab: &Lab, sources: &str) -> Vigie {
    let sources = sources.replace("FOLDER", &lab.folder().display().to_string());
    let routes = format!("{sources}\n[[routes]]\nchannels = [{}]", FALLBACK + 1);
    lab.vigie_with(vigie(), &lab.configuration(&routes)).await
}

async fn post(lab: &Lab, vigie: &Vigie, hook: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let url = format!("{}/hooks/{hook}", vigie.origin);
    lab.client.request(Method::POST, &url, headers, body.to_owned()).await
}

async fn counted(vigie: &Vigie, source: &str, outcome: &str, count: u32) {
    let series = format!("vigie_events_total{{source=\"{source}\",outcome=\"{outcome}\"}}");
    vigie.reaches(&series, count.into()).await;
}

async fn shown(lab: &Lab, count: usize) -> Vec<Value> {
    eventually(&format!("{count} messages"), async || {
        let messages = lab.messages(FALLBACK + 1).await;
        (messages.len() == count).then_some(messages)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_alert_of_a_group_is_shown_once_and_edited_as_it_ends() {
    let lab = Lab::new(1).await;
    let vigie = start(&lab, "[sources.alertmanager]\ntoken_file = \"FOLDER/token\"").await;
    let body = include_str!("../bodies/alertmanager/group.json");
    for _ in 0..2 {
        let answer = post(&lab, &vigie, ALERTMANAGER, &[BEARER], body).await;
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
    let messages = shown(&lab, 3).await;
    counted(&vigie, ALERTMANAGER, "accepted", 3).await;
    counted(&vigie, ALERTMANAGER, "repeat", 3).await;

    let mut webhook: Value = serde_json::from_str(body).unwrap();
    webhook["alerts"].as_array_mut().unwrap().reverse();
    webhook["alerts"][2]["status"] = "resolved".into();
    webhook["alerts"][2]["endsAt"] = "2026-11-21T10:05:00Z".into();
    assert_eq!(post(&lab, &vigie, ALERTMANAGER, &[BEARER], &webhook.to_string()).await.status, 204);
    eventually("one of them was edited", async || {
        let now = lab.messages(FALLBACK + 1).await;
        assert_eq!(now.len(), messages.len(), "{now:#?}");
        (now.iter().filter(|message| !message["sim"]["edits"].as_array().unwrap().is_empty()).count() == 1)
            .then_some(())
    })
    .await;
    counted(&vigie, ALERTMANAGER, "accepted", 4).await;
    counted(&vigie, ALERTMANAGER, "repeat", 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_alertmanager_does_not_send_is_refused_counted_and_logged() {
    let lab = Lab::new(1).await;
    let vigie = start(&lab, "[sources.alertmanager]\ntoken_file = \"FOLDER/token\"").await;
    let good = include_str!("../bodies/alertmanager/firing.json");
    for value in ["", "Bearer", "Bearer other", "Basic c2ltdWxhdGVk", "simulated"] {
        let answer = post(&lab, &vigie, ALERTMANAGER, &[("authorization", value)], good).await;
        assert_eq!(answer.status, 401, "{value}");
        assert!(answer.text().contains("[sources.alertmanager] token_file"), "{}", answer.text());
    }
    assert_eq!(
        post(&lab, &vigie, ALERTMANAGER, &[BEARER], &good.replace(' ', &" ".repeat(5_000))).await.status,
        413
    );
    assert_eq!(post(&lab, &vigie, GRAFANA, &[BEARER], good).await.status, 404, "it is not set up");
    let empty = json!({"version": "4", "alerts": []}).to_string();
    let grafana = include_str!("../bodies/grafana/firing.json");
    let bad = [&good[..200], "alert=1", "[1]", "{\"text\": \"custom\"}", &empty, grafana];
    for body in bad {
        let answer = post(&lab, &vigie, ALERTMANAGER, &[BEARER], body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.text().starts_with("expected an Alertmanager webhook"), "{}", answer.text());
    }
    counted(&vigie, ALERTMANAGER, "unauthorized", 5).await;
    counted(&vigie, ALERTMANAGER, "too_large", 1).await;
    counted(&vigie, ALERTMANAGER, "invalid", 6).await;
    let log = vigie.log();
    for said in [
        "'Bearer' and the token",
        "at least one alert in its list 'alerts'",
        "Grafana's contact points belong to /hooks/grafana",
    ] {
        assert!(
            log.lines().any(|line| line.contains("alertmanager") && line.contains(said)),
            "{said}: {log}"
        );
    }
    assert!(!log.contains("Bearer other"), "{log}");
    assert_eq!(post(&lab, &vigie, ALERTMANAGER, &[BEARER], good).await.status, 204);
    shown(&lab, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grafana_is_believed_by_its_bearer() {
    let lab = Lab::new(1).await;
    let vigie = start(&lab, "[sources.grafana]\ntoken_file = \"FOLDER/token\"").await;
    let body = include_str!("../bodies/grafana/no_data.json");
    assert_eq!(
        post(&lab, &vigie, GRAFANA, &[(SIGNATURE, &sign(SECRET, body.as_bytes()))], body).await.status,
        401
    );
    let answer = post(&lab, &vigie, GRAFANA, &[BEARER], body).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    shown(&lab, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grafana_is_believed_by_its_signature_whose_time_is_signed_too() {
    let lab = Lab::new(1).await;
    let sources =
        "[sources.grafana]\nsecret_file = \"FOLDER/secret\"\ntimestamp_header = \"X-Grafana-Timestamp\"";
    let vigie = start(&lab, sources).await;
    let body = include_str!("../bodies/grafana/firing.json");
    // Long ago: the time is not held against the clock.
    let time = ("x-grafana-timestamp", "1700000000");
    let signature = sign(SECRET, format!("1700000000:{body}").as_bytes());
    let (without_time, other_key) =
        (sign(SECRET, body.as_bytes()), sign("other", format!("1700000000:{body}").as_bytes()));
    for headers in [
        &[time][..],
        &[(SIGNATURE, &signature)],
        &[("x-grafana-timestamp", "1700000001"), (SIGNATURE, &signature)],
        &[time, (SIGNATURE, &without_time)],
        &[time, (SIGNATURE, &other_key)],
        &[time, BEARER],
    ] {
        let answer = post(&lab, &vigie, GRAFANA, headers, body).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        assert!(answer.text().contains("[sources.grafana] secret_file"), "{}", answer.text());
    }
    for _ in 0..2 {
        assert_eq!(post(&lab, &vigie, GRAFANA, &[time, (SIGNATURE, &signature)], body).await.status, 204);
    }
    shown(&lab, 1).await;
    counted(&vigie, GRAFANA, "accepted", 1).await;
    counted(&vigie, GRAFANA, "repeat", 1).await;
    let custom = json!({"version": "4", "alerts": [{}]}).to_string();
    let signature = sign(SECRET, format!("1700000000:{custom}").as_bytes());
    let answer = post(&lab, &vigie, GRAFANA, &[time, (SIGNATURE, &signature)], &custom).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.text().starts_with("expected a Grafana webhook, whose version is \"1\", found \"4\""),
        "{}",
        answer.text()
    );
}
