//! Which message is sent when. Invariants:
//! - each channel has at most one message under way, in the order in which they were accepted, and waits
//!   for itself only;
//! - the outbox is all the memory there is: whoever ends this at any moment loses nothing;
//! - what holds a channel up is said in [`Part::Delivery`] until it is over.

use std::{
    collections::{BTreeMap, HashMap},
    pin::pin,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::mpsc,
    task::{Id, JoinSet},
};
use tokio_util::sync::CancellationToken;

use super::{
    attempt::{Attempt, Step},
    refusal::Complaint,
    rest::Rest,
};
use crate::{
    clock::{Clock, later},
    halt::Halt,
    health::{Condition, Health, Part},
    reason::Reason,
    store::{Store, StoreError, meta, outbox},
    telemetry::Metrics,
};

/// How many channels are written to at once. More than a team has; a bound for the worst configuration.
const CHANNELS_AT_ONCE: usize = 64;

/// How often a channel that can't be written to is tried again.
const RECHECK: Duration = Duration::from_mins(1);

/// How long a channel, or everything, rests when the store can't be used.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// How many channels' troubles are told in full.
const TOLD: usize = 3;

/// Sends what the outbox holds.
pub struct Dispatcher {
    /// Where the outbox is.
    pub store: Store,
    /// The sender.
    pub rest: Rest,
    /// Where time comes from.
    pub clock: Clock,
    /// Where deliveries are counted.
    pub metrics: Metrics,
    /// Told what holds channels up.
    pub health: Health,
    /// Asked whether Discord is to be left alone.
    pub halt: Halt,
    /// Who tells people of a channel that refuses messages. Delivery never waits for it: what does not fit
    /// stands in the log and in [`Part::Delivery`] only.
    pub complaints: mpsc::Sender<Complaint>,
}

/// What is known of the channels beyond what the outbox says.
#[derive(Default)]
struct Channels {
    /// Those with a message under way, by task, and since when.
    busy: HashMap<Id, (u64, Timestamp)>,
    /// Those left alone until a time.
    resting: HashMap<u64, Timestamp>,
    /// What holds them up.
    troubles: BTreeMap<u64, Reason>,
}

type Tasks = JoinSet<Result<Step, StoreError>>;

impl Dispatcher {
    /// Runs until `cancel`; then ends within the time-out of one request.
    pub async fn run(self, cancel: CancellationToken) {
        let mut tasks = Tasks::new();
        let mut channels = Channels::default();
        tokio::select! {
            () = self.dispatch(&mut tasks, &mut channels, &cancel) => {}
            () = cancel.cancelled() => {}
            () = self.halt.halted() => {}
        }
        // What is under way ends by itself: its outcome, or that it is unknown, is then in the store.
        while tasks.join_next().await.is_some() {}
        cancel.cancelled().await;
    }

    async fn dispatch(&self, tasks: &mut Tasks, channels: &mut Channels, cancel: &CancellationToken) {
        let outbox_changes = self.store.outbox_changes();
        let mut recheck = self.clock.now();
        let attempt = loop {
            match self.attempt(cancel).await {
                Ok(attempt) => break attempt,
                Err(error) => self.rest_from_store(&error).await,
            }
        };
        loop {
            let mut changed = pin!(outbox_changes.notified());
            changed.as_mut().enable();
            let now = self.clock.now();
            if recheck <= now {
                recheck = later(now, RECHECK);
                if let Err(error) = self.store.write(outbox::unpark_all).await {
                    tracing::warn!(%error, "channels that can't be written to are tried again later");
                }
                let archive = attempt.clone();
                tasks.spawn(async move { archive.archive_threads().await });
            }
            let next = match self.start(tasks, channels, &attempt).await {
                Ok(next) => next.map_or(recheck, |next| next.min(recheck)),
                Err(error) => {
                    self.rest_from_store(&error).await;
                    continue;
                }
            };
            self.report(channels);
            tokio::select! {
                Some(ended) = tasks.join_next_with_id() => {
                    let (task, step) = match ended {
                        Ok((task, step)) => (task, step.map_err(|error| error.to_string())),
                        Err(error) => (error.id(), Err(error.to_string())),
                    };
                    let refused = channels.ended(task, step, self.clock.now());
                    if let Some(Err(error)) = refused.map(|complaint| self.complaints.try_send(complaint)) {
                        tracing::warn!(%error, "a complaint could not be passed on");
                    }
                }
                () = changed => {}
                () = self.clock.sleep_until(next) => {}
            }
        }
    }

