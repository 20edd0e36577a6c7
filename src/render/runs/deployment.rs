//! Deployments.

use super::log;
use crate::{
    incident::Life,
    render::{
        history::history,
        limits, markdown,
        message::Embed,
        page::{BLUE, GREEN, Layout, ORANGE, Page, RED, code_span, commit_span, label, paragraphs},
    },
    span::span,
    subject::{Deployment, DeploymentState},
};

pub(in crate::render) fn deployment(page: &Page<'_>, deployment: &Deployment) -> Embed {
    let (icon, color, state) = match deployment.state {
        DeploymentState::Planned => ("⏳", BLUE, "planned"),
        DeploymentState::Building => ("⏳", BLUE, "building"),
        DeploymentState::Switching => ("⏳", BLUE, "switching"),
        DeploymentState::Checking => ("⏳", BLUE, "checking"),
        DeploymentState::Live => ("✅", GREEN, "live"),
        DeploymentState::RolledBack => ("↩️", ORANGE, "rolled_back"),
        DeploymentState::Failed => ("❌", RED, "failed"),
    };
    let name = label(&deployment.deployment, limits::NAME);
    let state = page.say("deployment-state", &[("state", state.into()), ("word", "".into())]);
    let text = page.say("deployment-title", &[("name", name.into()), ("state", state.into())]);
    let embed = page.embed(color, page.title(icon, &text), deployment.url.as_deref());
    let text =
        |text: &str| if text.trim().is_empty() { String::new() } else { code_span(text, limits::FACT) };
    let commit = deployment.commit.as_deref().filter(|sha| !sha.is_empty());
    let incident = page.incident;
    let took = incident.updated.duration_since(incident.opened);
    let time = if incident.life == Life::Closed {
        page.field("field-duration", span(took.unsigned_abs(), page.language), Layout::Beside)
    } else {
        page.field("field-since", markdown::ago(incident.opened), Layout::Beside)
    };
    let fields = [
        page.field("field-machine", text(&deployment.target), Layout::Beside),
        page.field(
            "field-commit",
            commit.map(|sha| commit_span(sha, None)).unwrap_or_default(),
            Layout::Beside,
        ),
        page.field(
            "field-generation",
            deployment.generation.map(|number| number.to_string()).unwrap_or_default(),
            Layout::Beside,
        ),
        time,
        history(page),
    ];
    let reason = page.text(&deployment.reason, limits::ACCOUNT);
    let (log, whole) = log(page.language, &deployment.log, 0, limits::LOG);
    page.attach(whole);
    let parts = [reason, log, embed.description];
    Embed { description: paragraphs(parts), fields: fields.into_iter().flatten().collect(), ..embed }
}
