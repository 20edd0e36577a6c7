//! What was missed is found by asking, and shown once.

mod alerts;
mod gitea;
mod real;
mod scene;

use std::time::Duration;

use harness::{FALLBACK, eventually};
use serde_json::json;

use self::scene::{CHANNEL, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_be_asked_is_said_once_and_so_is_its_return() {
    let mut scene = Scene::new().await;
    scene.programs.repository("harbor/lighthouse");
    scene.programs.refuse("gitea", Some(403));
    let vigie = scene.vigie(&["gitea", "alertmanager"]).await;
    scene.minute(&vigie).await;
    let said = scene.says(FALLBACK, "can't ask gitea").await;
    assert!(said.to_string().contains("read:repository and read:issue"), "{said:#}");
    let page = vigie.get("/").await.text();
    assert!(page.contains("answered 403"), "{page}");
    scene.minute(&vigie).await;
    scene.away(vigie, Duration::from_mins(1)).await;

    let vigie = scene.vigie(&["gitea", "alertmanager"]).await;
    scene.minute(&vigie).await;
    scene.minute(&vigie).await;
    scene.shown(FALLBACK, 1).await;
    scene.programs.refuse("gitea", None);
    scene.minute(&vigie).await;
    scene.says(FALLBACK, "gitea can be asked again").await;
    scene.minute(&vigie).await;
    scene.shown(FALLBACK, 1).await;
    scene.shown(CHANNEL, 0).await;
    assert!(!vigie.get("/").await.text().contains("answered 403"));
    assert_eq!(scene.programs.authorization("gitea").as_deref(), Some("Bearer the-token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_still_to_come_is_waited_for_in_silence() {
    let scene = Scene::new().await;
    let vigie = scene.vigie(&["kuma", "alertmanager"]).await;
    eventually("the page says what is missing", async || {
        vigie.get("/").await.text().contains("kuma-api").then_some(())
    })
    .await;
    scene.minute(&vigie).await;
    scene.minute(&vigie).await;
    assert!(!scene.programs.asked().iter().any(|path| path.starts_with("/kuma")));
    scene.shown(FALLBACK, 0).await;
    std::fs::write(scene.lab.folder().join("kuma-api"), "uk1_key").unwrap();
    scene.minute(&vigie).await;
    let authorization = eventually("Kuma is asked", async || scene.programs.authorization("kuma")).await;
    assert_eq!(authorization, "Basic OnVrMV9rZXk=");
    scene.shown(FALLBACK, 0).await;
}

/// A line of Kuma's metrics.
fn monitor(name: &str, status: u8) -> String {
    format!(
        "# HELP monitor_status Monitor Status\nmonitor_status{{monitor_name=\"{name}\",monitor_type=\"http\",\
         monitor_url=\"https://{name}.example\",monitor_hostname=\"null\",monitor_port=\"null\"}} {status}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_that_changed_while_vigie_was_away_is_found() {
    let mut scene = Scene::new().await;
    std::fs::write(scene.lab.folder().join("kuma-api"), "uk1_key").unwrap();
    scene.programs.answer("kuma/metrics", &(monitor("blog", 1) + &monitor("wiki", 0)));
    let vigie = scene.vigie(&["kuma"]).await;
    scene.says(CHANNEL, "wiki").await;
    let body = json!({
        "heartbeat": { "monitorID": 7, "status": 0, "time": "2026-11-21 10:00:00.000", "msg": "timeout" },
        "monitor": { "id": 7, "name": "blog", "type": "http", "url": "https://blog.example" },
        "msg": "[blog] [Down] timeout",
    });
    scene.told(&vigie, "kuma", &body).await;
    scene.programs.answer("kuma/metrics", &(monitor("blog", 0) + &monitor("wiki", 0)));
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, 2).await;
    scene.away(vigie, Duration::from_hours(2)).await;

    scene.programs.answer("kuma/metrics", &(monitor("blog", 1) + &monitor("wiki", 0)));
    let vigie = scene.vigie(&["kuma"]).await;
    scene.says(CHANNEL, "up when it was asked").await;
    scene.minute(&vigie).await;
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, 2).await;
}
