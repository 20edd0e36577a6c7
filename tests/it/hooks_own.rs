//! Uptime Kuma, a script and the deployer as they speak to the whole program.

use harness::{FALLBACK, Lab, SECRET, Vigie, eventually};
use hyper::Method;
use serde_json::{Value, json};
use stack_sim::gitea::sign;

use crate::{hold_against_discord, vigie};

const CHANNEL: u64 = FALLBACK + 1;
const BEARER: &str = "Bearer kuma-and-cron";

/// A Vigie that takes the hooks of Kuma, of the deployer, and `cron`.
async fn start(lab: &Lab) -> Vigie {
    let folder = lab.folder().display();
    std::fs::write(lab.folder().join("bearer"), "kuma-and-cron\n").unwrap();
    let more = format!(
        "[sources.kuma]\ntoken_file = \"{folder}/bearer\"\n\
         [sources.generic.cron]\ntoken_file = \"{folder}/bearer\"\n\
         [sources.deploy]\nsecret_file = \"{folder}/secret\"\n\
         [[routes]]\nchannels = [{CHANNEL}]"
    );
    lab.vigie_with(vigie(), &lab.configuration(&more)).await
}

async fn send(vigie: &Vigie, hook: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let url = format!("{}/hooks/{hook}", vigie.origin);
    let answer = vigie.client.request(Method::POST, &url, headers, body.to_owned()).await;
    (answer.status, answer.text())
}

/// Posts a body that is to be taken.
async fn take(vigie: &Vigie, hook: &str, body: &Value) {
    let body = body.to_string();
    let signature = format!("sha256={}", sign(SECRET, body.as_bytes()));
    let headers = [("authorization", BEARER), ("x-vigie-signature", &signature)];
    assert_eq!(send(vigie, hook, &headers, &body).await, (204, String::new()), "{body}");
}

/// Waits until the channel shows `count` messages whose latest says `text`; returns the ids of all.
async fn shown(lab: &Lab, count: usize, text: &str) -> Vec<Value> {
    eventually(&format!("{count} messages, the latest with '{text}'"), async || {
        let messages = lab.messages(CHANNEL).await;
        let latest = messages.last()?.to_string();
        (messages.len() == count && latest.contains(text))
            .then(|| messages.iter().map(|one| one["id"].clone()).collect())
    })
    .await
}

