//! The story of a Vigie that is killed again and again while webhooks arrive.

use std::{collections::HashMap, path::Path, time::Duration};

use serde_json::Value;
use stack_sim::gitea::{Delivery, Repository};

use crate::{Lab, eventually};

/// How hard the story is.
#[derive(Clone, Copy, Debug)]
pub struct Story {
    /// How often Vigie is killed.
    pub rounds: usize,
    /// How many pushes arrive in all.
    pub events: usize,
    /// Over how many channels they go.
    pub channels: u64,
}

/// What became of the events.
#[derive(Debug)]
pub struct Outcome {
    /// Those that no message shows.
    pub lost: Vec<usize>,
    /// Those that more than one message shows.
    pub twice: Vec<usize>,
    /// What the last Vigie logged.
    pub log: String,
}

/// Kills `program` with SIGKILL at moments spread over its life, while the senders go on: an answer of 204 is
/// believed, and what got no answer is sent again under the same delivery id.
pub async fn play(program: &Path, story: &Story) -> Outcome {
    let lab = Lab::new(story.channels).await;
    let configuration = lab.configuration(&lab.route_by_repository());
    let deliveries = pushes(&lab, story.events);
    // Any spread of moments will do; this one is the same in each run.
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut answered = 0;
    for round in 1..=story.rounds {
        let vigie = lab.vigie_with(program, &configuration).await;
        let goal = story.events * round / story.rounds;
        let post = async {
            while answered < goal && vigie.post(&deliveries[answered]).await == Some(204) {
                answered += 1;
            }
            std::future::pending::<()>().await;
        };
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = Duration::from_micros((random >> 33) % 400_000);
        // The time-out is the kill; there is no other end.
        let _: Result<(), _> = tokio::time::timeout(moment, post).await;
        vigie.kill().await;
    }

    let vigie = lab.vigie_with(program, &configuration).await;
    for delivery in &deliveries[answered..] {
        assert_eq!(vigie.post(delivery).await, Some(204));
    }
    let mut shown = 0;
    while shown < story.events {
        // Discord's limits set the pace, so patience is for the next message, not for all.
        let more = eventually("more messages", async || {
            let now = lab.all_messages().await.len();
            (now > shown || settled(&vigie.get("/metrics").await.text())).then_some(now)
        });
        let now = more.await;
        if now == shown {
            break;
        }
        shown = now;
    }
    eventually("everything is sent", async || settled(&vigie.get("/metrics").await.text()).then_some(()))
        .await;
    count(&lab.all_messages().await, story.events, vigie.log())
}

fn pushes(lab: &Lab, events: usize) -> Vec<Delivery> {
    let mut repositories: Vec<Repository> = lab.route_channels().map(|id| lab.repository(id)).collect();
    let count = repositories.len();
    (0..events).map(|n| repositories[n % count].push("alice", "main", &[&format!("event {n:05}.")])).collect()
}

/// Whether nothing waits any more.
fn settled(metrics: &str) -> bool {
    let lines = ["vigie_inbox_pending 0\n", "vigie_outbox_messages{state=\"pending\"} 0\n"];
    lines.iter().all(|line| metrics.contains(line))
}

fn count(messages: &[Value], events: usize, log: String) -> Outcome {
    let mut shown: HashMap<usize, usize> = HashMap::new();
    for message in messages {
        let text = message["embeds"].to_string();
        let number = text.split("event ").nth(1).and_then(|rest| rest.get(..5)?.parse().ok());
        *shown.entry(number.unwrap_or_else(|| panic!("not one of ours: {message:#}"))).or_default() += 1;
    }
    let times = |n: &usize| shown.get(n).copied().unwrap_or(0);
    Outcome {
        lost: (0..events).filter(|n| times(n) == 0).collect(),
        twice: (0..events).filter(|n| times(n) > 1).collect(),
        log,
    }
}
