//! Which incident an event belongs to, and its life. Invariants:
//! - an incident is a function of its events in the order in which they were accepted: nothing here reads
//!   a clock, a store or a network, except [`worker`] and [`action`], which bring the two together;
//! - older facts never replace newer ones: an event that was overtaken only finds its place in the history;
//! - the history is bounded, and says how many of its steps were forgotten;
//! - where an incident is shown, and with whom mentioned, is decided by its first event; what matters more than
//!   before is shown also where its newest event leads.

pub mod action;
mod backlog;
mod desk;
mod digest;
mod history;
mod life;
mod news;
mod outage;
mod pipelines;
pub mod quiet;
pub mod reference;
pub mod route;
mod storm;
mod title;
pub mod worker;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    digest::Withheld,
    history::{Deed, History, Step},
    life::{Life, REOPENED_WITHIN},
    news::{Detail, Notice},
    outage::{Report, Reporter, weigh},
};
use self::{life::life, route::Decision};
use crate::{
    event::{Event, Severity, Source, Told},
    subject::{Firing, Person, Subject},
};

/// A thing with a life, as its events told it. Stored as JSON, so a field is only ever added, and with a
/// default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// Who reports it.
    pub source: Source,
    /// What makes it one incident within its source.
    pub key: String,
    /// Its short public name (`vg-7k2m9q`), which ends each of its messages.
    pub reference: String,
    /// The source's word for its latest event.
    pub kind: String,
    /// Where it stands.
    pub life: Life,
    /// How much its latest event matters.
    pub severity: Severity,
    /// The latest facts.
    pub subject: Subject,
    /// Who did what the latest facts tell.
    pub actor: Option<Person>,
    /// `owner/name` of the repository, if there is one.
    pub repository: Option<String>,
    /// Where the repository can be read.
    pub repository_url: Option<String>,
    /// When its first event happened.
    pub opened: Timestamp,
    /// When its latest event happened.
    pub updated: Timestamp,
    /// When the facts were true, as the source says; `None` if it did not say.
    pub facts_at: Option<Timestamp>,
    /// Who did what, oldest first.
    pub history: History,
    /// The channels that show it.
    pub channels: Vec<u64>,
    /// The roles that its messages mention.
    pub mentions: Vec<u64>,
    /// The watched service that it speaks of, if it names one.
    #[serde(default)]
    pub service: Option<String>,
    /// How Vigie came to know its latest facts.
    #[serde(default)]
    pub told: Told,
    /// When Vigie came to know its latest facts.
    #[serde(default)]
    pub found: Option<Timestamp>,
    /// Further facts of its latest event, as the source names them.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Who says that the service is down, or said so: more than the facts of one event tell. Empty unless it
    /// is an outage.
    #[serde(default)]
    pub reports: Vec<Report>,
    /// When it was opened again, oldest first; at most [`Incident::REOPENINGS`] are remembered.
    #[serde(default)]
    pub reopened: Vec<Timestamp>,
    /// Who looks after it; ends with it.
    #[serde(default)]
    pub acknowledged: Option<Acknowledged>,
    /// What keeps its alert quiet at the source.
    #[serde(default)]
    pub silence: Option<Silence>,
    /// Why it has no message of its own, if it has none.
    #[serde(default)]
    pub withheld: Option<Withheld>,
    /// How many replies its message got.
    #[serde(default)]
    pub replies: u32,
    /// The number of the first pipeline that failed, if it is about pipelines and one did.
    #[serde(default)]
    pub broken_by: Option<u64>,
}

/// Somebody said that they look after an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Who, by Discord's id of the user.
    pub by: u64,
    /// When.
    pub at: Timestamp,
}

/// A silence at the source of an alert, made from Discord.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The source's id of it.
    pub id: String,
    /// Who made it, by Discord's id of the user.
    pub by: u64,
    /// When it ends.
    pub until: Timestamp,
}

impl Incident {
    /// How many times of being opened again are remembered.
    pub const REOPENINGS: usize = 20;

    /// The incident that `event` opens under `key`. `received` stands in where the source says no time.
    pub fn open(
        event: Event,
        key: String,
        reference: String,
        decision: Decision,
        received: Timestamp,
    ) -> Self {
        let at = event.at.unwrap_or(received);
        let mut history = History::default();
        history.add(Step::of(&event, at));
        let mut reports = Vec::new();
        outage::add(&mut reports, &event, at);
        let broken_by = pipelines::first_failed(None, &event);
        Self {
            source: event.source,
            key,
            reference,
            kind: event.kind,
            life: outage::life(&reports).unwrap_or_else(|| life(&event.subject)),
            severity: event.severity,
            subject: event.subject,
            actor: event.actor,
            repository: event.repository,
            repository_url: event.repository_url,
            opened: at,
            updated: at,
            facts_at: event.at,
            history,
            channels: decision.channels,
            mentions: decision.mentions,
            service: event.service,
            told: event.told,
            found: Some(received),
            labels: event.labels,
            reports,
            reopened: Vec::new(),
            acknowledged: None,
            silence: None,
            withheld: None,
            replies: 0,
            broken_by,
        }
    }