fn beat(status: u8, time: &str, said: &str) -> Value {
    json!({
        "heartbeat": {"monitorID": 7, "status": status, "time": time, "msg": said, "response": "<html>"},
        "monitor": {"id": 7, "name": "Harbor blog", "type": "http", "url": "https://blog.harbor.example"},
        "msg": format!("[Harbor blog] {said}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_goes_down_and_up_in_whichever_mode_it_is_told() {
    let lab = Lab::new(1).await;
    let vigie = start(&lab).await;
    take(&vigie, "kuma", &beat(0, "2026-11-21 09:58:03.412", "refused by the quay")).await;
    shown(&lab, 1, "Harbor blog").await;

    // Told again after some beats, by a second notification in the form mode: further down, no news.
    let again = beat(0, "2026-11-21 10:08:03.412", "refused by the pier");
    let form = format!("--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n{again}\r\n--b--\r\n");
    let headers = [("authorization", BEARER), ("content-type", "multipart/form-data; boundary=b")];
    assert_eq!(send(&vigie, "kuma", &headers, &form).await.0, 204);
    shown(&lab, 1, "refused by the pier").await;

    let up = beat(1, "2026-11-21 10:12:03.412", "200 - OK");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("msg", up["msg"].as_str().unwrap())
        .append_pair("heartbeat", &up["heartbeat"].to_string())
        .append_pair("monitor", &up["monitor"].to_string())
        .finish();
    let url = format!("{}/hooks/kuma?{query}", vigie.origin);
    for outcome in ["accepted", "repeat"] {
        let answer = vigie.client.request(Method::GET, &url, &[("authorization", BEARER)], "").await;
        assert_eq!(answer.status, 204, "{answer:?}");
        let expected = if outcome == "accepted" { 3.0 } else { 1.0 };
        vigie
            .reaches(&format!("vigie_events_total{{source=\"kuma\",outcome=\"{outcome}\"}}"), expected)
            .await;
    }
    eventually("it is up in the message that said that it is down", async || {
        lab.messages(CHANNEL).await[0].to_string().contains("200 - OK").then_some(())
    })
    .await;
    let stored = std::fs::read(lab.folder().join("vigie.db-wal")).unwrap();
    assert!(!stored.windows(6).any(|window| window == b"<html>"), "what the site answered is not kept");
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_heard_each_time_and_once_by_an_id() {
    let lab = Lab::new(1).await;
    let vigie = start(&lab).await;
    let night = json!({"title": "Backup failed", "text": "disk full"});
    take(&vigie, "generic/cron", &night).await;
    take(&vigie, "generic/cron", &night).await;
    shown(&lab, 2, "Backup failed").await;

    let named = json!({"title": "Disk nearly full", "id": "disk-1", "key": "disk", "status": "firing"});
    take(&vigie, "generic/cron", &named).await;
    let before = shown(&lab, 3, "Disk nearly full").await;
    take(&vigie, "generic/cron", &json!({"title": "Disk has room", "key": "disk", "status": "resolved"}))
        .await;
    take(&vigie, "generic/cron", &named).await;
    vigie.reaches("vigie_events_total{source=\"generic\",outcome=\"repeat\"}", 1.0).await;
    eventually("the message about the disk says that it has room", async || {
        let messages = lab.messages(CHANNEL).await;
        let disk = messages.iter().find(|one| one["id"] == before[2])?;
        disk.to_string().contains("Disk has room").then_some(())
    })
    .await;
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_is_one_message_whatever_order_its_states_come_in() {
    let lab = Lab::new(1).await;
    let vigie = start(&lab).await;
    let report = |state: &str, second: u8| {
        json!({
            "deployment": "pi-000042", "target": "pi", "state": state, "reason": format!("it is {state}"),
            "at": format!("2026-11-21T10:00:0{second}Z"),
        })
    };
    take(&vigie, "deploy", &report("planned", 0)).await;
    take(&vigie, "deploy", &report("live", 5)).await;
    take(&vigie, "deploy", &report("building", 1)).await;
    take(&vigie, "deploy", &report("planned", 0)).await;
    vigie.reaches("vigie_events_total{source=\"deploy\",outcome=\"accepted\"}", 3.0).await;
    vigie.reaches("vigie_events_total{source=\"deploy\",outcome=\"repeat\"}", 1.0).await;
    vigie.reaches("vigie_inbox_pending", 0.0).await;
    shown(&lab, 1, "it is live").await;
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_bad_hook_has_its_answer() {
    let lab = Lab::new(1).await;
    let vigie = start(&lab).await;
    let bearer = [("authorization", BEARER)];
    for (hook, headers, body, status, said) in [
        ("kuma", &[][..], "{}", 401, "expected in Authorization 'Bearer' and the token, found none"),
        ("kuma", &[("authorization", "Bearer other")], "{}", 401, "[sources.kuma] token_file"),
        ("generic/cron", &[("authorization", "Basic eA==")], "{}", 401, "[sources.generic.cron] token_file"),
        ("generic/other", &bearer, "{}", 404, "set [sources.generic.NAME]"),
        ("deploy", &bearer, "{}", 401, "expected in X-Vigie-Signature the HMAC-SHA256"),
        ("deploy", &[("x-vigie-signature", &sign(SECRET, b"{}"))], "{}", 401, "found another value"),
        ("kuma", &bearer, "hello", 400, "expected an Uptime Kuma webhook"),
        ("kuma", &bearer, "{\"heartbeat\": null}", 400, "or with a text in 'msg'"),
        ("generic/cron", &bearer, "{\"title\": \"x\", \"texd\": \"y\"}", 400, "unknown field `texd`"),
        ("generic/cron", &bearer, "{\"title\": \"x\"", 400, "but it ends at line 1 column 13"),
        ("generic/cron", &bearer, &"x".repeat(2 << 20), 413, "at most 1048576 bytes"),
    ] {
        let (got, text) = send(&vigie, hook, headers, body).await;
        assert_eq!(got, status, "{hook}: {text}");
        assert!(text.contains(said), "{hook}: {text}");
    }
    let signature = format!("sha256={}", sign(SECRET, b"{\"state\": \"gone\"}"));
    let answer = send(&vigie, "deploy", &[("x-vigie-signature", &signature)], "{\"state\": \"gone\"}").await;
    assert!(answer.0 == 400 && answer.1.contains("expected one of `planned`"), "{answer:?}");
    let query = format!("{}/hooks/kuma", vigie.origin);
    let empty = vigie.client.request(Method::GET, &query, &bearer, "").await;
    assert_eq!(empty.status, 400);
    assert!(empty.text().contains("in the query"), "{}", empty.text());
    for (source, outcome, count) in [
        ("kuma", "unauthorized", 2.0),
        ("kuma", "invalid", 3.0),
        ("generic", "unauthorized", 1.0),
        ("generic", "invalid", 3.0),
        ("generic", "too_large", 1.0),
        ("deploy", "unauthorized", 2.0),
        ("deploy", "invalid", 1.0),
    ] {
        let series = format!("vigie_events_total{{source=\"{source}\",outcome=\"{outcome}\"}}");
        vigie.reaches(&series, count).await;
    }
    assert!(vigie.log().contains("unknown field `texd`"), "a refusal leaves a line: {}", vigie.log());
}
