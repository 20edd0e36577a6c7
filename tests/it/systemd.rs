//! Units that fail, from a real bus to Discord.

mod machine;

use harness::{FALLBACK, eventually};
use serde_json::json;

use self::machine::Machine;
use crate::hold_against_discord;

const BLOG: &str = "blog.service";

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_fails_and_works_again_is_one_message() {
    let Some(machine) = Machine::new().await else { return };
    machine.systemd.starts(BLOG).await;
    let vigie = machine.follower().await;
    machine.systemd.starts_again(BLOG, 1).await;
    machine.systemd.fails(BLOG, 3).await;
    let failed = machine.says("blog.service failed").await;
    let text = failed[0]["embeds"].to_string();
    for fact in ["What blog.service is for", "exit code 3", "failed (failed)", "journalctl -u blog.service"] {
        assert!(text.contains(fact), "{fact}: {text}");
    }
    assert!(text.contains(&"02".repeat(16)), "the invocation: {text}");

    machine.systemd.starts_again(BLOG, 3).await;
    let well = machine.says("blog.service works again").await;
    assert_eq!((well.len(), &well[0]["id"]), (1, &failed[0]["id"]));
    let steps = machine.incidents()[0]["history"]["steps"].clone();
    assert_eq!(steps.as_array().map(Vec::len), Some(2), "{steps:#}");
    assert!(vigie.metric("vigie_events_total{source=\"systemd\",outcome=\"accepted\"}").await > 1.9);
    hold_against_discord(&machine.lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_while_vigie_is_away_is_shown_late_and_once() {
    let Some(machine) = Machine::new().await else { return };
    machine.systemd.starts(BLOG).await;
    machine.follower().await.kill().await;
    machine.systemd.fails(BLOG, 3).await;
    machine.systemd.fails("backup.service", 1).await;
    let vigie = machine.follower().await;
    vigie.reaches("vigie_incidents_open{source=\"systemd\",severity=\"warning\"}", 2.0).await;
    for incident in machine.incidents() {
        assert_eq!((&incident["told"], &incident["subject"]["state"]), (&json!("late"), &json!("failed")));
    }
    vigie.kill().await;

    // Killed and started again, it tells nothing twice; what was reset meanwhile is over.
    machine.systemd.resets(BLOG).await;
    let vigie = machine.follower().await;
    vigie.reaches("vigie_incidents_open{source=\"systemd\",severity=\"warning\"}", 1.0).await;
    let found = "vigie_events_total{source=\"systemd\",outcome=\"found\"}";
    vigie.reaches(found, 1.0).await;
    eventually("the message says so", async || {
        let messages = machine.lab.messages(machine::CHANNEL).await;
        let says = |text: &str| messages.iter().any(|one| one["embeds"].to_string().contains(text));
        (says("blog.service no longer counts as failed")
            && says("backup.service failed")
            && messages.len() == 2)
            .then_some(())
    })
    .await;
    let over = &machine.incidents()[usize::from(machine.incidents()[0]["life"] == "open")];
    assert_eq!((&over["told"], &over["life"]), (&json!("late"), &json!("closed")));
    hold_against_discord(&machine.lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_goes_away_is_said_once_and_so_is_its_return() {
    let Some(mut machine) = Machine::new().await else { return };
    machine.systemd.starts(BLOG).await;
    let vigie = machine.follower().await;
    machine.bus_goes().await;
    machine.systemd.fails(BLOG, 3).await;
    eventually("it is said", async || (machine.complaints("can't ask systemd").await == 1).then_some(()))
        .await;
    let page = vigie.get("/").await.text();
    assert!(page.contains("systemd") && page.contains("D-Bus"), "{page}");
    vigie.kill().await;

    // The next one knows that it was said.
    let listings = machine.systemd.listings();
    let vigie = machine.vigie("").await;
    eventually("it tried", async || vigie.log().contains("can't be asked").then_some(())).await;
    machine.bus_comes().await;
    machine.is_followed(listings).await;
    let failed = machine.says("blog.service failed").await;
    assert_eq!(failed.len(), 1);
    eventually("its return is said", async || {
        (machine.complaints("systemd can be asked again").await == 1).then_some(())
    })
    .await;
    assert_eq!(machine.lab.messages(FALLBACK).await.len(), 1);
    machine.systemd.starts(BLOG).await;
    assert_eq!(machine.says("blog.service works again").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_fails_and_is_gone_is_told_and_ended() {
    let Some(machine) = Machine::new().await else { return };
    let _vigie = machine.follower().await;
    machine.systemd.fails_and_goes("run-u7.service", 5).await;
    assert_eq!(machine.says("run-u7.service no longer counts as failed").await.len(), 1);
    let incident = &machine.incidents()[0];
    assert_eq!(incident["history"]["steps"].as_array().map(Vec::len), Some(2), "{incident:#}");
    assert_eq!(incident["told"], "at_once");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_systemd_is_followed_at_once() {
    let Some(mut machine) = Machine::new().await else { return };
    machine.systemd.starts(BLOG).await;
    let _vigie = machine.follower().await;
    let listings = machine.systemd.listings();
    machine.systemd.leave();
    machine.systemd.fails(BLOG, 3).await;
    let address = machine.address();
    machine.systemd.join(&address).await.unwrap();
    machine.is_followed(listings).await;
    assert_eq!(machine.says("blog.service failed").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_a_watched_service_joins_its_outage() {
    let Some(machine) = Machine::new().await else { return };
    machine.systemd.starts(BLOG).await;
    let listings = machine.systemd.listings();
    let folder = machine.lab.folder().display().to_string();
    let more = format!(
        "[sources.generic.cron]\ntoken_file = \"{folder}/token\"\n[sources.kuma]\ntoken_file = \"{folder}/token\"\n\
         [services.blog]\nunit = \"alias-of-{BLOG}\"\ncritical = true"
    );
    let vigie = machine.vigie(&more).await;
    machine.is_followed(listings).await;
    machine.systemd.fails(BLOG, 3).await;
    machine.says("blog is down").await;
    let down = json!({
        "heartbeat": { "monitorID": 7, "status": 0, "time": "2026-11-21 10:00:00.000", "msg": "timeout" },
        "monitor": { "id": 7, "name": "Blog", "type": "http", "tags": [{ "name": "service", "value": "blog" }] },
        "msg": "[Blog] [Down] timeout",
    });
    let url = format!("{}/hooks/kuma", vigie.origin);
    let headers = [("content-type", "application/json"), ("authorization", "Bearer simulated")];
    let answer = vigie.client.request(hyper::Method::POST, &url, &headers, down.to_string()).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    let both = machine.says("Uptime Kuma").await;
    assert_eq!(both.len(), 1);
    assert_eq!(machine.incidents()[0]["severity"], "critical");
    machine.systemd.starts(BLOG).await;
    machine.says("🟢 systemd").await;
    assert_eq!(machine.incidents()[0]["life"], "open");
}
