//! The same against Alertmanager itself, where it is on PATH (Debian calls it `prometheus-alertmanager`).

use std::{net::SocketAddr, process::Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{ALICE, Watch, labels};
use crate::real::program;

/// A running Alertmanager. It is killed when it is dropped.
struct Real {
    address: SocketAddr,
    _process: Child,
    _folder: TempDir,
}

impl Real {
    /// `None` where there is none.
    async fn start() -> Option<Self> {
        let program = program(&["alertmanager", "prometheus-alertmanager"])?;
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("alertmanager.yml");
        std::fs::write(&config, "route: { receiver: none }\nreceivers: [{ name: none }]\n").unwrap();
        let mut process = Command::new(program)
            .arg("--config.file")
            .arg(&config)
            .arg("--storage.path")
            .arg(folder.path())
            .args(["--web.listen-address=127.0.0.1:0", "--cluster.listen-address="])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut address = None;
        while address.is_none() {
            let line = lines.next_line().await.unwrap().expect("it says where it listens before it ends");
            address = line.split_once("Listening on\" address=").map(|(_, address)| address.parse().unwrap());
        }
        // Whoever writes to a closed pipe is killed, so the pipe stays open as long as it runs.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Some(Self { address: address?, _process: process, _folder: folder })
    }

    /// The silences that its API shows.
    async fn silences(&self, watch: &Watch) -> Vec<Value> {
        let url = format!("http://{}/api/v2/silences", self.address);
        serde_json::from_value(watch.lab.client.get(&url).await.json()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alertmanager_itself_takes_the_silence_and_its_end() {
    let Some(alertmanager) = Real::start().await else { return };
    let watch = Watch::of(alertmanager.address).await;
    assert!(watch.pressed(ALICE, "silence-4h").await.starts_with("Silenced in Alertmanager"));
    watch.buttons_are(&["👀", "🔔", "📖"]).await;
    let silences = alertmanager.silences(&watch).await;
    let exact = |(name, value)| json!({ "name": name, "value": value, "isRegex": false, "isEqual": true });
    assert_eq!(silences[0]["matchers"], json!(labels().map(exact)), "{silences:#?}");
    assert_eq!((silences.len(), &silences[0]["status"]["state"]), (1, &json!("active")));
    assert!(watch.pressed(ALICE, "unsilence").await.starts_with("The silence is over."));
    watch.buttons_are(&["👀", "🔕", "🔕", "🔕", "📖"]).await;

    // Ended by hand there, it can be undone here all the same.
    assert!(watch.pressed(ALICE, "silence-1h").await.starts_with("Silenced in Alertmanager"));
    watch.buttons_are(&["👀", "🔔", "📖"]).await;
    let silences = alertmanager.silences(&watch).await;
    let active = silences.iter().find(|one| one["status"]["state"] == "active").unwrap();
    let url = format!("http://{}/api/v2/silence/{}", alertmanager.address, active["id"].as_str().unwrap());
    assert!(watch.lab.client.request(hyper::Method::DELETE, &url, &[], "").await.is_success());
    assert!(watch.pressed(ALICE, "unsilence").await.starts_with("The silence is over."));
    watch.buttons_are(&["👀", "🔕", "🔕", "🔕", "📖"]).await;
    let states = alertmanager.silences(&watch).await;
    assert!(states.iter().all(|one| one["status"]["state"] == "expired"), "{states:#?}");
}
