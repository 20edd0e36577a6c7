//! What about an incident deserves a message of its own beside the one that is edited, because edits notify
//! nobody. Invariants: what is news depends on the incident before and after the event alone; an incident that
//! flaps says so once and is then only edited; nobody is called for an incident that somebody looks after.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Incident, Life, outage::is_new_word};
use crate::{
    event::Event,
    subject::{Deployment, DeploymentState, FailedStep, Pipeline, PipelineStatus, Subject},
};

/// How long an incident must have gone on for its end to be news.
const LONG: SignedDuration = SignedDuration::from_mins(30);

/// How many replies an incident gets at most; then only its message is edited.
pub(super) const REPLIES: u32 = 200;

/// What is said in a short reply, which can ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It matters more than before.
    Worse,
    /// It is over after having gone on for long.
    Over(Duration),
    /// It goes on again.
    Reopened,
    /// It comes and goes: this is the last time that it is said.
    Flapping,
}

impl Notice {
    /// What the step from `before` to `after` is news of.
    pub fn of(before: &Incident, after: &Incident) -> Option<Self> {
        match (before.life, after.life) {
            (Life::Closed, Life::Open) if after.is_flapping() => {
                (!before.is_flapping()).then_some(Self::Flapping)
            }
            (Life::Closed, Life::Open) => Some(Self::Reopened),
            // A deployment ends by failing.
            (Life::Open, Life::Closed) if matches!(after.subject, Subject::Deployment(_)) => {
                (after.severity > before.severity).then_some(Self::Worse)
            }
            (Life::Open, Life::Closed) if !after.is_flapping() => {
                let since = before.reopened.last().copied().unwrap_or(before.opened);
                let went_on = after.updated.duration_since(since);
                (went_on >= LONG && is_watched(&after.subject)).then(|| Self::Over(went_on.unsigned_abs()))
            }
            (Life::Open, Life::Open) => (after.severity > before.severity).then_some(Self::Worse),
            _ => None,
        }
        .filter(|notice| !matches!(notice, Self::Reopened | Self::Flapping) || is_watched(&after.subject))
    }

    /// Whether those whom the route names are called.
    pub const fn pings(self) -> bool {
        !matches!(self, Self::Over(_))
    }
}

/// Whether somebody waits for its end: not so for what happens in a forge.
const fn is_watched(subject: &Subject) -> bool {
    matches!(
        subject,
        Subject::Alert(_)
            | Subject::Availability(_)
            | Subject::Unit(_)
            | Subject::Pipeline(_)
            | Subject::Generic(_)
    )
}

/// What is told in the thread of an incident's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Another reporter's word on an outage: who says what.
    Report(String, String),
    /// A step that failed, and what it wrote.
    Step(FailedStep),
    /// Where a deployment stands, and what it wrote.
    Deployment(Deployment),
}

impl Detail {
    /// What `event` tells beyond the message of the incident that it goes on with.
    pub fn of(before: &Incident, event: &Event) -> Vec<Self> {
        let reported = |text: &str| match text.trim() {
            "" => Vec::new(),
            text => vec![Self::Report(event.source.to_string(), text.to_owned())],
        };
        match &event.subject {
            Subject::Alert(alert) if is_new_word(&before.reports, event) => reported(&alert.summary),
            Subject::Availability(monitor) if is_new_word(&before.reports, event) => reported(&monitor.text),
            Subject::Pipeline(pipeline) => steps(before, pipeline),
            Subject::Deployment(deployment) => told(deployment),
            _ => Vec::new(),
        }
    }
}

/// The failed steps whose log was not known before.
fn steps(before: &Incident, pipeline: &Pipeline) -> Vec<Detail> {
    let failed = matches!(pipeline.status, PipelineStatus::Failure | PipelineStatus::Error);
    let known = match &before.subject {
        Subject::Pipeline(before) if before.number == pipeline.number => before.failed.as_slice(),
        _ => &[],
    };
    let is_new = |step: &&FailedStep| {
        let before = known.iter().find(|one| (&one.workflow, &one.name) == (&step.workflow, &step.name));
        !step.log.is_empty() && before.is_none_or(|before| before.log != step.log)
    };
    let new = pipeline.failed.iter().filter(is_new).filter(|_| failed);
    new.cloned().map(Detail::Step).collect()
}

fn told(deployment: &Deployment) -> Vec<Detail> {
    let ended_badly = matches!(deployment.state, DeploymentState::RolledBack | DeploymentState::Failed);
    let has_more = !deployment.log.is_empty();
    if ended_badly && has_more { vec![Detail::Deployment(deployment.clone())] } else { Vec::new() }
}

#[cfg(test)]
mod tests;
