//! Woodpecker's pipelines, from its wire to Discord.

mod ci;

use std::time::Duration;

use harness::{FALLBACK, Lab, eventually};
use serde_json::{Value, json};
use stack_sim::woodpecker::{Dialect, Start};

use self::ci::{Ci, incidents, pipeline};
use crate::{hold_against_discord, inside::Inside, vigie};

const CHANNEL: u64 = FALLBACK + 1;
const PUSH: Start<'_> = Start::push("alice", "Light the lamp\n\nAt dusk.");
const LOG: [&str; 3] = ["running 3 tests", "\u{1b}[31mhorn … FAILED\u{1b}[0m", "export TOKEN=hunter2"];

/// Waits until the first message of the channel says `text`.
async fn first_message_says(lab: &Lab, text: &str) -> Value {
    let what = format!("the first message says: {text}");
    eventually(&what, async || {
        let first = lab.messages(CHANNEL).await.into_iter().next();
        first.filter(|message| message["embeds"].to_string().contains(text))
    })
    .await
}

async fn the_story(dialect: Dialect) {
    let lab = Lab::new(1).await;
    let ci = Ci::new(dialect);
    let (woodpecker, repository) = (&ci.woodpecker, ci.repository);
    let vigie = lab.vigie_with(vigie(), &ci.configuration(&lab)).await;
    ci.is_followed().await;

    let number = woodpecker.start(repository, &PUSH);
    let first = first_message_says(&lab, "Pipeline #1").await;
    woodpecker.run(repository, number);
    pipeline(&lab, "it runs", |pipeline| pipeline["status"] == "running").await;
    woodpecker.end(repository, number, 3);
    let failed = pipeline(&lab, "it failed", |pipeline| pipeline["status"] == "failure").await;
    assert_eq!((&failed["life"], &failed["severity"]), (&json!("open"), &json!("warning")));
    let step = json!({
        "workflow": "build", "name": "test", "exit_code": 3, "error": "", "log": [], "earlier_lines": 0,
    });
    assert_eq!(failed["subject"]["failed"], json!([step]), "the log has not come yet");
    assert_eq!(
        (&failed["actor"]["name"], &failed["repository"]),
        (&json!("alice"), &json!("harbor/lighthouse"))
    );

    woodpecker.write(repository, number, &LOG[..1]);
    pipeline(&lab, "the log's first line", |pipeline| pipeline["failed"][0]["log"] == json!(LOG[..1])).await;
    woodpecker.write(repository, number, &LOG[1..]);
    let lines = json!(["running 3 tests", "horn … FAILED", "export TOKEN=********"]);
    pipeline(&lab, "the whole log", |pipeline| pipeline["failed"][0]["log"] == lines).await;
    first_message_says(&lab, "failed with exit code 3").await;
    let message = first_message_says(&lab, "horn … FAILED").await;
    assert_eq!(message["id"], first["id"]);
    eventually("the log is in the thread", async || {
        let thread = first["id"].as_str()?.parse().ok()?;
        lab.messages(thread)
            .await
            .iter()
            .any(|message| message.to_string().contains("horn … FAILED"))
            .then_some(())
    })
    .await;

    let number = woodpecker.start(repository, &PUSH);
    woodpecker.run(repository, number);
    woodpecker.end(repository, number, 0);
    let fixed = pipeline(&lab, "it is fixed", |pipeline| pipeline["status"] == "success").await;
    assert_eq!((&fixed["reference"], &fixed["life"]), (&failed["reference"], &json!("closed")));
    for words in ["Fixed by pipeline #2", "Broken by pipeline #1"] {
        assert_eq!(first_message_says(&lab, words).await["id"], first["id"]);
    }

    woodpecker.play_success(repository, "bruno", "Trim the wick");
    let next = pipeline(&lab, "a new one", |pipeline| pipeline["number"] == 3).await;
    assert_ne!(next["reference"], fixed["reference"], "what was well has ended");
    assert!(!vigie.log().contains("hunter2"));
    assert!(
        !std::fs::read(lab.folder().join("vigie.db")).unwrap().windows(7).any(|bytes| bytes == b"hunter2")
    );
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_pipeline_says_why_and_is_fixed_in_the_same_message_with_2_8() {
    the_story(Dialect::V2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_pipeline_says_why_and_is_fixed_in_the_same_message_with_3_x() {
    the_story(Dialect::V3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_the_stream_is_broken_is_found() {
    let lab = Lab::new(1).await;
    let ci = Ci::new(Dialect::V3);
    let _vigie = lab.vigie_with(vigie(), &ci.configuration(&lab)).await;
    ci.is_followed().await;
    let number = ci.woodpecker.start(ci.repository, &PUSH);
    pipeline(&lab, "it waits", |pipeline| pipeline["status"] == "pending").await;
    ci.woodpecker.break_streams();
    ci.woodpecker.run(ci.repository, number);
    ci.woodpecker.end(ci.repository, number, 3);
    let tag = Start { event: "tag", git_ref: "refs/tags/v1", ..PUSH };
    ci.woodpecker.start(ci.repository, &tag);
    eventually("both are found", async || {
        let all = incidents(&lab);
        let found = |number: u64, status: &str| {
            all.iter().any(|one| one["subject"]["number"] == number && one["subject"]["status"] == status)
        };
        (found(1, "failure") && found(2, "pending")).then_some(())
    })
    .await;
    assert_eq!(incidents(&lab).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_while_vigie_is_away_is_shown_once_and_late() {
    let lab = Lab::new(1).await;
    let ci = Ci::new(Dialect::V3);
    let (woodpecker, repository) = (&ci.woodpecker, ci.repository);
    woodpecker.play_failure(repository, "alice", "Long ago", &LOG);
    let configuration = ci.configuration(&lab);
    let first = lab.vigie_with(vigie(), &configuration).await;
    ci.is_followed().await;
    let number = woodpecker.start(repository, &PUSH);
    woodpecker.run(repository, number);
    pipeline(&lab, "it runs", |pipeline| pipeline["status"] == "running").await;
    assert_eq!(incidents(&lab).len(), 1, "what had ended before Vigie knew this Woodpecker is no news");

    first.kill().await;
    woodpecker.end(repository, number, 3);
    let second = lab.vigie_with(vigie(), &configuration).await;
    let failed = pipeline(&lab, "it failed", |pipeline| pipeline["status"] == "failure").await;
    assert_eq!(failed["told"], "late");
    second.kill().await;
    woodpecker.write(repository, number, &LOG);
    let third = lab.vigie_with(vigie(), &configuration).await;
    pipeline(&lab, "the log is found", |pipeline| pipeline["failed"][0]["log"][0] == LOG[0]).await;
    third.reaches("vigie_outbox_messages{state=\"pending\"}", 0.0).await;
    let shown = lab.messages(CHANNEL).await.len();

    third.kill().await;
    let fourth = lab.vigie_with(vigie(), &configuration).await;
    ci.is_followed().await;
    let cron = Start { event: "cron", ..PUSH };
    woodpecker.start(repository, &cron);
    pipeline(&lab, "another one", |pipeline| pipeline["event"] == "cron").await;
    eventually("only that is new", async || (lab.messages(CHANNEL).await.len() == shown + 1).then_some(()))
        .await;
    assert_eq!(incidents(&lab).len(), 2);
    let repeats = "vigie_events_total{source=\"woodpecker\",outcome=\"accepted\"}";
    assert!((fourth.metric(repeats).await - 1.0).abs() < 0.1, "{}", fourth.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn that_woodpecker_is_away_is_said_once_and_so_is_its_return() {
    let lab = Lab::new(1).await;
    let mut ci = Ci::new(Dialect::V3);
    let vigie = Inside::at_pace(&lab, &ci.configuration(&lab), Duration::ZERO, 20).await;
    ci.is_followed().await;
    ci.leaves().await;
    let said = async |text: &str| {
        let messages = lab.messages(FALLBACK).await;
        messages.iter().filter(|message| message.to_string().contains(text)).count()
    };
    eventually("it is said", async || (said("Woodpecker can't be reached").await == 1).then_some(())).await;
    ci.woodpecker.play_failure(ci.repository, "alice", "Light the lamp", &LOG);
    ci.comes_back();
    eventually("its return is said", async || (said("What happened meanwhile").await == 1).then_some(()))
        .await;
    pipeline(&lab, "what was missed", |pipeline| pipeline["status"] == "failure").await;
    assert_eq!(lab.messages(FALLBACK).await.len(), 2);
    vigie.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_is_left_and_a_new_repository_is_found() {
    let lab = Lab::new(1).await;
    let ci = Ci::new(Dialect::V3);
    let vigie = Inside::at_pace(&lab, &ci.configuration(&lab), Duration::ZERO, 30).await;
    ci.is_followed().await;
    ci.woodpecker.fall_silent();
    let streams = ci.asked("/stream/events");
    eventually("it connects anew", async || (ci.asked("/stream/events") > streams).then_some(())).await;
    ci.woodpecker.speak();
    let other = ci.woodpecker.activate("harbor/bell");
    ci.woodpecker.play_failure(other, "alice", "Ring the bell", &LOG);
    let found = pipeline(&lab, "the new one's", |pipeline| pipeline["status"] == "failure").await;
    assert_eq!(found["repository"], "harbor/bell");
    vigie.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_comes_later_is_used_and_its_absence_is_said_once() {
    let lab = Lab::new(1).await;
    let ci = Ci::new(Dialect::V3);
    let configuration = ci.configuration(&lab);
    let token = lab.folder().join("woodpecker-token");
    let kept = std::fs::read(&token).unwrap();
    std::fs::remove_file(&token).unwrap();
    let vigie = lab.vigie_with(vigie(), &configuration).await;
    eventually("it tried twice", async || {
        (vigie.log().matches("can't follow Woodpecker").count() > 1).then_some(())
    })
    .await;
    std::fs::write(&token, kept).unwrap();
    ci.is_followed().await;
    let log = vigie.log();
    let said = log.lines().filter(|line| line.contains("WARN") && line.contains("can't follow Woodpecker"));
    assert_eq!(said.count(), 1, "{log}");
    assert!(lab.messages(FALLBACK).await.is_empty());
}
