//! Webhooks of programs that watch: Alertmanager 0.34, Grafana 12, Uptime Kuma 2.1, a deployer, a cron job.
//! Each is one request, ready to be posted.

use data_encoding::HEXLOWER;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::gitea::{Delivery, sign};

/// How Alertmanager writes that there is no time.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// A webhook, ready to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Where to, from the origin.
    pub path: String,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: String,
}

impl Hook {
    fn bearer(path: &str, token: &str, body: &Value) -> Self {
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("authorization", format!("Bearer {token}")),
        ];
        Self { path: path.to_owned(), headers, body: body.to_string() }
    }
}

impl From<Delivery> for Hook {
    fn from(delivery: Delivery) -> Self {
        let headers = delivery.headers().map(|(name, value)| (name, value.to_owned())).to_vec();
        Self { path: "/hooks/gitea".to_owned(), headers, body: delivery.body }
    }
}

/// One alert of a rule.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Its labels, `alertname` among them.
    pub labels: Vec<(&'static str, String)>,
    /// What it says in one line.
    pub summary: String,
    /// What it says at length.
    pub description: String,
    /// Since when it fires, in RFC 3339.
    pub starts_at: String,
    /// When it ended; `None` while it fires.
    pub ends_at: Option<String>,
}

impl Alert {
    fn labels(&self) -> Map<String, Value> {
        self.labels.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect()
    }

    fn status(&self) -> &'static str {
        if self.ends_at.is_some() { "resolved" } else { "firing" }
    }

    /// Alertmanager's fingerprint has this form; its hash is another.
    fn fingerprint(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(Value::Object(self.labels()).to_string()))[..16].to_owned()
    }

    /// As `GET /api/v2/alerts` lists it (Alertmanager, `api/v2/openapi.yaml`).
    pub(crate) fn in_api(&self) -> Value {
        let mut alert = self.object();
        alert["receivers"] = json!([{ "name": "vigie" }]);
        alert["updatedAt"] = self.starts_at.clone().into();
        alert["status"] = json!({ "state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": [] });
        alert
    }

    fn object(&self) -> Value {
        json!({
            "status": self.status(), "labels": self.labels(),
            "annotations": {
                "summary": self.summary, "description": self.description,
                "runbook_url": "https://docs.harbor.example/runbooks/lamp",
            },
            "startsAt": self.starts_at, "endsAt": self.ends_at.as_deref().unwrap_or(NEVER),
            "generatorURL": "https://prometheus.harbor.example/graph?g0.expr=up",
            "fingerprint": self.fingerprint(),
        })
    }
}

fn group(alerts: &[Alert], version: &str) -> Value {
    let firing = alerts.iter().any(|alert| alert.ends_at.is_none());
    let name = alerts.first().map(|alert| alert.labels()["alertname"].clone()).unwrap_or_default();
    json!({
        "receiver": "vigie", "status": if firing { "firing" } else { "resolved" },
        "alerts": alerts.iter().map(Alert::object).collect::<Vec<_>>(),
        "groupLabels": { "alertname": name }, "commonLabels": { "alertname": name }, "commonAnnotations": {},
        "externalURL": "https://alertmanager.harbor.example", "version": version,
        "groupKey": format!("{{}}:{{alertname={name}}}"), "truncatedAlerts": 0,
    })
}

/// Alertmanager's webhook v4 (`notify/webhook/webhook.go`) about `alerts`.
pub fn alertmanager(token: &str, alerts: &[Alert]) -> Hook {
    let mut body = group(alerts, "4");
    body["notification_reason"] = "first notification".into();
    body["routeLabels"] = json!({});
    Hook::bearer("/hooks/alertmanager", token, &body)
}

/// Grafana's webhook (grafana/alerting, `receivers/webhook/v1`) about one alert.
pub fn grafana(token: &str, alert: &Alert) -> Hook {
    let mut body = group(std::slice::from_ref(alert), "1");
    let firing = alert.ends_at.is_none();
    body["orgId"] = 1.into();
    body["title"] = format!("[{}] {}", if firing { "FIRING:1" } else { "RESOLVED" }, alert.summary).into();
    body["state"] = if firing { "alerting" } else { "ok" }.into();
    body["message"] = alert.description.clone().into();
    let one = &mut body["alerts"][0];
    one["dashboardURL"] = "https://grafana.harbor.example/d/lamp?orgId=1".into();
    one["panelURL"] = "https://grafana.harbor.example/d/lamp?orgId=1&viewPanel=2".into();
    one["silenceURL"] = "https://grafana.harbor.example/alerting/silence/new".into();
    one["values"] = json!({ "A": 4.5 });
    one["valueString"] = "[ var='A' labels={} value=4.5 ]".into();
    Hook::bearer("/hooks/grafana", token, &body)
}

/// What a monitor of Uptime Kuma found.
#[derive(Clone, Debug)]
pub struct Beat<'a> {
    /// The monitor's number.
    pub monitor: u64,
    /// Its name.
    pub name: &'a str,
    /// Its tags: name and value.
    pub tags: &'a [(&'a str, &'a str)],
    /// Whether it answers.
    pub up: bool,
    /// What it found.
    pub text: &'a str,
    /// When, as Kuma writes it: UTC as `YYYY-MM-DD HH:MM:SS.mmm`.
    pub time: String,
}

/// Kuma's webhook in its JSON mode (`server/notification-providers/webhook.js`).
pub fn kuma(token: &str, beat: &Beat<'_>) -> Hook {
    let state = if beat.up { "✅ Up" } else { "🔴 Down" };
    let tag = |(name, value): &(_, _)| json!({ "name": name, "value": value, "color": "#059669" });
    let tags: Vec<Value> = beat.tags.iter().map(tag).collect();
    let body = json!({
        "heartbeat": {
            "monitorID": beat.monitor, "status": u8::from(beat.up), "time": beat.time, "msg": beat.text,
            "ping": beat.up.then_some(12), "important": true, "duration": 60, "retries": 0,
            "timezone": "UTC", "timezoneOffset": "+00:00", "localDateTime": beat.time,
        },
        "monitor": {
            "id": beat.monitor, "name": beat.name, "type": "http", "url": "https://blog.harbor.example/health",
            "hostname": null, "port": null, "pathName": beat.name, "tags": tags, "active": true,
            "maintenance": false, "interval": 60, "resendInterval": 0, "includeSensitiveData": false,
        },
        "msg": format!("[{}] [{state}] {}", beat.name, beat.text),
    });
    Hook::bearer("/hooks/kuma", token, &body)
}

/// One post to the generic hook `name`.
pub fn generic(token: &str, name: &str, body: &Value) -> Hook {
    Hook::bearer(&format!("/hooks/generic/{name}"), token, body)
}

/// A deployer's report, signed.
pub fn deploy(secret: &str, body: &Value) -> Hook {
    let body = body.to_string();
    let signature = format!("sha256={}", sign(secret, body.as_bytes()));
    let headers = vec![("content-type", "application/json".to_owned()), ("x-vigie-signature", signature)];
    Hook { path: "/hooks/deploy".to_owned(), headers, body }
}
