//! A storm: 5,000 alerts in a minute. Invariant: memory is looked at all the while, not only at the end.

use std::time::{Duration, Instant};

use harness::{FALLBACK, Lab, Vigie, resident_bytes};
use serde_json::{Value, json};

use crate::{Arguments, Figure, size::mebibytes};

const CHANNEL: u64 = FALLBACK + 1;
const GROUPS: u32 = 500;
const ALERTS: u32 = 10;
const MINUTE: Duration = Duration::from_mins(1);

/// How much memory a storm takes, and how Discord's limits are kept.
pub(crate) async fn measure(arguments: &Arguments) -> Figure {
    let lab = Lab::new(1).await;
    let sources = format!("[sources.alertmanager]\ntoken_file = \"{}/token\"", lab.folder().display());
    let routes = format!("{sources}\n[[routes]]\nchannels = [{CHANNEL}]\ndigest_after = 10\n");
    let vigie = lab.vigie_with(&arguments.vigie, &lab.configuration(&routes)).await;
    vigie.ready().await;
    // One message, so that what is loaded once is loaded.
    tell(&lab, &vigie, 0, 0..1).await;
    vigie.reaches("vigie_outbox_messages{state=\"sent\"}", 1.0).await;
    let before = resident_bytes(vigie.id());
    let (began, mut most) = (Instant::now(), before);
    for group in 1..=GROUPS {
        tell(&lab, &vigie, group, 0..ALERTS).await;
        most = most.max(resident_bytes(vigie.id()));
        tokio::time::sleep_until((began + MINUTE * group / GROUPS).into()).await;
    }
    let took = began.elapsed();
    vigie.reaches("vigie_outbox_messages{state=\"pending\"}", 0.0).await;
    most = most.max(resident_bytes(vigie.id()));
    let log = lab.log().await;
    let answers = log.as_array().into_iter().flatten();
    let refused = answers.filter(|one| one["status"] == 429 && one["scope"] != "shared").count();
    let alerts = GROUPS * ALERTS;
    Figure {
        what: "a storm of 5,000 alerts in a minute: memory (RSS) before and at most",
        measured: format!(
            "{:.1} → {:.1} MiB; {alerts} alerts in {took:.0?}, {} messages, {refused} times 429",
            mebibytes(before),
            mebibytes(most),
            lab.messages(CHANNEL).await.len(),
        ),
        wanted: "flat, 0 times 429",
    }
}

/// Alertmanager tells of a group.
async fn tell(lab: &Lab, vigie: &Vigie, group: u32, alerts: std::ops::Range<u32>) {
    let alert = |n| {
        json!({
            "status": "firing", "labels": { "alertname": format!("Alert{group}x{n}"), "severity": "warning" },
            "annotations": { "summary": "it is not as it should be" }, "startsAt": "2026-11-21T10:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": format!("{group}x{n}"),
        })
    };
    let alerts: Vec<Value> = alerts.map(alert).collect();
    let body = json!({
        "version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "receiver": "vigie",
        "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "", "alerts": alerts,
    });
    let url = format!("{}/hooks/alertmanager", vigie.origin);
    let headers = [("content-type", "application/json"), ("authorization", "Bearer simulated")];
    let answer = lab.client.request(hyper::Method::POST, &url, &headers, body.to_string()).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}
