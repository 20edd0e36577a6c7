//! Incident to message, within Discord's limits. Invariants, each held by a property test over arbitrary
//! subjects:
//! - no message can be refused for its size or shape: every part has a bound, and the bounds add up;
//! - what a message shows is text: nobody's words mention anyone, hide where a link leads, or change how
//!   anything after them is shown;
//! - a message ends with its incident's reference, alone in the footer or after ` · `.

pub mod buttons;
mod digest;
mod forge;
mod generic;
mod history;
mod labels;
mod life;
pub mod limits;
pub mod markdown;
pub mod message;
pub mod news;
mod page;
#[cfg(test)]
mod properties;
mod runs;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod snapshots;
mod watch;

use std::{cell::RefCell, collections::BTreeSet};

use self::{
    forge::{code, discussion, reports},
    message::{AllowedMentions, Embed, Message},
    page::{Page, below},
    runs::{deployment, pipeline},
    watch::{alert, monitor, outage},
};
use crate::{incident::Incident, language::Language, subject::Subject};

/// How many roles a message mentions at most: that many fill its content (2000).
pub const ROLES: usize = 75;

/// What Discord should show for `incident`.
pub fn message(incident: &Incident, language: Language) -> Message {
    let roles: BTreeSet<u64> = incident.mentions.iter().copied().collect();
    let roles: Vec<String> = roles.iter().take(ROLES).map(u64::to_string).collect();
    let content = roles.iter().map(|role| format!("<@&{role}>")).collect::<Vec<_>>().join(" ");
    let page = Page { incident, language, whole: RefCell::default() };
    Message {
        content,
        embeds: vec![embed(&page)],
        allowed_mentions: AllowedMentions::of(roles),
        // Who shows a message adds its buttons.
        components: Vec::new(),
        whole: whole(&page.whole.take()),
    }
}

/// What is attached of texts that were cut; nothing if none was.
fn whole(texts: &[String]) -> Option<String> {
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// The embed that shows the incident of `page`, with what must be known of any.
fn embed(page: &Page<'_>) -> Embed {
    let embed = match &page.incident.subject {
        _ if !page.incident.reports.is_empty() => outage::outage(page),
        Subject::Push(push) => code::push(page, push),
        Subject::Ref(change) => code::ref_change(page, change),
        Subject::PullRequest(request) => discussion::pull_request(page, request),
        Subject::Review(review) => discussion::review(page, review),
        Subject::Issue(issue) => discussion::issue(page, issue),
        Subject::Comment(comment) => discussion::comment(page, comment),
        Subject::Release(release) => reports::release(page, release),
        Subject::Status(status) => reports::status(page, status),
        Subject::Workflow(workflow) => reports::workflow(page, workflow),
        Subject::Repository(change) => reports::repository(page, change),
        Subject::Wiki(wiki) => reports::wiki(page, wiki),
        Subject::Package(package) => reports::package(page, package),
        Subject::Alert(alert) => alert::alert(page, alert),
        Subject::Availability(monitor) => monitor::availability(page, monitor),
        Subject::Unit(unit) => monitor::unit(page, unit),
        Subject::Pipeline(pipeline) => pipeline::pipeline(page, pipeline),
        Subject::Deployment(deployment) => deployment::deployment(page, deployment),
        Subject::Digest(digest) => digest::digest(page, digest),
        Subject::Generic(generic) => generic::generic(page, generic),
    };
    Embed { description: below(embed.description, &life::notes(page)), ..embed }
}
