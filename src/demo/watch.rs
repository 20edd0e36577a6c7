//! What is watched in the demo: a lamp, a blog, a nightly backup, and the machine that all of it runs on.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};
use serde_json::json;
use stack_sim::hooks::{self, Alert, Beat, Hook};

use super::backends::Backends;

/// The token that every sender but Gitea and the deployer carries in the demo.
pub(super) const TOKEN: &str = "token-of-the-demo-alone";
/// The key by which the deployer signs.
pub(super) const DEPLOY_SECRET: &str = "the demo's deploy key";

/// How many alerts a storm brings.
const STORM: usize = 60;

const BLOG: &str = "Blog";

const UNIT: &str = "tide-table.service";

/// What has happened so far, by how often each thing did.
#[derive(Debug, Default)]
pub(super) struct Watch {
    alerts: usize,
    outages: usize,
    panels: usize,
    deployments: usize,
    backups: usize,
    units: usize,
    storms: usize,
    pipelines: usize,
    /// Since when each rule fires.
    began: BTreeMap<&'static str, Timestamp>,
    /// What Alertmanager knows to fire, by rule and buoy.
    firing: BTreeMap<String, Alert>,
}

impl Watch {
    /// A rule of Prometheus fires, or no longer does.
    pub(super) fn alert(&mut self, backends: &Backends, now: Timestamp) -> Hook {
        let alert = self.rule("LampOilLow", "warning", "Oil for four more hours", now, self.alerts % 2 == 1);
        self.alerts += 1;
        self.tell(backends, &[alert])
    }

    /// The blog goes down: Prometheus says so, then Uptime Kuma; then each says that it is back.
    pub(super) fn outage(&mut self, backends: &Backends, now: Timestamp) -> Hook {
        let step = self.outages % 4;
        self.outages += 1;
        match step {
            0 | 3 => {
                let text = "https://blog.harbor.example does not answer";
                let mut alert = self.rule("ServiceDown", "warning", text, now, step == 3);
                alert.labels.push(("service", "blog".into()));
                self.tell(backends, &[alert])
            }
            _ => hooks::kuma(TOKEN, &beat(step == 2, now)),
        }
    }

    /// A panel of Grafana fires, or no longer does.
    pub(super) fn panel(&mut self, now: Timestamp) -> Hook {
        let alert = self.rule("Fog ahead", "critical", "The horn must sound", now, self.panels % 2 == 1);
        self.panels += 1;
        hooks::grafana(TOKEN, &alert)
    }

    /// A new system reaches the machine; each second one is not healthy and is rolled back.
    pub(super) fn deployment(&mut self, now: Timestamp) -> Vec<Hook> {
        let number = 42 + self.deployments;
        let healthy = self.deployments.is_multiple_of(2);
        self.deployments += 1;
        let end = if healthy { "live" } else { "rolled_back" };
        let report = |(second, state): (i64, &str)| {
            let at = now.saturating_add(second.seconds()).unwrap_or(now);
            let mut body = json!({
                "deployment": format!("pi-{number:06}"), "target": "pi", "commit": format!("{number:040x}"),
                "state": state, "generation": number, "at": at,
            });
            if state == "rolled_back" {
                body["reason"] = "blog.service answers 503 after 30 s".into();
                body["log"] =
                    json!(["starting blog.service", "health: 503 Service Unavailable", "going back"]);
            }
            hooks::deploy(DEPLOY_SECRET, &body)
        };
        (0..).zip(["planned", "building", "switching", "checking", end]).map(report).collect()
    }

    /// The nightly backup fails, or works again.
    pub(super) fn backup(&mut self) -> Hook {
        let failed = self.backups.is_multiple_of(2);
        self.backups += 1;
        let (title, status, text) = if failed {
            ("Backup failed", "firing", "no space left on /mnt/backup")
        } else {
            ("Backup works again", "resolved", "12 snapshots, the newest from tonight")
        };
        let body = json!({
            "title": title, "key": "backup", "status": status, "text": text, "service": "blog",
            "labels": { "host": "pi" },
        });
        hooks::generic(TOKEN, "cron", &body)
    }

    /// A unit of the machine fails, or runs again.
    pub(super) async fn unit(&mut self, backends: &Backends) {
        if self.units.is_multiple_of(2) {
            backends.systemd.fails(UNIT, 3).await;
        } else {
            backends.systemd.starts(UNIT).await;
        }
        self.units += 1;
    }

    /// Far more alerts than anybody can read, one of them critical.
    pub(super) fn storm(&mut self, backends: &Backends, now: Timestamp) -> Hook {
        self.storms += 1;
        let alerts: Vec<Alert> = (1..=STORM)
            .map(|buoy| {
                let severity = if buoy == STORM { "critical" } else { "warning" };
                let mut alert = self.rule("BuoySilent", severity, "No word from a buoy", now, false);
                alert.labels.push(("buoy", format!("{}-{buoy}", self.storms)));
                alert
            })
            .collect();
        self.tell(backends, &alerts)
    }

    /// Alertmanager tells of `alerts`, and knows them from now on when it is asked.
    fn tell(&mut self, backends: &Backends, alerts: &[Alert]) -> Hook {
        for alert in alerts {
            let name = format!("{:?}", alert.labels);
            if alert.ends_at.is_none() {
                self.firing.insert(name, alert.clone());
            } else {
                self.firing.remove(&name);
            }
        }
        backends.alertmanager.fire(self.firing.values());
        hooks::alertmanager(TOKEN, alerts)
    }

    /// A pipeline fails, then the next one of the branch succeeds.
    pub(super) fn pipeline(&mut self, backends: &Backends) {
        let Backends { woodpecker, repository, .. } = backends;
        if self.pipelines.is_multiple_of(2) {
            let log = ["cargo test", "test lamp::burns ... FAILED", "assertion failed: oil > 0"];
            woodpecker.play_failure(*repository, "alice", "Burn less oil", &log);
        } else {
            woodpecker.play_success(*repository, "bruno", "Fill the lamp first");
        }
        self.pipelines += 1;
    }

    /// What a rule says. Its end belongs to its beginning, so it names the same time for that.
    fn rule(
        &mut self,
        name: &'static str,
        severity: &str,
        summary: &str,
        now: Timestamp,
        ended: bool,
    ) -> Alert {
        let began = *self.began.entry(name).or_insert(now);
        if ended {
            self.began.remove(name);
        }
        Alert {
            labels: vec![("alertname", name.into()), ("severity", severity.into())],
            summary: summary.into(),
            description: String::new(),
            starts_at: began.to_string(),
            ends_at: ended.then(|| now.to_string()),
        }
    }
}

fn beat(up: bool, now: Timestamp) -> Beat<'static> {
    let time = now.strftime("%Y-%m-%d %H:%M:%S.000").to_string();
    let text = if up { "200 - OK" } else { "connect ECONNREFUSED 127.0.0.1:8090" };
    Beat { monitor: 1, name: BLOG, tags: &[("service", "blog")], up, text, time }
}
