//! The way of a webhook: signed, stored, shown once, edited as its thing lives.

use harness::{FALLBACK, Lab, SECRET, eventually};
use serde_json::Value;
use stack_sim::gitea::{PullRequestStep, Repository};

use crate::{hold_against_discord, vigie};

const CHANNEL: u64 = FALLBACK + 1;

fn lighthouse() -> Repository {
    Repository::new("https://git.harbor.example", "harbor/lighthouse", SECRET)
}

async fn shown(lab: &Lab, count: usize) -> Vec<Value> {
    let what = format!("{count} messages");
    let messages = eventually(&what, async || {
        let messages = lab.messages(CHANNEL).await;
        (messages.len() >= count).then_some(messages)
    });
    let messages = messages.await;
    assert_eq!(messages.len(), count, "{messages:#?}");
    messages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_push_becomes_one_message_that_mentions_nobody() {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie(vigie()).await;
    let push = lighthouse().push("alice", "main", &["Light the lamp for @everyone"]);
    assert_eq!(vigie.post(&push).await, Some(204));
    let message = shown(&lab, 1).await.remove(0);
    assert!(message["embeds"][0].to_string().contains("Light the lamp"), "{message:#}");
    assert_eq!(message["mention_everyone"], false);
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_twice_shows_once() {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie(vigie()).await;
    let mut repository = lighthouse();
    let push = repository.push("alice", "main", &["Light the lamp"]);
    let again = repository.redeliver(&push);
    let tag = repository.tag("alice", "v1");
    // The tag is another object, so it does not come between the push and its redelivery.
    for delivery in [&push, &push, &tag, &again, &again] {
        assert_eq!(vigie.post(delivery).await, Some(204));
    }
    shown(&lab, 2).await;
    let metrics = vigie.get("/metrics").await.text();
    assert!(metrics.contains("vigie_events_total{source=\"gitea\",outcome=\"repeat\"} 3"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_pushed_forth_back_and_forth_again_is_three_pushes() {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie(vigie()).await;
    let mut repository = lighthouse();
    let (a, b) = ("a".repeat(40), "b".repeat(40));
    for (before, after) in [(&a, &b), (&b, &a), (&a, &b)] {
        assert_eq!(vigie.post(&repository.force_push("alice", "main", before, after)).await, Some(204));
    }
    shown(&lab, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_request_is_one_message_through_its_life() {
    let lab = Lab::new(1).await;
    let vigie = lab.vigie(vigie()).await;
    let mut repository = lighthouse();
    let steps = [PullRequestStep::Opened, PullRequestStep::Synchronized, PullRequestStep::Merged];
    let mut first = None;
    for (edits, step) in steps.into_iter().enumerate() {
        let delivery = repository.pull_request("alice", 7, "A brighter lamp", "lamp", step);
        assert_eq!(vigie.post(&delivery).await, Some(204));
        let message = eventually("the message was edited", async || {
            let message = lab.messages(CHANNEL).await.into_iter().next()?;
            (message["sim"]["edits"].as_array()?.len() == edits).then_some(message)
        });
        let message = message.await;
        assert_eq!(*first.get_or_insert_with(|| message["id"].clone()), message["id"]);
    }
    let message = shown(&lab, 1).await.remove(0);
    assert!(message["embeds"][0].to_string().to_lowercase().contains("merged"), "{message:#}");
    hold_against_discord(&lab).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_drains_and_ends_with_0() {
    let lab = Lab::new(1).await;
    let vigie_ = lab.vigie(vigie()).await;
    vigie_.ready().await;
    assert_eq!(vigie_.post(&lighthouse().push("alice", "main", &["Last words"])).await, Some(204));
    assert_eq!(vigie_.terminate().await, Some(0));
    let vigie_ = lab.vigie(vigie()).await;
    shown(&lab, 1).await;
    assert_eq!(vigie_.terminate().await, Some(0));
}
