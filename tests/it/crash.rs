//! Killed with SIGKILL at any moment and at every crash point, while every source reports and Discord does what it is
//! asked and does not say so: nothing is lost, and nothing shows twice. How that is decided: `harness::survival`.

use harness::survival::{Outcome, Story, play};
use vigie::crash_point::{CrashPoint, VARIABLE};

use crate::vigie;

/// `rounds` kills at random moments, and for each twenty of them one at each crash point; a build without debug
/// assertions has none.
async fn killed(rounds: usize, events: usize, channels: u64) -> Outcome {
    let points: Vec<&str> =
        CrashPoint::OF_EVENTS.iter().filter(|_| cfg!(debug_assertions)).map(|point| point.as_str()).collect();
    let story = Story { rounds, events, channels, points: points.repeat(rounds / 20), variable: VARIABLE };
    let outcome = play(vigie(), &story).await;
    let verdict = &outcome.verdict;
    println!(
        "{} events, {} messages, {} kills at random moments, {:?} at crash points, {} answers dropped, {} invalid, \
         {:.0?}: lost {}, shown twice {}",
        outcome.events,
        verdict.messages,
        outcome.kills,
        outcome.struck,
        outcome.unanswered,
        outcome.invalid,
        outcome.took,
        verdict.lost.len(),
        verdict.twice.len(),
    );
    let whole = verdict.lost.is_empty() && verdict.twice.is_empty() && verdict.strangers.is_empty();
    assert!(whole, "{verdict:#?}\n{}", outcome.log);
    let missed: Vec<_> = points.iter().filter(|point| !outcome.struck.contains_key(*point)).collect();
    assert!(missed.is_empty(), "crash points that were never reached: {missed:?}");
    // A share of Discord's 10,000 in ten minutes, for which one Vigie that never dies stays below 500.
    assert!(outcome.invalid < 500, "{} invalid requests", outcome.invalid);
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_is_lost_and_nothing_shows_twice() {
    let outcome = killed(20, 1000, 24).await;
    assert!(outcome.kills >= 20 && outcome.events >= 1000, "{outcome:?}");
}

/// `cargo test --test it -- --ignored --nocapture killed_two_hundred_times`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; its figures stand in docs/performance.md"]
async fn killed_two_hundred_times_ten_thousand_events_are_each_shown_once() {
    let outcome = killed(200, 10_000, 100).await;
    assert!(outcome.kills >= 200 && outcome.events >= 10_000, "{outcome:?}");
}
