//! Alertmanager, whose receiver posts to Discord and tells Vigie. Invariant: one alert is one group, and what Discord
//! did not take is told again each half minute, well before the verdict.

use std::{net::SocketAddr, path::Path};

use harness::{
    Client, eventually,
    real::{free_address, silent},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::process::Child;

use crate::{script::Happening, stage::Stage};

pub(crate) struct Alertmanager {
    pub(crate) version: String,
    address: SocketAddr,
    client: Client,
    _process: Child,
}

impl Alertmanager {
    /// Starts `program` and waits until it is ready.
    pub(crate) async fn start(program: &Path, stage: &Stage) -> Self {
        let (address, folder) = (free_address(), stage.peer.folder());
        let configuration = folder.join("alertmanager.yml");
        let text = format!(
            "route: {{ receiver: harbor, group_by: [alertname], group_wait: 0s, group_interval: 30s }}\n\
             receivers:\n- name: harbor\n  discord_configs:\n  - webhook_url: {}\n  webhook_configs:\n  \
             - url: http://{}/hooks/alertmanager\n    http_config: {{ authorization: {{ credentials: simulated }} }}\n",
            stage.webhook, stage.hooks
        );
        std::fs::write(&configuration, text).unwrap();
        let process = silent(program)
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!("--storage.path={}", folder.join("alertmanager").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .spawn()
            .unwrap();
        let client = Client::default();
        let version = eventually("Alertmanager is up", async || {
            let request = hyper::Request::get(format!("http://{address}/api/v2/status"));
            let answer = client.try_request(request.body(http_body_util::Full::default()).unwrap()).await?;
            Some(answer.json()["versionInfo"]["version"].as_str()?.to_owned())
        })
        .await;
        Self { version, address, client, _process: process }
    }

    /// The configuration of the Vigie that it tells.
    pub(crate) fn vigie(&self, stage: &Stage) -> String {
        let url = format!("url = \"http://{}\"", self.address);
        stage.configuration(&format!("[sources.alertmanager]\ntoken_file = \"token\"\n{url}"))
    }

    pub(crate) async fn tell(&self, happening: &Happening) {
        let now = Timestamp::now();
        let alert = json!({
            "labels": { "alertname": happening.mark, "severity": "warning" },
            "annotations": { "summary": happening.title, "description": happening.text },
            "startsAt": now, "endsAt": now + SignedDuration::from_hours(1),
        });
        let answer =
            self.client.post(&format!("http://{}/api/v2/alerts", self.address), &json!([alert])).await;
        assert!(answer.is_success(), "{answer:?}");
    }
}
