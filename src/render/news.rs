//! Replies: a notice that can ping, a detail in a thread. Invariants: a reply fits Discord's limit for content
//! (2000) whatever it tells, ends with its own reference on a `-#` line, and mentions only the roles it was
//! given.

use std::collections::BTreeSet;

use super::{
    ROLES, limits, markdown,
    message::{AllowedMentions, Message},
    page::{label, missing},
    runs::log,
};
use crate::{
    incident::{Detail, Incident, Notice},
    language::Language,
    span::span,
    subject::Subject,
};

/// How much of a log is shown: it leaves room for the rest of the message.
const LOG: usize = 1500;

/// How many roles a notice mentions at most: with that many, 22 characters each, its text still fits.
const PINGED: usize = 40;

const _: () = assert!(PINGED <= ROLES);

/// A short reply that says `notice` of `incident`, and calls `roles`.
pub fn notice(
    incident: &Incident,
    notice: Notice,
    roles: &[u64],
    reference: &str,
    language: Language,
) -> Message {
    let key = match (notice, &incident.subject) {
        (Notice::Worse, Subject::Pipeline(_) | Subject::Deployment(_)) => "news-failed",
        (Notice::Worse, _) => "news-worse",
        (Notice::Over(_), Subject::Pipeline(_)) => "news-fixed",
        (Notice::Over(_), _) => "news-over",
        (Notice::Reopened, _) => "news-reopened",
        (Notice::Flapping, _) => "news-flapping",
    };
    let after = if let Notice::Over(after) = notice { span(after, language) } else { String::new() };
    let times = incident.reopened.len();
    let text = language.text(
        key,
        &[
            ("name", name(incident).into()),
            ("severity", incident.severity.as_str().into()),
            ("after", after.into()),
            ("times", times.into()),
        ],
    );
    let roles: BTreeSet<u64> = roles.iter().copied().collect();
    let roles: Vec<String> = roles.iter().take(PINGED).map(u64::to_string).collect();
    let called = roles.iter().map(|role| format!("<@&{role}>")).chain([text]).collect::<Vec<_>>().join(" ");
    reply(&called, AllowedMentions::of(roles), reference)
}

/// A detail of an incident, for its thread.
pub fn detail(detail: &Detail, reference: &str, language: Language) -> Message {
    let (text, whole) = match detail {
        Detail::Report(source, text) => {
            let shown = limits::shorten(text, LOG, missing, markdown::inline);
            let is_cut = shown != markdown::inline(text);
            (format!("**{}**: {shown}", markdown::inline(source)), is_cut.then(|| text.clone()))
        }
        Detail::Step(step) => {
            let title = language.text(
                "news-step",
                &[
                    ("step", label(&step.name, limits::NAME).into()),
                    ("workflow", label(&step.workflow, limits::NAME).into()),
                    ("code", step.exit_code.to_string().into()),
                ],
            );
            let (log, whole) = log(language, &step.log, step.earlier_lines, LOG);
            (format!("{title}\n{log}"), whole)
        }
        Detail::Deployment(deployment) => {
            let title = language
                .text("news-deployment", &[("name", label(&deployment.deployment, limits::NAME).into())]);
            let (log, whole) = log(language, &deployment.log, 0, LOG);
            (format!("{title}\n{log}"), whole)
        }
    };
    Message { whole, ..reply(&text, AllowedMentions::of(Vec::new()), reference) }
}

fn reply(text: &str, allowed_mentions: AllowedMentions, reference: &str) -> Message {
    Message { content: format!("{text}\n-# {reference}"), allowed_mentions, ..Message::default() }
}

/// What people call the incident.
fn name(incident: &Incident) -> String {
    let own = match &incident.subject {
        _ if !incident.reports.is_empty() => incident.service.as_deref().unwrap_or_default(),
        Subject::Alert(alert) => &alert.name,
        Subject::Availability(monitor) => &monitor.monitor,
        Subject::Unit(unit) => &unit.name,
        Subject::Pipeline(pipeline) => &pipeline.branch,
        Subject::Deployment(deployment) => &deployment.deployment,
        Subject::Generic(generic) => &generic.title,
        _ => &incident.kind,
    };
    let name = label(own, limits::NAME);
    match &incident.repository {
        Some(repository) => format!("{} {name}", label(repository, limits::NAME)),
        None => name,
    }
}

#[cfg(test)]
mod tests;
