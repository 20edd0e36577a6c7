//! Waits for what failed steps wrote: it comes after the step's last state, and in pieces. Invariants: a log is read
//! at the times of [`AGAIN`] until it rests; at most [`AT_MOST`] pipelines wait, and more push out the one that has
//! waited longest; while Woodpecker can't be reached no attempt counts, for [`GIVEN_UP`] at most.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    follower::{Session, Trouble},
    log::{self, Tail},
    report::{self, Report},
};
use crate::{
    backends::{
        AskError,
        woodpecker::{Pipeline, Repository, Woodpecker},
    },
    clock::later,
    event::Told,
    subject::PipelineStatus,
};

/// The seconds before each further attempt: a minute in all.
const AGAIN: [u64; 6] = [1, 2, 4, 8, 15, 30];

const AT_MOST: usize = 256;

const GIVEN_UP: Duration = Duration::from_mins(15);

/// How long the first attempt may hold up the message.
const QUICKLY: Duration = Duration::from_secs(5);

/// A pipeline whose logs are waited for.
pub(super) struct Pending {
    repository: Repository,
    pub(super) pipeline: Pipeline,
    status: PipelineStatus,
    told: Told,
    /// How many lines were told.
    lines: u64,
    attempts: usize,
    due: Timestamp,
    given_up: Timestamp,
}

/// All that wait, the longest waiting first.
#[derive(Default)]
pub(super) struct Waiting(Vec<Pending>);

impl Waiting {
    /// When the next one is due.
    pub(super) fn next_due(&self) -> Timestamp {
        self.0.iter().map(|pending| pending.due).min().unwrap_or(Timestamp::MAX)
    }
}

impl Pending {
    pub(super) fn new(
        repository: Repository,
        pipeline: Pipeline,
        status: PipelineStatus,
        told: Told,
        now: Timestamp,
    ) -> Self {
        let (due, given_up) = (later(now, Duration::from_secs(AGAIN[0])), later(now, GIVEN_UP));
        Self { repository, pipeline, status, told, lines: 0, attempts: 0, due, given_up }
    }

    pub(super) fn with_lines(self, lines: u64) -> Self {
        Self { lines, ..self }
    }

    /// Whether there are steps whose logs are told.
    pub(super) fn has_logs(&self) -> bool {
        report::has_failed(self.status) && report::failed_steps(&self.pipeline).next().is_some()
    }

    pub(super) fn report(&self, logs: &[Tail], woodpecker: &Woodpecker) -> Report {
        let page = woodpecker.page(self.repository.id, self.pipeline.number);
        Report::new(&self.repository, &self.pipeline, self.status, logs, page)
    }
}

impl Session<'_> {
    /// The logs of the failed steps as far as they are there at once.
    pub(super) async fn read_logs_quickly(&self, pending: &Pending) -> Vec<Tail> {
        let empty = || report::failed_steps(&pending.pipeline).map(|_| Tail::default()).collect();
        if !pending.has_logs() {
            return empty();
        }
        let logs = self.follower.clock.timeout(QUICKLY, self.read_logs(pending)).await;
        logs.and_then(Result::ok).unwrap_or_else(empty)
    }

    /// Reads the logs again later.
    pub(super) fn wait_for_logs(&mut self, pending: Pending) {
        if self.waiting.0.len() >= AT_MOST {
            let left = self.waiting.0.remove(0);
            let (repository, number) = (&left.repository.full_name, left.pipeline.number);
            tracing::warn!(
                source = "woodpecker",
                repository,
                number,
                "too many logs are waited for; left this one out"
            );
            self.seen.logs_told(left.repository.id, number);
        }
        self.waiting.0.push(pending);
    }

    /// Reads the logs that are due.
    pub(super) async fn read_due_logs(&mut self) -> Result<(), Trouble> {
        let now = self.follower.clock.now();
        while let Some(place) = self.waiting.0.iter().position(|pending| pending.due <= now) {
            // It keeps its place until it is read, in case that this is cut off.
            let pending = &self.waiting.0[place];
            let logs = match self.read_logs(pending).await {
                Ok(logs) => logs,
                Err(error) if now < pending.given_up => {
                    self.waiting.0[place].due = later(now, Duration::from_secs(AGAIN[AGAIN.len() - 1]));
                    tracing::debug!(source = "woodpecker", %error, "a log can't be read; trying again");
                    continue;
                }
                Err(error) => {
                    tracing::warn!(source = "woodpecker", %error, "a log can't be read; the message stays without");
                    self.settle(place);
                    continue;
                }
            };
            let report = pending.report(&logs, &self.woodpecker);
            let grown = report.log_lines() > pending.lines;
            let lines = if grown { self.accept(&report, pending.told).await? } else { pending.lines };
            let rests = !grown && logs.iter().all(|tail| !tail.lines.is_empty());
            let pending = &mut self.waiting.0[place];
            (pending.lines, pending.attempts) = (lines, pending.attempts + 1);
            match AGAIN.get(pending.attempts) {
                Some(seconds) if !rests => pending.due = later(now, Duration::from_secs(*seconds)),
                _ => self.settle(place),
            }
        }
        Ok(())
    }

    fn settle(&mut self, place: usize) {
        let pending = self.waiting.0.remove(place);
        self.seen.logs_told(pending.repository.id, pending.pipeline.number);
    }

    /// The ends of the failed steps' logs. What is refused (somebody deleted it) counts as empty.
    async fn read_logs(&self, pending: &Pending) -> Result<Vec<Tail>, AskError> {
        let mut logs = Vec::new();
        for (_, step) in report::failed_steps(&pending.pipeline) {
            match self.woodpecker.log(pending.repository.id, pending.pipeline.number, step.id).await {
                Ok(lines) => logs.push(log::tail(lines)),
                Err(AskError::Refused { .. }) => logs.push(Tail::default()),
                Err(error) => return Err(error),
            }
        }
        Ok(logs)
    }
}
