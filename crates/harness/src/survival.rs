//! The story of a Vigie that is killed again and again while every source reports, and while Discord does what it is
//! asked and does not say so. Invariants: what became of the events is judged by what Discord holds
//! ([`Verdict`]); each sender repeats what it has no 2xx for; Discord's limits stay on.

mod script;
mod verdict;
mod world;

use std::{
    collections::{BTreeMap, VecDeque},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::process::Command;

pub use self::verdict::Verdict;
use self::{
    script::{Deed, Expectation, Script, Sender},
    verdict::judge,
    world::World,
};
use crate::{Ended, Lab, PATIENCE, Vigie};

/// How long a life is to reach its crash point.
const LIFE: Duration = Duration::from_secs(10);

/// How often it is looked whether all is shown.
const LOOK: Duration = Duration::from_millis(500);

/// How hard the story is.
#[derive(Clone, Debug)]
pub struct Story {
    /// How often Vigie is killed at a random moment.
    pub rounds: usize,
    /// How many events there are at least.
    pub events: usize,
    /// Over how many channels they go.
    pub channels: u64,
    /// The names of crash points, at which it ends, one after the other.
    pub points: Vec<&'static str>,
    /// The environment variable that names the point (`NAME:N`).
    pub variable: &'static str,
}

/// How the story ended.
#[derive(Debug)]
pub struct Outcome {
    /// How many events there were.
    pub events: usize,
    /// How often Vigie was killed at a random moment.
    pub kills: usize,
    /// How often it ended at which point.
    pub struck: BTreeMap<&'static str, usize>,
    /// How many answers were dropped after Discord had acted.
    pub unanswered: usize,
    /// How many answers Discord counts as invalid.
    pub invalid: usize,
    /// What became of the events.
    pub verdict: Verdict,
    /// How long it all took.
    pub took: Duration,
    /// What the last Vigie logged.
    pub log: String,
}

/// How a life ends.
enum End {
    /// By SIGKILL, so long after its start.
    After(Duration),
    /// At a point, when it is reached the given time.
    At(&'static str, u32),
}

struct Play<'s> {
    lab: Lab,
    world: World,
    program: &'s Path,
    configuration: PathBuf,
    variable: &'s str,
    queues: Vec<VecDeque<Deed>>,
    lengths: Vec<usize>,
    expectations: Vec<Expectation>,
    kills: usize,
    struck: BTreeMap<&'static str, usize>,
}

/// Plays `story` with `program`.
pub async fn play(program: &Path, story: &Story) -> Outcome {
    let began = Instant::now();
    let lab = Lab::new(story.channels).await;
    let repositories = lab.route_channels().map(|id| lab.repository(id)).collect();
    let Script { queues, expectations, events } =
        script::write(story.events, lab.route_channels().collect(), repositories);
    let world = World::new(&lab).await;
    let configuration = lab.write_configuration(&world.configuration(&lab));
    let lengths = queues.iter().map(Vec::len).collect();
    let queues = queues.into_iter().map(VecDeque::from).collect();
    let (variable, kills, struck) = (story.variable, 0, BTreeMap::new());
    let mut play =
        Play { lab, world, program, configuration, variable, queues, lengths, expectations, kills, struck };
    play.meet().await;
    play.die_often(story).await;
    let (verdict, log) = play.end().await;
    let (unanswered, invalid) = play.exchanges().await;
    let Play { kills, struck, .. } = play;
    Outcome { events, kills, struck, unanswered, invalid, verdict, took: began.elapsed(), log }
}

impl Play<'_> {
    /// Vigie meets Woodpecker: what ended before is no news, so this life goes on until a pipeline is shown.
    async fn meet(&mut self) {
        let vigie = self.start(None).await.unwrap_or_else(|ended| panic!("{ended:#?}"));
        let woodpecker = Sender::Woodpecker as usize;
        let mut keep = self.lengths.clone();
        keep[woodpecker] -= 1;
        self.world.tell(&vigie, &mut self.queues, &keep).await;
        let first =
            self.expectations.iter().find(|one| one.says.iter().any(|text| text.contains("exit code")));
        let mark = first.unwrap().mark.clone();
        crate::eventually("the first pipeline is shown", async || {
            let messages = self.lab.all_messages().await;
            messages.iter().any(|message| message["embeds"].to_string().contains(&mark)).then_some(())
        })
        .await;
        vigie.kill().await;
    }

    /// Life after life, each with its share of the events.
    async fn die_often(&mut self, story: &Story) {
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        let mut points: VecDeque<(&'static str, u32)> =
            story.points.iter().map(|point| (*point, 3)).collect();
        let lives = story.rounds + points.len();
        for life in 1.. {
            let left = |length: &usize| length - length * life.min(lives) / lives;
            let keep: Vec<usize> = self.lengths.iter().map(left).collect();
            if self.kills < story.rounds && (points.is_empty() || life % 2 == 0) {
                let moment = Duration::from_micros(random.below(400_000).into());
                self.live(&End::After(moment), &keep, life).await;
            } else if let Some((point, most)) = points.pop_front() {
                let end = End::At(point, 1 + random.below(most.max(1)));
                if !self.live(&end, &keep, life).await && most > 0 {
                    // Again, at the first time that it is reached, and then once more.
                    points.push_back((point, most.min(2) - 1));
                }
            } else {
                break;
            }
        }
    }

    /// One life, in which the senders go on until `keep` is left; whether it ended as planned.
    async fn live(&mut self, end: &End, keep: &[usize], life: usize) -> bool {
        self.trouble(life).await;
        let mut vigie = match self.start(Some(end)).await {
            Ok(vigie) => vigie,
            Err(ended) => {
                let End::At(point, _) = end else { panic!("vigie ended by itself: {ended:#?}") };
                assert!(ended.is_killed(), "{ended:#?}");
                *self.struck.entry(point).or_default() += 1;
                return true;
            }
        };
        let peer = (*vigie).clone();
        let telling = async {
            self.world.tell(&peer, &mut self.queues, keep).await;
            std::future::pending::<()>().await;
        };
        match end {
            End::After(moment) => {
                // The time-out is the kill; there is no other end.
                let _: Result<(), _> = tokio::time::timeout(*moment, telling).await;
            }
            End::At(point, _) => {
                let struck = tokio::select! {
                    () = telling => false,
                    struck = vigie.is_killed_within(LIFE) => struck,
                };
                if struck {
                    *self.struck.entry(point).or_default() += 1;
                    return true;
                }
            }
        }
        vigie.kill().await;
        self.kills += 1;
        matches!(end, End::After(_))
    }

    /// Orders what Discord does to this life: answers that don't come after it acted, and refusals that pass.
    async fn trouble(&self, life: usize) {
        let paths = [
            ("POST", "/channels/*/messages"),
            ("PATCH", "/channels/*/messages/*"),
            ("POST", "/channels/*/messages/*/threads"),
        ];
        self.lab.no_faults().await;
        for (method, path) in paths {
            self.lab.fault("drop_answer", method, path, json!({ "times": 2 })).await;
            if life.is_multiple_of(3) {
                self.lab.fault("status", method, path, json!({ "status": 502, "times": 1 })).await;
            }
        }
    }

    async fn start(&self, end: Option<&End>) -> Result<Vigie, Ended> {
        let mut command = Command::new(self.program);
        command.args(["run", "--config"]).arg(&self.configuration).env("RUST_LOG", "info,vigie=debug");
        if let Some(End::At(point, times)) = end {
            command.env(self.variable, format!("{point}:{times}"));
        }
        Vigie::try_start(&mut command, self.lab.client.clone()).await
    }

    /// All is told, and Vigie dies once more, so that it asks what it was not told when it starts. In its last life
    /// Discord's limits set the pace. What was found, and the log.
    async fn end(&mut self) -> (Verdict, String) {
        self.lab.no_faults().await;
        let vigie = self.start(None).await.unwrap_or_else(|ended| panic!("{ended:#?}"));
        self.world.tell(&vigie, &mut self.queues, &[0; Sender::ALL.len()]).await;
        let left: usize = self.queues.iter().map(VecDeque::len).sum();
        assert_eq!(left, 0, "vigie takes no more events:\n{}", vigie.log());
        vigie.kill().await;
        self.kills += 1;
        let vigie = self.start(None).await.unwrap_or_else(|ended| panic!("{ended:#?}"));
        let (mut before, mut since) = ((0, 0), Instant::now());
        loop {
            let settled = settled(&vigie.get("/metrics").await.text());
            let verdict = judge(&self.lab, &self.expectations).await;
            let done = settled && verdict.lost.is_empty();
            // Patience is for the next message or edit, not for all.
            let now = (verdict.messages, verdict.lost.len());
            if now != before {
                (before, since) = (now, Instant::now());
            }
            if done || since.elapsed() > PATIENCE {
                return (verdict, vigie.log());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// How many answers were dropped, and how many were invalid as Discord counts them.
    async fn exchanges(&self) -> (usize, usize) {
        let log = self.lab.log().await;
        let log = log.as_array().map(Vec::as_slice).unwrap_or_default();
        let invalid = |status: u64| matches!(status, 401 | 403 | 429);
        (
            log.iter().filter(|one| one["fault"] == "drop_answer").count(),
            log.iter().filter(|one| one["status"].as_u64().is_some_and(invalid)).count(),
        )
    }
}

/// Whether nothing waits any more.
fn settled(metrics: &str) -> bool {
    let lines = ["vigie_inbox_pending 0\n", "vigie_outbox_messages{state=\"pending\"} 0\n"];
    lines.iter().all(|line| metrics.contains(line))
}

/// Any spread of moments will do; this one is the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(end)).unwrap()
    }
}
