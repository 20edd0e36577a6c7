//! Vigie as a service: what it tells systemd, how it logs, what it does when it can't have what it needs.

use std::{os::unix::net::UnixDatagram, process::Stdio, time::Duration};

use harness::{FALLBACK, Lab, PATIENCE, SECRET, eventually};
use rusqlite::Connection;
use stack_sim::gitea::Repository;
use tokio::process::Command;

use crate::vigie;

#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_told_of_readiness_and_pinged_while_discord_is_away() {
    let lab = Lab::new(1).await;
    let configuration = lab.configuration("").replace(&lab.discord.to_string(), "127.0.0.1:9");
    let path = lab.write_configuration(&configuration);
    let socket = lab.folder().join("notify");
    let listener = UnixDatagram::bind(&socket).unwrap();
    listener.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut child = Command::new(vigie())
        .args(["run", "--config"])
        .arg(&path)
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "200000")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let told = tokio::task::spawn_blocking(move || {
        let mut told = Vec::new();
        while told.iter().filter(|line| *line == "WATCHDOG=1").count() < 3 {
            let mut buffer = [0; 256];
            let length = listener.recv(&mut buffer).unwrap();
            told.extend(String::from_utf8_lossy(&buffer[..length]).lines().map(str::to_owned));
        }
        told
    });
    assert_eq!(told.await.unwrap()[0], "READY=1");
    child.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_a_clear_error() {
    let lab = Lab::new(1).await;
    let taken = lab.discord.to_string();
    let path = lab.write_configuration(&lab.configuration("").replace("127.0.0.1:0", &taken));
    for arguments in [vec!["run", "--config", path.to_str().unwrap()], vec!["demo", "--listen", &taken]] {
        let output = Command::new(vigie()).args(&arguments).output().await.unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(69), "{text}");
        assert!(text.contains(&taken) && text.contains("another"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_can_not_be_written_answers_503_and_recovers() {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie(vigie()).await;
    let mut repository = Repository::new("https://git.harbor.example", "harbor/lighthouse", SECRET);
    assert_eq!(vigie.post(&repository.push("alice", "main", &["Before"])).await, Some(204));
    eventually("it is shown", async || (lab.messages(FALLBACK + 1).await.len() == 1).then_some(())).await;

    let path = lab.folder().join("vigie.db");
    let other = Connection::open(&path).unwrap();
    other.busy_timeout(Duration::from_secs(30)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let during = repository.push("alice", "main", &["During"]);
    let headers = during.headers();
    let url = format!("{}/hooks/gitea", vigie.origin);
    let answer = lab.client.request(hyper::Method::POST, &url, &headers, during.body.clone()).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    let readyz = vigie.get("/readyz?for=intake").await;
    assert_eq!(readyz.status, 503, "{}", readyz.text());

    other.execute_batch("ROLLBACK").unwrap();
    eventually("it is taken again", async || (vigie.post(&during).await == Some(204)).then_some(())).await;
    eventually("it is shown", async || (lab.messages(FALLBACK + 1).await.len() == 2).then_some(())).await;
    eventually("it is ready", async || (vigie.get("/readyz?for=intake").await.status == 200).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_everything_is_json_and_holds_no_secret() {
    let lab = Lab::new(1).await;
    let path = lab.write_configuration(&lab.configuration(""));
    let vigie = harness::Vigie::start_with(
        Command::new(vigie())
            .args(["--log-format", "json", "run", "--config"])
            .arg(path)
            .env("RUST_LOG", "trace"),
        lab.client.clone(),
    )
    .await;
    vigie.ready().await;
    let body = serde_json::json!({
        "kind": "command", "command": "ping", "guild_id": harness::GUILD, "channel_id": FALLBACK.to_string(),
        "user_id": "4000", "options": {}, "wait": "final",
    });
    lab.sim("interactions", &body).await;
    let log = vigie.log();
    for line in log.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["level"].is_string(), "{line}");
    }
    let exchanges = lab.log().await;
    let mut paths = exchanges.as_array().unwrap().iter().filter_map(|exchange| exchange["path"].as_str());
    let token = paths
        .find_map(|path| path.split_once("/interactions/")?.1.split('/').nth(1))
        .expect("the command was answered");
    for secret in [token, "Bot simulated", SECRET] {
        assert!(!log.contains(secret), "'{secret}' stands in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_level_that_cannot_be_read_is_said_and_the_usual_one_taken() {
    let lab = Lab::new(1).await;
    let path = lab.write_configuration(&lab.configuration(""));
    let vigie = harness::Vigie::start_with(
        Command::new(vigie()).args(["run", "--config"]).arg(path).env("RUST_LOG", "vigie=loud"),
        lab.client.clone(),
    )
    .await;
    vigie.ready().await;
    let log = vigie.log();
    assert!(log.contains("RUST_LOG can't be read"), "{log}");
    assert!(log.contains("INFO"), "{log}");
}
