//! Measures the figures of docs/performance.md and prints them as a table: `benches/run`. Each ratio is
//! against a peer in the same run, on the same machine.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a measurement that can't go on ends the run")]
#![expect(clippy::disallowed_methods, reason = "what is measured is real time")]

mod bot;
mod crash;
mod intake;
mod size;
mod storm;

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};
use harness::{FALLBACK, Lab, SECRET, eventually};
use stack_sim::gitea::Repository;

/// What to measure, on what.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// What to measure; everything if nothing is named.
    parts: Vec<Part>,
    /// The program, as it ships.
    #[arg(long)]
    vigie: PathBuf,
    /// A Python that has discord.py, to measure beside; left out without one.
    #[arg(long)]
    python: Option<PathBuf>,
    /// An OCI image as a gzipped archive, to weigh.
    #[arg(long)]
    image: Option<PathBuf>,
    /// Rounds of SIGKILL.
    #[arg(long, default_value_t = 200)]
    rounds: usize,
    /// Events during these rounds.
    #[arg(long, default_value_t = 10_000)]
    events: usize,
}

/// What can be measured by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Size,
    Bot,
    Latency,
    Intake,
    Storm,
    Crash,
}

/// One line of the table.
pub(crate) struct Figure {
    pub(crate) what: &'static str,
    pub(crate) measured: String,
    pub(crate) wanted: &'static str,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let mut figures = Vec::new();
    for part in Part::value_variants() {
        if !arguments.parts.is_empty() && !arguments.parts.contains(part) {
            continue;
        }
        match part {
            Part::Size => figures.extend(size::measure(&arguments)),
            Part::Bot => figures.extend(bot::measure(&arguments).await),
            Part::Latency => figures.push(latency(&arguments).await),
            Part::Intake => figures.extend(intake::measure(&arguments).await),
            Part::Storm => figures.push(storm::measure(&arguments).await),
            Part::Crash => figures.push(crash::measure(&arguments).await),
        }
    }
    println!("| what | measured | to reach |\n|---|---|---|");
    for figure in figures {
        println!("| {} | {} | {} |", figure.what, figure.measured, figure.wanted);
    }
}

/// The time from a webhook's answer to its message, on a machine that has nothing else to do.
async fn latency(arguments: &Arguments) -> Figure {
    const ROUNDS: usize = 200;
    let lab = Lab::new(40).await;
    let configuration = lab.configuration(&lab.route_by_repository());
    let vigie = lab.vigie_with(&arguments.vigie, &configuration).await;
    vigie.ready().await;
    let new = |id| Repository::new("https://git.example", &format!("harbor/channel-{id}"), SECRET);
    let mut repositories: Vec<Repository> = lab.route_channels().map(new).collect();
    let mut times = Vec::new();
    for round in 0..ROUNDS {
        // Another channel each time, so that Discord's limit for one channel is not what is measured.
        let at = round % repositories.len();
        let channel = FALLBACK + 1 + at as u64;
        let push = repositories[at].push("alice", "main", &[&format!("round {round}")]);
        let before = lab.messages(channel).await.len();
        assert_eq!(vigie.post(&push).await, Some(204));
        let accepted = std::time::Instant::now();
        eventually("the message is there", async || {
            (lab.messages(channel).await.len() > before).then_some(())
        })
        .await;
        times.push(accepted.elapsed());
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    let measured = format!("p50 {:.1?}, p99 {:.1?}", percentile(&mut times, 50), percentile(&mut times, 99));
    Figure {
        what: "webhook accepted to message visible, idle (polled every 5 ms)",
        measured,
        wanted: "p99 ≤ 50 ms",
    }
}

/// The value below which `percent` of the values lie.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent).div_ceil(100).saturating_sub(1)]
}
