//! Survival of SIGKILL. Invariant: an event counts as lost or shown twice by what Discord holds, not by what Vigie says.

use harness::survival;

use crate::{Arguments, Figure};

/// Rounds of SIGKILL at random moments under load.
pub(crate) async fn measure(arguments: &Arguments) -> Figure {
    // Enough channels that Discord's limits, which stay on, let everything out in a few minutes.
    let story = survival::Story { rounds: arguments.rounds, events: arguments.events, channels: 100 };
    let outcome = survival::play(&arguments.vigie, &story).await;
    Figure {
        what: "SIGKILL at random moments under load",
        measured: format!(
            "{} rounds, {} events: lost {}, shown twice {}",
            story.rounds,
            story.events,
            outcome.lost.len(),
            outcome.twice.len()
        ),
        wanted: "lost 0, shown twice 0",
    }
}
