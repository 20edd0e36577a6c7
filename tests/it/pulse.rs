//! Vigie's sign of life: the whole path, as a message, as metrics, and to an address outside.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use harness::{FALLBACK, Lab, eventually};
use hyper::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use vigie::clock::Clock;

use crate::{hold_against_discord, inside::Inside};

const ROUTED: u64 = FALLBACK + 1;
const PULSE: u64 = FALLBACK + 2;
/// How often a sign of life comes, and a little more.
const EVERY: Duration = Duration::from_secs(301);

/// An address outside, as Healthchecks.io has them, and how often it was asked.
struct Outside {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Outside {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ping/0a1b2c", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let ping = async move || {
            count.fetch_add(1, Ordering::SeqCst);
            "OK"
        };
        let router = Router::new().route("/ping/0a1b2c", get(ping));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }

    async fn was_asked(&self, times: usize) {
        let what = format!("the address outside was asked {times} times");
        eventually(&what, async || (self.asked.load(Ordering::SeqCst) >= times).then_some(())).await;
        assert_eq!(self.asked.load(Ordering::SeqCst), times);
    }
}

/// A configuration whose one route takes everything, keeps it quiet and gathers it: no sign of life may care.
fn configuration(lab: &Lab, outside: &Outside) -> String {
    let now = Clock::system().now();
    let hour = |hours: i64| (now + jiff::SignedDuration::from_hours(hours)).strftime("%H:%M").to_string();
    lab.configuration(&format!(
        "[health]\nchannel = {PULSE}\nping_url = \"{}\"\n\
         [[routes]]\nchannels = [{ROUTED}]\ndigest_after = 1\n\
         quiet = {{ from = \"{}\", to = \"{}\", tz = \"UTC\" }}\n",
        outside.url,
        hour(-2),
        hour(2),
    ))
}

/// The only message of the channel, once it was edited so often.
async fn edited(lab: &Lab, times: usize) -> Value {
    let what = format!("a sign of life with {times} edits");
    let messages = eventually(&what, async || {
        let messages = lab.messages(PULSE).await;
        (messages.last()?["sim"]["edits"].as_array()?.len() >= times).then_some(messages)
    });
    let mut messages = messages.await;
    assert_eq!(messages.len(), 1, "{messages:#?}");
    messages.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_of_life_goes_the_whole_way_again_and_again_and_is_told_outside() {
    let lab = Lab::new(2).await;
    let outside = Outside::start().await;
    let vigie = Inside::start(&lab, &configuration(&lab, &outside), Duration::ZERO).await;
    let first = edited(&lab, 0).await;
    assert_eq!(first["embeds"][0]["title"], "💚 Vigie is on the lookout");
    outside.was_asked(1).await;
    let shown = vigie.metric("vigie_pulse_timestamp_seconds").await;
    assert!(shown > 0.0 && vigie.metric("vigie_pulse_seconds").await > 0.0);

    vigie.clock.advance(EVERY);
    let second = edited(&lab, 1).await;
    assert_eq!(second["id"], first["id"]);
    assert_ne!(second["embeds"][0]["timestamp"], first["embeds"][0]["timestamp"]);
    outside.was_asked(2).await;
    assert!(vigie.metric("vigie_pulse_timestamp_seconds").await >= shown + 300.0);

    // Somebody deletes it: the next one comes as a new message.
    let path = format!("/channels/{PULSE}/messages/{}", first["id"].as_str().unwrap());
    let url = format!("http://{}/api/v10{path}", lab.discord);
    let headers = [("authorization", "Bot simulated"), ("user-agent", "DiscordBot (https://example.org, 1)")];
    assert!(lab.client.request(Method::DELETE, &url, &headers, String::new()).await.is_success());
    vigie.clock.advance(EVERY);
    assert_ne!(edited(&lab, 0).await["id"], first["id"]);
    outside.was_asked(3).await;

    assert_eq!(lab.all_messages().await.len(), 1);
    vigie.stop().await;
    let store = rusqlite::Connection::open(lab.folder().join("vigie.db")).unwrap();
    let kept = |table| -> i64 {
        store.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    // The newest beat, and the one before it if that was still being worked on.
    assert!((1..=2).contains(&kept("inbox")), "{}", kept("inbox"));
    assert_eq!((kept("incidents"), kept("outbox"), kept("audit")), (1, 1, 0));
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_outside_is_told_that_vigie_works_while_discord_shows_nothing() {
    let lab = Lab::new(2).await;
    let outside = Outside::start().await;
    let vigie = Inside::start(&lab, &configuration(&lab, &outside), Duration::ZERO).await;
    outside.was_asked(1).await;
    lab.fault("status", "PATCH", "/channels/*/messages/*", json!({ "status": 503 })).await;
    vigie.clock.advance(EVERY);
    eventually("an edit that failed", async || {
        let edits = lab.requests("PATCH", &format!("/channels/{PULSE}/")).await;
        (!edits.is_empty()).then_some(())
    })
    .await;
    // As long as a sign of life may take.
    vigie.clock.advance(Duration::from_secs(121));
    vigie.reaches("vigie_pulse_failures_total", 1.0).await;
    outside.was_asked(1).await;

    lab.no_faults().await;
    vigie.clock.advance(EVERY);
    outside.was_asked(2).await;
    assert_eq!(lab.messages(PULSE).await.len(), 1);
}
