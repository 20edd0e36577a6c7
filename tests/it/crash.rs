//! Killed with SIGKILL at any moment: nothing that was answered is lost, and nothing shows twice.

use harness::survival::{Story, play};

use crate::vigie;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_is_lost_and_nothing_shows_twice() {
    let outcome = play(vigie(), &Story { rounds: 10, events: 200, channels: 20 }).await;
    assert!(outcome.lost.is_empty() && outcome.twice.is_empty(), "{outcome:#?}");
}
