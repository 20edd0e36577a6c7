//! Silences: real ones, made once, ended by whoever may.

use harness::{FALLBACK, GUILD, eventually};
use serde_json::{Value, json};
use stack_sim::alertmanager::Fault;

use super::{ALICE, CHANNEL, Watch, labels, told};
use crate::hold_against_discord;

const OPEN: [&str; 5] = ["👀", "🔕", "🔕", "🔕", "📖"];
const SILENCED: [&str; 3] = ["👀", "🔔", "📖"];

/// Holds that a silence lasts so many minutes from the press, which was a moment before it began.
fn lasts(silence: &Value, minutes: f64) {
    let time = |key: &str| silence[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let found = time("endsAt").duration_since(time("startsAt")).as_secs_f64() / 60.0;
    assert!((minutes - 0.5..=minutes).contains(&found), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_matches_exactly_the_labels_and_undo_ends_it() {
    let (watch, alertmanager) = Watch::new().await;
    // Meanwhile the message shows the buttons that it had.
    let edits_fail = async || {
        watch.lab.fault("status", "PATCH", "/channels/*/messages/*", json!({ "status": 500 })).await;
    };
    edits_fail().await;
    let text = watch.pressed(ALICE, "silence-1h").await;
    assert!(text.starts_with("Silenced in Alertmanager until <t:"), "{text}");
    let again = watch.pressed(ALICE, "silence-4h").await;
    assert!(again.starts_with("<@4000> has silenced it already, until <t:"), "{again}");
    watch.lab.no_faults().await;
    let message = watch.buttons_are(&SILENCED).await;

    let silence = alertmanager.silences().remove(0);
    let exact = |(name, value)| json!({ "name": name, "value": value, "isRegex": false, "isEqual": true });
    assert_eq!(silence["matchers"], json!(labels().map(exact)));
    lasts(&silence, 60.0);
    assert_eq!(silence["createdBy"], "alice (4000)");
    let address =
        format!("https://discord.com/channels/{GUILD}/{CHANNEL}/{}", message["id"].as_str().unwrap());
    let reference = watch.custom_id("x").await.replace("v1:x:", "");
    assert_eq!(silence["comment"], format!("{reference} silenced from Discord: {address}"));

    assert_eq!(alertmanager.silences().len(), 1);

    edits_fail().await;
    assert!(watch.pressed(ALICE, "unsilence").await.starts_with("The silence is over."));
    assert_eq!(watch.pressed(ALICE, "unsilence").await, "It was not silenced.");
    watch.lab.no_faults().await;
    watch.buttons_are(&OPEN).await;
    assert_eq!(alertmanager.silences()[0]["status"]["state"], "expired");
    let audit = watch.audit();
    let outcomes: Vec<_> = audit.iter().map(|row| row.split(" until").next().unwrap()).collect();
    let id = silence["id"].as_str().unwrap();
    assert_eq!(
        outcomes,
        [
            "alice silence: done",
            "alice silence: unchanged",
            &format!("alice undo silence: done silence {id}"),
            "alice undo silence: unchanged it was so already",
        ]
    );
    hold_against_discord(&watch.lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presses_at_once_make_one_silence() {
    let (watch, alertmanager) = Watch::new().await;
    let message = watch.message().await;
    let custom_id = watch.custom_id("silence-4h").await;
    let press = || watch.press_on(ALICE, &message["id"], &custom_id);
    let (one, two, three) = tokio::join!(press(), press(), press());
    let done = [one, two, three].iter().filter(|seen| told(seen).starts_with("Silenced")).count();
    assert_eq!((done, alertmanager.silences().len()), (1, 1));
}

/// `user` presses "until…" and sends the form with `text`.
async fn silence_until(watch: &Watch, text: &str) -> String {
    let opened = watch.press(ALICE, "silence-until").await;
    let modal = &opened["modal"];
    assert_eq!(modal["title"], "Silence until…", "{opened:#}");
    let act = json!({
        "kind": "modal", "guild_id": GUILD, "channel_id": CHANNEL.to_string(), "user_id": ALICE,
        "custom_id": modal["custom_id"], "values": { "until": text }, "wait": "final",
    });
    told(&watch.lab.sim("interactions", &act).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_asks_until_when_and_says_what_it_expects() {
    let (watch, alertmanager) = Watch::new().await;
    for (text, answer) in
        [("soon", "I can't read `soon`"), ("2020-01-01 00:00", "`2020-01-01 00:00` is not in the future")]
    {
        let told = silence_until(&watch, text).await;
        assert!(told.starts_with(answer) && told.contains("Expected is a duration"), "{told}");
    }
    assert_eq!(alertmanager.silences(), Vec::<Value>::new());
    assert!(silence_until(&watch, "2h30m").await.starts_with("Silenced in Alertmanager"));
    watch.buttons_are(&SILENCED).await;
    let silence = alertmanager.silences().remove(0);
    lasts(&silence, 150.0);
    hold_against_discord(&watch.lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alertmanager_that_refuses_or_is_away_changes_nothing() {
    let (watch, alertmanager) = Watch::new().await;
    alertmanager.fault(Some(Fault::Refuse));
    let text = watch.pressed(ALICE, "silence-1h").await;
    assert!(text.contains("nothing was changed") && text.contains("as the test wants it"), "{text}");
    alertmanager.fault(None);
    watch.pressed(ALICE, "silence-1h").await;
    watch.buttons_are(&SILENCED).await;

    drop(alertmanager);
    let text = watch.pressed(ALICE, "unsilence").await;
    assert!(text.contains("nothing was changed") && text.contains("it can't be reached"), "{text}");
    watch.buttons_are(&SILENCED).await;
    let audit = watch.audit();
    assert!(
        audit[0].starts_with("alice silence: refused ") && audit[2].contains("undo silence: refused"),
        "{audit:?}"
    );
    assert_eq!(watch.lab.messages(FALLBACK).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silence_that_a_crash_cut_off_is_found_again_and_made_once() {
    let (mut watch, alertmanager) = Watch::new().await;
    alertmanager.fault(Some(Fault::Silent));
    let (message, custom_id) = (watch.message().await, watch.custom_id("silence-1h").await);
    let act = json!({
        "kind": "button", "guild_id": GUILD, "channel_id": CHANNEL.to_string(), "user_id": ALICE,
        "message_id": message["id"], "custom_id": custom_id,
    });
    watch.lab.sim("interactions", &act).await;
    let made = async || (alertmanager.silences().len() == 1).then_some(());
    eventually("the silence is made and its answer is not", made).await;
    watch.kill().await;
    assert!(watch.audit()[0].starts_with("alice silence: begun"));

    alertmanager.fault(None);
    watch.start().await;
    watch.buttons_are(&SILENCED).await;
    assert_eq!(alertmanager.silences().len(), 1);
    assert!(watch.audit()[0].starts_with("alice silence: done until "), "{:?}", watch.audit());

    // The same for its end.
    alertmanager.fault(Some(Fault::Silent));
    let act = json!({
        "kind": "button", "guild_id": GUILD, "channel_id": CHANNEL.to_string(), "user_id": ALICE,
        "message_id": message["id"], "custom_id": watch.custom_id("unsilence").await,
    });
    watch.lab.sim("interactions", &act).await;
    let over = async || (alertmanager.silences()[0]["status"]["state"] == "expired").then_some(());
    eventually("the silence is over and its answer is not there", over).await;
    watch.kill().await;
    alertmanager.fault(None);
    watch.start().await;
    watch.buttons_are(&OPEN).await;
}
