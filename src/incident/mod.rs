//! Which incident an event belongs to, and its life. Invariants:
//! - an incident is a function of its events in the order in which they were accepted: nothing here reads
//!   a clock, a store or a network, except [`worker`], which brings the two together;
//! - older facts never replace newer ones: an event that was overtaken only finds its place in the history;
//! - the history is bounded, and says how many of its steps were forgotten;
//! - where an incident is shown, and with whom mentioned, is decided once, by its first event.

mod history;
pub mod reference;
pub mod route;
pub mod worker;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::history::{Deed, History, Step};
use self::route::Decision;
use crate::{
    event::{Event, Severity, Source},
    subject::{Person, Standing, Subject},
};

/// Where an incident stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Life {
    /// Something is expected to follow: a pull request is open, a workflow runs.
    Open,
    /// It has ended.
    Closed,
    /// It never had a life: it was only said.
    Info,
}

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
}

impl Incident {
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
        Self {
            source: event.source,
            key,
            reference,
            kind: event.kind,
            life: life(&event.subject),
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
        }
    }

    /// The incident after `event`, which belongs to it.
    #[must_use]
    pub fn after(mut self, event: Event, received: Timestamp) -> Self {
        self.note(&event, received);
        let overtaken = matches!((event.at, self.facts_at), (Some(at), Some(newest)) if at < newest);
        if overtaken {
            return self;
        }
        self.life = life(&event.subject);
        self.kind = event.kind;
        self.severity = event.severity;
        self.subject = event.subject;
        self.actor = event.actor;
        self.repository = event.repository.or(self.repository);
        self.repository_url = event.repository_url.or(self.repository_url);
        self.facts_at = event.at.or(self.facts_at);
        self
    }

    /// Takes `event` into the history only: it tells of this incident, but has one of its own.
    pub fn note(&mut self, event: &Event, received: Timestamp) {
        let at = event.at.unwrap_or(received);
        self.history.add(Step::of(event, at));
        self.opened = self.opened.min(at);
        self.updated = self.updated.max(at);
    }
}

/// Where a thing stands in its life once these are its facts.
fn life(subject: &Subject) -> Life {
    let open = match subject {
        Subject::PullRequest(request) => request.standing == Standing::Open,
        Subject::Issue(issue) => issue.standing == Standing::Open,
        Subject::Status(status) => status.state == "pending",
        Subject::Workflow(workflow) => workflow.status != "completed",
        Subject::Push(_)
        | Subject::Ref(_)
        | Subject::Review(_)
        | Subject::Comment(_)
        | Subject::Release(_)
        | Subject::Repository(_)
        | Subject::Wiki(_)
        | Subject::Package(_)
        | Subject::Generic(_) => return Life::Info,
    };
    if open { Life::Open } else { Life::Closed }
}

#[cfg(test)]
mod tests;