    /// Whether `event`, of the same key, goes on with this incident. What has ended for good is followed by
    /// an incident of its own, with a message of its own.
    pub fn continues(&self, event: &Event, received: Timestamp) -> bool {
        let at = event.at.unwrap_or(received);
        if let Some(goes_on) = pipelines::goes_on(event, &self.subject) {
            return self.life != Life::Closed || goes_on;
        }
        self.life != Life::Closed
            || life::reopens_whenever(&event.subject)
            || life(&event.subject) == Life::Closed
            || at.duration_since(self.updated) < REOPENED_WITHIN
    }

    /// The incident after `event`, which belongs to it.
    #[must_use]
    pub fn after(mut self, mut event: Event, received: Timestamp) -> Self {
        if self.fires_on(&event) {
            event.at = None;
        }
        if !pipelines::is_same_state(&event, &self.subject) {
            self.note(&event, received);
        }
        let at = event.at.unwrap_or(received);
        outage::add(&mut self.reports, &event, at);
        self.broken_by = pipelines::first_failed(self.broken_by, &event);
        let overtaken = pipelines::is_overtaken(&event, &self.subject)
            .unwrap_or_else(|| matches!((event.at, self.facts_at), (Some(at), Some(newest)) if at < newest));
        let before = self.life;
        if overtaken {
            self.turn(outage::life(&self.reports).unwrap_or(before), at);
            return self;
        }
        let told = life(&event.subject);
        // What is only said neither ends what goes on nor makes it less severe.
        let remark = (before, told) == (Life::Open, Life::Info);
        self.turn(outage::life(&self.reports).unwrap_or(if remark { before } else { told }), at);
        self.severity = match (before, told) {
            (Life::Open, Life::Info) => self.severity.max(event.severity),
            // As bad as the worst of those who say that it is down; whoever says that it is up has no say.
            (Life::Open, Life::Open) if !self.reports.is_empty() => self.severity.max(event.severity),
            (Life::Open, Life::Closed) if !self.reports.is_empty() => self.severity,
            _ => event.severity,
        };
        self.kind = event.kind;
        self.subject = event.subject;
        self.actor = event.actor;
        self.repository = event.repository.or(self.repository);
        self.repository_url = event.repository_url.or(self.repository_url);
        self.service = event.service.or(self.service);
        self.told = event.told;
        self.found = Some(received);
        self.labels = event.labels;
        self.facts_at = event.at.or(self.facts_at);
        self
    }

    /// Goes over to another part of its life, at the time `at`.
    fn turn(&mut self, life: Life, at: Timestamp) {
        match (self.life, life) {
            (Life::Closed, Life::Open) => {
                self.reopened.push(at);
                let forgotten = self.reopened.len().saturating_sub(Self::REOPENINGS);
                self.reopened.drain(..forgotten);
            }
            (_, Life::Closed) => (self.acknowledged, self.silence) = (None, None),
            _ => {}
        }
        self.life = life;
    }

    /// Whether it was opened again so often within [`REOPENED_WITHIN`] that it is flapping.
    pub fn is_flapping(&self) -> bool {
        let recent = self.reopened.iter().filter(|at| self.updated.duration_since(**at) < REOPENED_WITHIN);
        recent.count() >= life::FLAPPING
    }

    /// Whether `event` says that the alert which ended fires on, since the time since which it fired before.
    /// Its source had taken it for ended for want of news (Alertmanager does so by the `endsAt` that
    /// Prometheus gives it), so that nothing but the order of arrival says which came last.
    fn fires_on(&self, event: &Event) -> bool {
        let (Subject::Alert(was), Subject::Alert(is)) = (&self.subject, &event.subject) else { return false };
        let states = (was.state, is.state) == (Firing::Resolved, Firing::Firing);
        states && was.starts_at.is_some() && was.starts_at == is.starts_at && was.labels == is.labels
    }

    /// Shows it also where `decision` would show it now. A pipeline begins as news for those who like to watch
    /// and fails as a warning for those who must act.
    fn show_too(&mut self, decision: &Decision) {
        let new = |known: &[u64], ids: &[u64]| {
            ids.iter().copied().filter(|id| !known.contains(id)).collect::<Vec<_>>()
        };
        self.channels.extend(new(&self.channels, &decision.channels));
        self.mentions.extend(new(&self.mentions, &decision.mentions));
    }

    /// Takes `event` into the history only: it tells of this incident, but has one of its own.
    pub fn note(&mut self, event: &Event, received: Timestamp) {
        let at = event.at.unwrap_or(received);
        self.history.add(Step::of(event, at));
        self.opened = self.opened.min(at);
        self.updated = self.updated.max(at);
    }
}

#[cfg(test)]
mod tests;
