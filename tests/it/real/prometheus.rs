//! Prometheus and Alertmanager: an alert's whole life, and one that came and went while Vigie was dead.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use harness::{GUILD, Lab, Vigie, eventually};
use serde_json::{Value, json};
use stack_sim::programs::Programs;
use tempfile::TempDir;
use tokio::process::Child;

use super::{CHANNEL, free_address, program, shown, silent};
use crate::vigie;

const ALICE: &str = "4000";

/// Two alerts by the values of a target, looked at each second.
const RULES: &str = r#"
groups:
  - name: harbor
    rules:
      - alert: DiskFull
        expr: disk_full > 0
        labels: { severity: warning }
        annotations: { summary: "{{ $value }} of / is used" }
      - alert: Smoke
        expr: smoke > 0
        labels: { severity: warning }
"#;

/// A Prometheus with an Alertmanager, what it looks at, and a Vigie that they tell.
struct Harbor {
    lab: Lab,
    target: Programs,
    prometheus: SocketAddr,
    alertmanager: SocketAddr,
    vigie: Option<Vigie>,
    _processes: [Child; 2],
    _folder: TempDir,
}

impl Harbor {
    async fn new(prometheus: &Path, alertmanager: &Path) -> Self {
        let (lab, target, folder) =
            (Lab::new(1).await, Programs::start().await.unwrap(), TempDir::new().unwrap());
        target.answer("target/metrics", &"disk_full 0\nsmoke 0\n");
        let [asked, told, hooks] = [free_address(), free_address(), free_address()];
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let rules = write("rules.yml", RULES.to_owned());
        let watched = target.url("target");
        let watched = watched.trim_start_matches("http://").split_once('/').unwrap();
        let config = write(
            "prometheus.yml",
            format!(
                "global: {{ scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{ site: home }} }}\n\
                 rule_files: [{rules}]\n\
                 alerting: {{ alertmanagers: [{{ static_configs: [{{ targets: ['{told}'] }}] }}] }}\n\
                 scrape_configs:\n- job_name: harbor\n  metrics_path: /{}/metrics\n  static_configs: [{{ targets: ['{}'] }}]\n",
                watched.1, watched.0,
            ),
        );
        let routes = write(
            "alertmanager.yml",
            format!(
                "route: {{ receiver: vigie, group_by: [alertname], group_wait: 0s, group_interval: 1s }}\n\
                 receivers:\n- name: vigie\n  webhook_configs:\n  - url: http://{hooks}/hooks/alertmanager\n    \
                 http_config: {{ authorization: {{ credentials: simulated }} }}\n"
            ),
        );
        let kept = |name: &str| folder.path().join(name).display().to_string();
        let arguments = [
            format!("--config.file={config}"),
            format!("--storage.tsdb.path={}", kept("series")),
            format!("--web.listen-address={asked}"),
        ];
        let one = silent(prometheus).args(arguments).spawn().unwrap();
        let arguments = [
            format!("--config.file={routes}"),
            format!("--storage.path={}", kept("silences")),
            format!("--web.listen-address={told}"),
            "--cluster.listen-address=".to_owned(),
        ];
        let other = silent(alertmanager).args(arguments).spawn().unwrap();
        let mut harbor = Self {
            lab,
            target,
            prometheus: asked,
            alertmanager: told,
            vigie: None,
            _processes: [one, other],
            _folder: folder,
        };
        eventually("Prometheus and Alertmanager are ready", async || {
            for address in [asked, told] {
                let request = hyper::Request::get(format!("http://{address}/-/ready"));
                let request = request.body(http_body_util::Full::default()).unwrap();
                harbor.lab.client.try_request(request).await.filter(harness::Answer::is_success)?;
            }
            Some(())
        })
        .await;
        harbor.start(hooks).await;
        harbor
    }

    async fn start(&mut self, hooks: SocketAddr) {
        let more = format!(
            "[sources.alertmanager]\ntoken_file = \"token\"\nurl = \"http://{}\"\n\
             [backends.prometheus]\nurl = \"http://{}\"\n\
             [permissions]\nacknowledge = {{ users = [{ALICE}] }}\nsilence = {{ users = [{ALICE}] }}\n\
             [[routes]]\nchannels = [{CHANNEL}]",
            self.alertmanager, self.prometheus
        );
        let configuration = self.lab.configuration(&more).replace("127.0.0.1:0", &hooks.to_string());
        // A bot may begin one session in five seconds.
        self.lab.discord_ages(Duration::from_secs(6));
        let vigie = self.lab.vigie_with(vigie(), &configuration).await;
        vigie.ready().await;
        self.vigie = Some(vigie);
    }

    async fn shown(&self, words: &[&str]) -> Value {
        shown(&self.lab, words).await
    }

    /// What Prometheus's API says to a query: how many series.
    async fn series(&self, query: &str) -> usize {
        let url = format!("http://{}/api/v1/query", self.prometheus);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let body = format!("query={query}");
        let answer = self.lab.client.request(hyper::Method::POST, &url, &headers, body).await.json();
        answer["data"]["result"].as_array().map_or(0, Vec::len)
    }

