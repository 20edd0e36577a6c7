//! Gitea's activity feeds.

use std::time::Duration;

use harness::SECRET;
use proptest::{prelude::*, test_runner::Config};
use stack_sim::gitea::{Delivery, PullRequestStep, Repository};

use super::scene::{CHANNEL, Scene};
use crate::inside::Inside;

const SOURCES: [&str; 1] = ["gitea"];

fn lighthouse() -> Repository {
    Repository::new("https://git.harbor.example", "harbor/lighthouse", SECRET)
}

impl Scene {
    /// Something happens, and is told.
    async fn happens_and_is_told(&self, vigie: &Inside, delivery: &Delivery) {
        self.programs.happens(delivery, &vigie.clock.now().to_string());
        vigie.take(delivery).await;
    }

    /// Something happens a minute before the next Vigie starts.
    fn happens(&self, delivery: &Delivery) {
        self.programs.happens(delivery, &self.before(Duration::from_mins(1)).to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_vigie_was_away_is_found_once() {
    let mut scene = Scene::new().await;
    let mut repository = lighthouse();
    scene.programs.happens(&repository.push("alice", "main", &["Long ago"]), "2026-01-01T00:00:00Z");
    let vigie = scene.vigie(&SOURCES).await;
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, 0).await;
    scene.happens_and_is_told(&vigie, &repository.push("alice", "main", &["Light up"])).await;
    scene.happens_and_is_told(&vigie, &repository.issue("bob", 3, "A dark spot", "Here.")).await;
    scene.shown(CHANNEL, 2).await;
    scene.minute(&vigie).await;
    scene.away(vigie, Duration::from_hours(1)).await;

    let open = repository.pull_request("alice", 7, "A brighter lamp", "lamp", PullRequestStep::Opened);
    for missed in [
        repository.push("alice", "main", &["Oil the hinges", "Polish the glass"]),
        open,
        repository.approve("bob", 7, "A brighter lamp", "lamp", "Shines."),
        repository.comment("bob", 3, "A dark spot", "Still dark."),
        repository.release("alice", "v1.0", "All bright."),
        repository.tag("alice", "v1.0"),
        repository.pull_request("alice", 7, "A brighter lamp", "lamp", PullRequestStep::Merged),
    ] {
        scene.happens(&missed);
    }
    let vigie = scene.vigie(&SOURCES).await;
    for word in ["Polish the glass", "merged", "Shines.", "Still dark.", "All bright."] {
        scene.says(CHANNEL, word).await;
    }
    // The tag is two, as its webhooks are.
    let shown = scene.shown(CHANNEL, 2 + 7).await;
    let metrics = vigie.get("/metrics").await.text();
    assert!(metrics.contains("source=\"gitea\",outcome=\"found\"} 8"), "{metrics}");
    scene.away(vigie, Duration::from_hours(30)).await;
    let vigie = scene.vigie(&SOURCES).await;
    scene.minute(&vigie).await;
    assert_eq!(scene.shown(CHANNEL, 2 + 7).await, shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_was_made_meanwhile_is_read_from_its_beginning() {
    let mut scene = Scene::new().await;
    scene.programs.repository("harbor/lighthouse");
    let vigie = scene.vigie(&SOURCES).await;
    scene.minute(&vigie).await;
    scene.away(vigie, Duration::from_mins(5)).await;
    let mut pier = Repository::new("https://git.harbor.example", "harbor/pier", SECRET);
    scene
        .programs
        .happens(&pier.push("alice", "main", &["Built before anybody looked"]), "2026-01-01T00:00:00Z");
    scene.happens(&pier.push("alice", "main", &["Drive the piles"]));
    let vigie = scene.vigie(&SOURCES).await;
    scene.says(CHANNEL, "Drive the piles").await;
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_into_a_second_that_was_read_is_found() {
    let mut scene = Scene::new().await;
    let mut repository = lighthouse();
    let second = "2026-01-01T00:00:00Z";
    scene.programs.happens(&repository.push("alice", "main", &["Before anybody looked"]), second);
    let vigie = scene.vigie(&SOURCES).await;
    scene.minute(&vigie).await;
    for words in ["Light up", "Oil the hinges"] {
        scene.programs.happens(&repository.push("alice", "main", &[words]), second);
        scene.minute(&vigie).await;
        scene.says(CHANNEL, words).await;
    }
    scene.away(vigie, Duration::from_mins(5)).await;
    let vigie = scene.vigie(&SOURCES).await;
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_forced_forth_and_back_is_told_each_time() {
    let mut scene = Scene::new().await;
    scene.programs.repository("harbor/lighthouse");
    let vigie = scene.vigie(&SOURCES).await;
    scene.minute(&vigie).await;
    let mut repository = lighthouse();
    let (a, b) = ("a".repeat(40), "b".repeat(40));
    scene.happens_and_is_told(&vigie, &repository.force_push("alice", "main", &a, &b)).await;
    scene.shown(CHANNEL, 1).await;
    scene.away(vigie, Duration::from_mins(5)).await;
    for (before, after) in [(&b, &a), (&a, &b), (&b, &a), (&a, &b)] {
        scene.happens(&repository.force_push("alice", "main", before, after));
    }
    let vigie = scene.vigie(&SOURCES).await;
    scene.minute(&vigie).await;
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, 5).await;
}

/// What becomes of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Webhook {
    Told,
    Lost,
    /// It comes after its activity was found.
    Late,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Push,
    Issue,
    Comment,
    Pull,
}

async fn each_once(steps: Vec<(What, Webhook, bool)>) {
    let scene = Scene::new().await;
    scene.programs.repository("harbor/lighthouse");
    let vigie = scene.vigie(&SOURCES).await;
    scene.minute(&vigie).await;
    let mut repository = lighthouse();
    for (nth, (what, webhook, asked)) in (1_u64..).zip(&steps) {
        let delivery = match what {
            What::Push => repository.push("alice", "main", &["Light up"]),
            What::Issue => repository.issue("alice", nth, "A dark spot", ""),
            What::Comment => repository.comment("alice", nth, "A dark spot", "Still."),
            What::Pull => repository.pull_request("alice", nth, "A lamp", "lamp", PullRequestStep::Opened),
        };
        scene.programs.happens(&delivery, &vigie.clock.now().to_string());
        if *webhook == Webhook::Told {
            vigie.take(&delivery).await;
        }
        if *asked || *webhook == Webhook::Late {
            scene.minute(&vigie).await;
        }
        if *webhook == Webhook::Late {
            vigie.take(&delivery).await;
        }
    }
    scene.minute(&vigie).await;
    scene.minute(&vigie).await;
    scene.shown(CHANNEL, steps.len()).await;
}

proptest! {
    #![proptest_config(Config { cases: 6, ..Config::default() })]
    #[test]
    fn each_happening_is_shown_once_however_webhooks_and_answers_interleave(
        steps in prop::collection::vec((
            prop_oneof![Just(What::Push), Just(What::Issue), Just(What::Comment), Just(What::Pull)],
            prop_oneof![Just(Webhook::Told), Just(Webhook::Lost), Just(Webhook::Late)],
            any::<bool>(),
        ), 1..6),
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(each_once(steps));
    }
}
