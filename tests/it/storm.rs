//! Many alerts at once, at night, or while Discord is away: a few messages that say how things stand.

use std::time::Duration;

use harness::{FALLBACK, Lab, Peer, eventually};
use hyper::Method;
use serde_json::{Value, json};
use vigie::clock::Clock;

use crate::{hold_against_discord, inside::Inside, vigie};

const CHANNEL: u64 = FALLBACK + 1;

/// A configuration that takes alerts, with one route for all.
fn configuration(lab: &Lab, route: &str) -> String {
    let token = lab.folder().join("token");
    let sources = format!("[sources.alertmanager]\ntoken_file = \"{}\"", token.display());
    lab.configuration(&format!("{sources}\n[[routes]]\nchannels = [{CHANNEL}]\n{route}\n"))
}

fn alert(name: &str, severity: &str, status: &str) -> Value {
    json!({
        "status": status, "labels": { "alertname": name, "severity": severity },
        "annotations": { "summary": "it is not as it should be" }, "startsAt": "2026-11-21T10:00:00Z",
        "endsAt": if status == "firing" { "0001-01-01T00:00:00Z" } else { "2026-11-21T10:05:00Z" },
        "generatorURL": "http://prometheus.example.org/graph", "fingerprint": name,
    })
}

/// Alertmanager tells of all these at once.
async fn tell(vigie: &Peer, alerts: Vec<Value>) {
    let body = json!({
        "version": "4", "groupKey": "{}:{}", "truncatedAlerts": 0, "status": "firing", "receiver": "vigie",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.org", "alerts": alerts,
    });
    let url = format!("{}/hooks/alertmanager", vigie.origin);
    let headers = [("content-type", "application/json"), ("authorization", "Bearer simulated")];
    let answer = vigie.client.request(Method::POST, &url, &headers, body.to_string()).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// Discord refused nothing because of a limit.
async fn within_the_limits(lab: &Lab) {
    let log = lab.log().await;
    let refused = log.as_array().unwrap().iter().filter(|exchange| exchange["status"] == 429).count();
    assert_eq!(refused, 0, "requests beyond a limit");
}

/// The messages once one has a title like this, which is the first of them.
async fn titled(lab: &Lab, start: &str) -> (String, Vec<Value>) {
    eventually(start, async || {
        let messages = lab.messages(CHANNEL).await;
        let found = messages
            .iter()
            .map(|message| &message["embeds"][0])
            .find(|embed| embed["title"].as_str().is_some_and(|title| title.starts_with(start)));
        let text = found.map(|embed| embed["description"].as_str().unwrap().to_owned());
        text.map(|text| (text, messages))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_is_one_message_that_counts_live_and_names_what_is_critical() {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie_with(vigie(), &configuration(&lab, "digest_after = 10")).await;
    let name = |n: usize| (format!("Alert{n}"), if n % 100 == 99 { "critical" } else { "warning" });
    for tens in 0..100 {
        let alerts = (tens * 10..tens * 10 + 10).map(name);
        tell(&vigie, alerts.map(|(name, severity)| alert(&name, severity, "firing")).collect()).await;
    }
    let (text, messages) = titled(&lab, "Storm: 990 incidents, 990 open").await;
    assert_eq!(messages.len(), 11, "{messages:#?}");
    for hundred in 0..10 {
        assert!(text.contains(&format!(" Alert{}: ", hundred * 100 + 99)), "{text}");
    }
    let alerts = (0..1000).map(name).map(|(name, severity)| alert(&name, severity, "resolved"));
    tell(&vigie, alerts.collect()).await;
    let (_, messages) = titled(&lab, "Storm over: 990 incidents").await;
    assert_eq!(messages.len(), 11);
    within_the_limits(&lab).await;
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_end_with_a_summary() {
    let lab = Lab::new(1).await;
    let now = Clock::system().now();
    let hour = |minutes: i64| {
        let time = now + jiff::SignedDuration::from_mins(minutes);
        time.strftime("%H:%M").to_string()
    };
    let quiet = format!(
        "quiet = {{ from = \"{}\", to = \"{}\", tz = \"UTC\", except = [\"critical\"] }}",
        hour(-60),
        hour(60)
    );
    let vigie = Inside::start(&lab, &configuration(&lab, &quiet), Duration::ZERO).await;
    tell(&vigie, vec![alert("Quiet", "warning", "firing"), alert("Loud", "critical", "firing")]).await;
    let (_, messages) = titled(&lab, "🔴").await;
    assert_eq!(messages.len(), 1, "{messages:#?}");
    vigie.clock.advance(Duration::from_mins(61));
    let (text, messages) = titled(&lab, "During quiet hours: 1 incident, 1 open").await;
    assert!(text.contains("Quiet: it is not") && messages.len() == 2, "{messages:#?}");
    vigie.stop().await;
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_without_discord_the_state_of_things_is_told() {
    let mut lab = Lab::new(1).await;
    let configuration = configuration(&lab, "digest_after = 0");
    let vigie = Inside::at_pace(&lab, &configuration, Duration::ZERO, 20).await;
    tell(&vigie, vec![alert("Before", "warning", "firing")]).await;
    titled(&lab, "🟠").await;
    lab.discord_leaves().await;
    let mut repository = lab.repository(CHANNEL);
    for hour in 0..24 {
        let mut alerts: Vec<_> =
            (0..83).map(|n| alert(&format!("Hour{hour}Alert{n}"), "warning", "firing")).collect();
        if hour >= 22 {
            alerts.push(alert(&format!("Fire{hour}"), "critical", "firing"));
        }
        tell(&vigie, alerts).await;
        if hour % 12 == 0 {
            vigie.take(&repository.push("alice", "main", &["Light up"])).await;
        }
        let open = "vigie_incidents_open{source=\"alertmanager\",severity=\"warning\"}";
        vigie.reaches(open, 1.0 + 83.0 * f64::from(hour + 1)).await;
        vigie.clock.advance(Duration::from_hours(1));
    }
    vigie.reaches("vigie_outbox_messages{state=\"pending\"}", 2.0 + 1.0 + 2.0).await;
    lab.discord_returns();
    titled(&lab, "While Discord was away: 1992 incidents, 1992 open").await;
    vigie.reaches("vigie_outbox_messages{state=\"pending\"}", 0.0).await;
    let messages = lab.messages(CHANNEL).await;
    let titles: Vec<_> =
        messages.iter().map(|message| message["embeds"][0]["title"].as_str().unwrap()).collect();
    let words = ["Before", "Fire23", "Fire22", "While Discord", "commit", "commit"];
    assert_eq!(titles.len(), words.len(), "{titles:#?}");
    for (title, word) in titles.iter().zip(words) {
        assert!(title.contains(word), "{titles:#?}");
    }
    vigie.stop().await;
}
