//! What happens, and what Discord does meanwhile. Invariant: both are the same in each run and for each program.

use std::time::{Duration, Instant};

use harness::{GUILD, Lab};
use serde_json::{Value, json};

/// What a program tells of.
#[derive(Debug)]
pub(crate) struct Happening {
    /// A word that stands in nothing else.
    pub(crate) mark: String,
    /// One line, shorter than the 255 characters that Gitea takes.
    pub(crate) title: String,
    /// Any text.
    pub(crate) text: String,
    /// When, after the beginning.
    pub(crate) at: Duration,
}

/// How long one happening is after the other.
const STEP: Duration = Duration::from_millis(1250);
/// After how many of them comes the burst, all at once.
const BEFORE_BURST: usize = 48;
const BURST: usize = 24;
const HAPPENINGS: usize = 120;

/// All that happens, in order: 96 happenings evenly over two minutes, and a burst of 24 in their midst.
pub(crate) fn happenings() -> Vec<Happening> {
    let happening = |n: usize| {
        let (title, text) = said(n);
        // Those of the burst come at the same time as the one before them.
        let waits = n - n.saturating_sub(BEFORE_BURST).min(BURST);
        let mark = format!("mk{n:03}");
        Happening {
            title: format!("{mark} {title}"),
            mark,
            text,
            at: STEP * u32::try_from(waits).unwrap_or(u32::MAX),
        }
    };
    (0..HAPPENINGS).map(happening).collect()
}

/// What people write: each eighth is like another. Long texts are of characters that count as one however Discord
/// counts, since it does not say how.
fn said(n: usize) -> (String, String) {
    match n % 8 {
        1 => ("@everyone @here <@&3000>".into(), "@everyone look, and you, <@4000>".into()),
        2 => ("**bold _and `open".into(), "```sh\nwhile true; do :; done # never closed".into()),
        3 => ("灯台 مظلم 🔦".into(), "\u{202e}backwards\u{200b} 👩‍👩‍👧‍👦 מגדלור".into()),
        4 => ("long ".repeat(48).trim().into(), "It goes on and on. ".repeat(400)),
        5 => ("Nothing more to say".into(), String::new()),
        6 => ("[link](https://harbor.example) ||spoiler||".into(), "# Heading\n- list\n>>> quote".into()),
        7 => ("é".repeat(240), "é".repeat(4096)),
        _ => ("The lamp is dark".into(), "It went out at ten.".into()),
    }
}

/// What Discord does.
enum Trouble {
    /// It does so to every request for [`SPELL`].
    Fault(&'static str),
    /// Nobody answers at its address.
    Leaves,
    Returns,
}

use Trouble::{Fault, Leaves, Returns};

const SPELL: Duration = Duration::from_secs(3);

/// What it does, by seconds after the beginning. Besides, its usual limits are in force.
const TROUBLE: [(u64, Trouble); 10] = [
    (10, Fault(r#"{"kind":"rate_limit","scope":"user","retry_after":1.5}"#)),
    (20, Fault(r#"{"kind":"rate_limit","scope":"global","retry_after":2}"#)),
    (30, Fault(r#"{"kind":"status","status":500}"#)),
    (40, Fault(r#"{"kind":"status","status":502}"#)),
    (50, Fault(r#"{"kind":"drop_answer"}"#)),
    (75, Leaves),
    (87, Returns),
    (95, Fault(r#"{"kind":"status","status":503}"#)),
    (103, Fault(r#"{"kind":"drop_answer"}"#)),
    (111, Fault(r#"{"kind":"rate_limit","scope":"shared","retry_after":1.5}"#)),
];

/// Plays the trouble on `lab`.
pub(crate) async fn trouble(lab: &mut Lab, began: Instant) {
    for (second, trouble) in TROUBLE {
        let starts = began + Duration::from_secs(second);
        tokio::time::sleep_until(starts.into()).await;
        match trouble {
            Fault(fault) => {
                let mut fault: Value = serde_json::from_str(fault).unwrap();
                // What is no part of the guild, such as the gateway's address, is spared.
                fault["guild_id"] = json!(GUILD);
                lab.sim("faults", &fault).await;
                tokio::time::sleep_until((starts + SPELL).into()).await;
                lab.no_faults().await;
            }
            Leaves => lab.discord_leaves().await,
            Returns => lab.discord_returns(),
        }
    }
}
