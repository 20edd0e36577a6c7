//! Follows one Woodpecker, session after session: a session is one connection to the stream with the listings beside
//! it. Invariants: a session ends at the first thing that it can't do, and the next one begins with a listing;
//! sessions that fail are [`FIRST_WAIT`] to [`LONGEST_WAIT`] apart.

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::{
    EVERY,
    logs::{Pending, Waiting},
    reach::Reach,
    report::{self, Report},
    seen::{Logs, Seen},
    stream::Stream,
};
use crate::{
    backends::{
        AskError,
        woodpecker::{Pipeline, Repository, Woodpecker},
    },
    clock::{Clock, later},
    config::Asked,
    crash_point::CrashPoint,
    event::{Source, Told},
    language::Language,
    store::{Acceptance, Store, StoreError},
    telemetry::Metrics,
};

const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Follows a Woodpecker.
#[derive(Clone)]
pub struct Follower {
    /// Where it is.
    pub asked: Asked,
    /// Where its pipelines' states go.
    pub store: Store,
    /// Where they are counted.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
    /// The language in which the team is told that it can't be reached.
    pub language: Language,
}

/// Why a session ended.
#[derive(Debug, Error)]
pub(super) enum Trouble {
    /// Woodpecker does not answer as it should.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// The store takes nothing.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stream is over.
    #[error("the event stream ended: {0}")]
    Stream(String),
}

/// How a state of a pipeline came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The stream told it.
    Streamed,
    /// It was listed.
    Listed,
}

/// One connection, and what is known.
pub(super) struct Session<'f> {
    pub(super) follower: &'f Follower,
    pub(super) woodpecker: Woodpecker,
    pub(super) seen: &'f mut Seen,
    pub(super) waiting: &'f mut Waiting,
    /// When it began: what ended before was missed.
    began: Timestamp,
}

impl Follower {
    /// Follows it until `cancel`.
    pub async fn run(self, cancel: CancellationToken) {
        cancel.run_until_cancelled(self.follow()).await;
    }

    async fn follow(&self) {
        let mut reach = Reach::default();
        let mut seen = loop {
            match Seen::load(&self.store, &self.asked.url).await {
                Ok(seen) => break seen,
                Err(error) => reach.failed(self, &mut Seen::default(), &error.into()).await,
            }
            self.clock.sleep(reach.wait(FIRST_WAIT, LONGEST_WAIT)).await;
        };
        let mut waiting = Waiting::default();
        loop {
            if let Err(trouble) = self.session(&mut seen, &mut waiting, &mut reach).await {
                reach.failed(self, &mut seen, &trouble).await;
                self.clock.sleep(reach.wait(FIRST_WAIT, LONGEST_WAIT)).await;
            }
        }
    }

    /// One session. It ends well when repositories have come that its stream does not tell of, since what a stream
    /// tells of is fixed when it begins.
    async fn session(
        &self,
        seen: &mut Seen,
        waiting: &mut Waiting,
        reach: &mut Reach,
    ) -> Result<(), Trouble> {
        let (clock, began) = (&self.clock, self.clock.now());
        let woodpecker =
            Woodpecker::new(&self.asked.url, self.asked.api_token_file.as_deref(), clock.clone())?;
        // First, so that nothing happens between the listing and the stream.
        let mut stream = Stream::open(&woodpecker, clock.clone(), self.metrics.clone()).await?;
        let mut session = Session { follower: self, woodpecker, seen, waiting, began };
        let newcomers = session.catch_up().await?.newcomers;
        reach.reached(self, session.seen).await?;
        if newcomers {
            return Ok(());
        }
        let mut next = later(clock.now(), EVERY);
        loop {
            tokio::select! {
                event = stream.next() => {
                    let event = event.map_err(Trouble::Stream)?;
                    session.seen.meet(&event.repo, clock.now());
                    session.take(&event.repo, event.pipeline, Found::Streamed).await?;
                }
                () = clock.sleep_until(session.waiting.next_due()) => session.read_due_logs().await?,
                () = clock.sleep_until(next) => {
                    if session.catch_up().await?.newcomers {
                        return Ok(());
                    }
                    next = later(clock.now(), EVERY);
                }
            }
        }
    }
}

impl Session<'_> {
    /// Takes a state of a pipeline, unless it is known.
    pub(super) async fn take(
        &mut self,
        repository: &Repository,
        mut pipeline: Pipeline,
        found: Found,
    ) -> Result<(), Trouble> {
        if !self.seen.is_news(repository.id, &pipeline) {
            return Ok(());
        }
        if report::status(&pipeline.status).is_some_and(report::has_failed)
            && pipeline.workflows.is_empty()
            && let Some(whole) = self.woodpecker.pipeline(repository.id, pipeline.number).await?
        {
            pipeline = whole;
        }
        let Some(status) = report::status(&pipeline.status) else {
            self.seen.told(repository.id, &pipeline, Logs::Settled);
            return Ok(());
        };
        let missed = report::has_ended(status) && pipeline.finished < self.began.as_second();
        let told = if found == Found::Listed && missed { Told::Late } else { Told::AtOnce };
        let pending = Pending::new(repository.clone(), pipeline, status, told, self.follower.clock.now());
        let logs = self.read_logs_quickly(&pending).await;
        let lines = self.accept(&pending.report(&logs, &self.woodpecker), told).await?;
        if pending.has_logs() {
            self.seen.told(repository.id, &pending.pipeline, Logs::Awaited);
            self.wait_for_logs(pending.with_lines(lines));
        } else {
            self.seen.told(repository.id, &pending.pipeline, Logs::Settled);
        }
        Ok(())
    }

    /// Stores a report; how many lines of logs it has.
    pub(super) async fn accept(&self, report: &Report, told: Told) -> Result<u64, StoreError> {
        let arrival = report.arrival(told);
        let (source, delivery) = (Source::Woodpecker.as_str(), arrival.delivery.clone());
        let acceptance = self.follower.store.accept(arrival).await?;
        CrashPoint::PipelineStored.reached();
        let outcome = if acceptance == Acceptance::Repeat { "repeat" } else { "accepted" };
        self.follower.metrics.event(source, outcome);
        tracing::debug!(source, delivery, outcome, "took a state of a pipeline");
        Ok(report.log_lines())
    }
}
