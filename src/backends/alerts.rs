//! The API of alerts that Alertmanager has and Grafana copies: `GET alerts` of version 2 (`api/v2/openapi.yaml` of
//! Alertmanager 0.25 to 0.34).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{AskError, Client, yaml};

/// A program that has the API.
#[derive(Clone)]
pub struct Alerts {
    client: Client,
    /// Where the API begins, with a slash at the end.
    root: &'static str,
}

/// How an Alertmanager is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Since when it runs: it forgets its alerts when it ends, and learns them anew.
    pub since: Timestamp,
    /// The receivers that send webhooks; empty if its configuration does not say.
    pub webhooks: BTreeSet<String>,
}

#[derive(Deserialize)]
struct WireStatus {
    uptime: Timestamp,
    #[serde(default)]
    config: WireConfig,
}

#[derive(Default, Deserialize)]
struct WireConfig {
    #[serde(default)]
    original: String,
}

impl Alerts {
    /// Of an Alertmanager.
    pub const fn of_alertmanager(client: Client) -> Self {
        Self { client, root: "api/v2/" }
    }

    /// Of a Grafana, for its own alerts (`pkg/services/ngalert/api`).
    pub const fn of_grafana(client: Client) -> Self {
        Self { client, root: "api/alertmanager/grafana/api/v2/" }
    }

    /// Every alert that has not ended, suppressed ones too, as it comes.
    pub async fn all(&self) -> Result<Vec<Value>, AskError> {
        self.client.get(&format!("{}alerts", self.root), &[]).await
    }

    /// How it is. Alertmanager only.
    pub async fn status(&self) -> Result<Status, AskError> {
        let status: WireStatus = self.client.get(&format!("{}status", self.root), &[]).await?;
        Ok(Status { since: status.uptime, webhooks: webhooks(&status.config.original) })
    }
}

/// The receivers that send webhooks, by a configuration as Alertmanager writes it. Addresses are hidden in it.
fn webhooks(configuration: &str) -> BTreeSet<String> {
    let lines: Vec<_> = configuration.lines().collect();
    let mut found = BTreeSet::new();
    let mut receiver = None;
    for line in yaml::below(&lines, 0, "receivers") {
        if let Some(name) = line.strip_prefix("- name:") {
            receiver = yaml::scalar(name).ok();
        } else if line == "  webhook_configs:" {
            found.extend(receiver.take());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_receivers_that_send_webhooks_are_known() {
        let configuration = "route:\n  receiver: vigie\nreceivers:\n- name: \"null\"\n- name: vigie\n  webhook_configs:\n  - send_resolved: true\n    url: <secret>\n- name: mail\n  email_configs:\n  - to: a\ntemplates: []\n";
        assert_eq!(webhooks(configuration), BTreeSet::from(["vigie".to_owned()]));
        assert!(webhooks("").is_empty());
    }
}
