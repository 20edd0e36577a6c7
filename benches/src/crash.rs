//! Survival of SIGKILL. Invariants: an event counts as lost or shown twice by what Discord holds, not by what Vigie
//! says; the program is the one that ships, so it has no crash points (`tests/it/crash.rs` kills it at those).

use harness::survival;

use crate::{Arguments, Figure};

/// Rounds of SIGKILL at random moments under load.
pub(crate) async fn measure(arguments: &Arguments) -> Figure {
    // Enough channels that Discord's limits, which stay on, let everything out in a few minutes.
    let (rounds, events) = (arguments.rounds, arguments.events);
    let story = survival::Story { rounds, events, channels: 100, points: Vec::new(), variable: "" };
    let outcome = survival::play(&arguments.vigie, &story).await;
    let (lost, twice) = (outcome.verdict.lost.len(), outcome.verdict.twice.len());
    Figure {
        what: "SIGKILL at random moments under load",
        measured: format!(
            "{} rounds, {} events: lost {lost}, shown twice {twice}",
            outcome.kills, outcome.events
        ),
        wanted: "lost 0, shown twice 0",
    }
}