    async fn attempt(&self, cancel: &CancellationToken) -> Result<Attempt, StoreError> {
        let store_id = self.store.read(|conn| meta::get(conn, meta::STORE_ID)).await?;
        Ok(Attempt {
            store: self.store.clone(),
            rest: self.rest.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            cancel: cancel.clone(),
            store_id: store_id.unwrap_or_default(),
        })
    }

    /// Starts what is due and free to go; says when to look again.
    async fn start(
        &self,
        tasks: &mut Tasks,
        channels: &mut Channels,
        attempt: &Attempt,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut heads = self.store.read(outbox::heads).await?;
        // A channel's next create and next edit compete: what was accepted first goes first.
        heads.sort_by_key(|head| (head.accepted_ms, head.id));
        let now = self.clock.now();
        channels.resting.retain(|_, until| *until > now);
        let mut next = channels.resting.values().min().copied();
        for head in heads {
            if channels.is_held(head.channel_id) || tasks.len() >= CHANNELS_AT_ONCE {
                continue;
            }
            if head.next_attempt_ms > now.as_millisecond() {
                let due = Timestamp::from_millisecond(head.next_attempt_ms).unwrap_or(Timestamp::MAX);
                next = Some(next.map_or(due, |next| next.min(due)));
                continue;
            }
            let channel = head.channel_id;
            let attempt = attempt.clone();
            let task = tasks.spawn(async move { attempt.step(&head).await });
            channels.busy.insert(task.id(), (channel, now));
        }
        Ok(next)
    }

    async fn rest_from_store(&self, error: &StoreError) {
        tracing::error!(%error, "the outbox can't be read; no message is sent until it can");
        self.clock.sleep(STORE_PAUSE).await;
    }

    fn report(&self, channels: &Channels) {
        if self.halt.reason().is_some() {
            return;
        }
        let pause = self
            .rest
            .paused_until()
            .map(|until| Reason::new("delivery-paused").with("until", until.to_string()));
        let told = channels.troubles.iter().take(TOLD).map(|(channel, why)| {
            Reason::new("delivery-channel").with("channel", channel.to_string()).with("reason", why.clone())
        });
        let untold = channels.troubles.len().saturating_sub(TOLD) as u64;
        let more = (untold > 0).then(|| Reason::new("delivery-more").with("count", untold));
        let reason = Reason::all(pause.into_iter().chain(told).chain(more));
        self.health.set(Part::Delivery, reason.map_or(Condition::Ok, Condition::Warning));
    }
}

impl Channels {
    fn is_held(&self, channel: u64) -> bool {
        self.resting.contains_key(&channel) || self.busy.values().any(|(busy, _)| *busy == channel)
    }

    /// Notes how a step ended; says if there is news to complain of. A channel that can't be written to rests
    /// for [`RECHECK`] from when it was tried.
    fn ended(&mut self, task: Id, step: Result<Step, String>, now: Timestamp) -> Option<Complaint> {
        let Some((channel, since)) = self.busy.remove(&task) else {
            // Archiving belongs to no channel, and is tried again with the next minute.
            if let Err(error) = step {
                tracing::warn!(%error, "threads of incidents that are over stay open for now");
            }
            return None;
        };
        match step {
            Ok(Step::Done) => {
                if self.troubles.remove(&channel).is_some() {
                    tracing::info!(channel, "messages reach the channel again");
                }
            }
            Ok(Step::Again | Step::Stopped) => {}
            Ok(Step::Later(reason)) => {
                self.troubles.insert(channel, reason);
            }
            Ok(Step::Parked(refusal, reason)) => {
                self.resting.insert(channel, later(since, RECHECK));
                if self.troubles.insert(channel, reason.clone()).as_ref() != Some(&reason) {
                    tracing::error!(channel, %reason, "a channel can't be written to; its messages wait");
                    return Some(Complaint { channel, refusal });
                }
            }
            Err(error) => {
                tracing::error!(channel, %error, "a message could not be dealt with; it is tried again");
                self.resting.insert(channel, later(now, STORE_PAUSE));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