    /// The states of the silences that Alertmanager's API shows.
    async fn silences(&self) -> Vec<String> {
        let url = format!("http://{}/api/v2/silences", self.alertmanager);
        let silences: Vec<Value> = serde_json::from_value(self.lab.client.get(&url).await.json()).unwrap();
        silences.iter().map(|one| one["status"]["state"].as_str().unwrap().to_owned()).collect()
    }

    /// Alice presses the button that does `word` on `message`.
    async fn press(&self, message: &Value, word: &str, wait: &str) -> Value {
        let footer = message["embeds"][0]["footer"]["text"].as_str().unwrap();
        let reference = &footer[footer.find("vg-").unwrap()..];
        let act = json!({
            "kind": "button", "guild_id": GUILD, "channel_id": CHANNEL.to_string(), "user_id": ALICE,
            "message_id": message["id"], "custom_id": format!("v1:{word}:{reference}"), "wait": wait,
        });
        self.lab.sim("interactions", &act).await
    }
}

/// An alert fires, is acknowledged and silenced for a minute; Vigie is killed while another one comes and goes, which
/// is shown late; the silence runs out by itself, and the alert ends.
async fn story(prometheus: &Path, alertmanager: &Path) {
    let mut harbor = Harbor::new(prometheus, alertmanager).await;
    harbor.target.answer("target/metrics", &"disk_full 0.97\nsmoke 0\n");
    let message = harbor.shown(&["DiskFull", "0.97 of / is used"]).await;
    harbor.press(&message, "ack", "final").await;
    let message = harbor.shown(&["Disk", "<@4000>"]).await;
    let modal = harbor.press(&message, "silence-until", "final").await["modal"].clone();
    let silenced = Instant::now();
    let act = json!({
        "kind": "modal", "guild_id": GUILD, "channel_id": CHANNEL.to_string(), "user_id": ALICE,
        "custom_id": modal["custom_id"], "values": { "until": "1m" }, "wait": "final",
    });
    let told = harbor.lab.sim("interactions", &act).await;
    assert!(told.to_string().contains("Silenced in Alertmanager"), "{told:#}");
    assert_eq!(harbor.silences().await, ["active"]);
    harbor.shown(&["Disk", "🔔"]).await;

    let hooks = harbor.vigie.as_ref().unwrap().origin.trim_start_matches("http://").parse().unwrap();
    harbor.vigie.take().unwrap().kill().await;
    harbor.target.answer("target/metrics", &"disk_full 0.97\nsmoke 1\n");
    eventually("Smoke has fired for longer than a step of a range", async || {
        (harbor.series("time() - ALERTS_FOR_STATE{alertname=\"Smoke\"} > 20").await > 0).then_some(())
    })
    .await;
    harbor.target.answer("target/metrics", &"disk_full 0.97\nsmoke 0\n");
    eventually("Smoke is over", async || {
        (harbor.series("ALERTS{alertname=\"Smoke\"}").await == 0).then_some(())
    })
    .await;
    eventually("Alertmanager knows it", async || {
        let url = format!("http://{}/api/v2/alerts", harbor.alertmanager);
        let alerts = harbor.lab.client.get(&url).await.text();
        (!alerts.contains("Smoke")).then_some(())
    })
    .await;
    harbor.start(hooks).await;
    // What a pull finds is shown within two minutes: if the first fails on a busy machine, by the second.
    let began = Instant::now();
    eventually("what was missed is shown, or soon will be", async || {
        let late = harbor.lab.messages(CHANNEL).await.iter().any(|one| one.to_string().contains("Smoke"));
        (late || began.elapsed() > Duration::from_secs(50)).then_some(())
    })
    .await;
    harbor.shown(&["Smoke", "✅"]).await;

    while silenced.elapsed() < Duration::from_mins(1) {
        let waited = eventually("time goes on", async || {
            let states = harbor.silences().await;
            (states == ["expired"] || silenced.elapsed() > Duration::from_secs(45)).then_some(states)
        });
        waited.await;
    }
    eventually("the silence is no longer shown", async || {
        let message = harbor.shown(&["DiskFull"]).await;
        (!message["components"].to_string().contains("🔔")).then_some(())
    })
    .await;
    assert_eq!(harbor.silences().await, ["expired"]);
    harbor.target.answer("target/metrics", &"disk_full 0\nsmoke 0\n");
    let ended = harbor.shown(&["Disk", "✅"]).await;
    assert_eq!(ended["id"], message["id"]);
    let messages = harbor.lab.messages(CHANNEL).await;
    let own = messages.iter().filter(|one| one["message_reference"].is_null()).count();
    assert_eq!(own, 2, "{messages:#?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "real programs keep real time: by itself, see CONTRIBUTING.md"]
async fn an_alert_of_a_real_prometheus_by_the_alertmanager_of_today() {
    let (Some(prometheus), Some(alertmanager)) = (program(&["prometheus"]), program(&["alertmanager"]))
    else {
        return;
    };
    story(&prometheus, &alertmanager).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "real programs keep real time: by itself, see CONTRIBUTING.md"]
async fn an_alert_of_a_real_prometheus_by_the_alertmanager_of_debian() {
    let names = ["prometheus-alertmanager"];
    let (Some(prometheus), Some(alertmanager)) = (program(&["prometheus"]), program(&names)) else { return };
    story(&prometheus, &alertmanager).await;
}
