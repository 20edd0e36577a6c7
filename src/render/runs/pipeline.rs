//! Pipelines of a CI.

use super::log;
use crate::{
    incident::Deed,
    render::{
        limits, markdown,
        message::{Embed, Field},
        page::{
            BLUE, GREEN, GREY, Layout, Page, RED, YELLOW, code_span, commit_span, label, paragraphs, words,
        },
    },
    span::span,
    subject::{FailedStep, Pipeline, PipelineStatus},
};

/// How many failed steps are shown with their logs.
const STEPS: usize = 3;

pub(in crate::render) fn pipeline(page: &Page<'_>, pipeline: &Pipeline) -> Embed {
    let broken = was_broken(page, pipeline);
    let (icon, color, state) = match pipeline.status {
        PipelineStatus::Pending => ("⏳", BLUE, "pending"),
        PipelineStatus::Running => ("⏳", BLUE, "running"),
        PipelineStatus::Blocked => ("✋", YELLOW, "blocked"),
        PipelineStatus::Success if broken => ("✅", GREEN, "fixed"),
        PipelineStatus::Success => ("✅", GREEN, "success"),
        PipelineStatus::Failure => ("❌", RED, "failure"),
        PipelineStatus::Error => ("❌", RED, "error"),
        PipelineStatus::Killed => ("⚪", GREY, "killed"),
        PipelineStatus::Declined => ("⚪", GREY, "declined"),
        PipelineStatus::Skipped => ("⚪", GREY, "skipped"),
    };
    let text = page
        .say("pipeline-title", &[("state", state.into()), ("number", pipeline.number.to_string().into())]);
    let url = pipeline.url.as_deref().or(page.incident.repository_url.as_deref());
    let embed = page.embed(color, page.title(icon, &text), url);
    let before = broken_before(page, pipeline);
    let parts = [commit(pipeline), before, errors(page, pipeline), steps(page, pipeline), embed.description];
    Embed { description: paragraphs(parts), fields: fields(page, pipeline), ..embed }
}

/// Which earlier pipeline broke it, as long as it is broken and by the one that fixes it.
fn broken_before(page: &Page<'_>, pipeline: &Pipeline) -> String {
    use PipelineStatus::{Blocked, Error, Failure, Pending, Running, Success};
    let failed = matches!(pipeline.status, Failure | Error);
    let runs = matches!(pipeline.status, Pending | Running | Blocked);
    let broken = was_broken(page, pipeline);
    match page.incident.broken_by.filter(|number| *number != pipeline.number) {
        Some(number) if failed || broken && (runs || pipeline.status == Success) => {
            page.say("pipeline-broken-by", &[("number", number.to_string().into())])
        }
        None if broken && runs => page.say("pipeline-before", &[]),
        _ => String::new(),
    }
}

/// Whether the newest pipeline that ended had failed; the one that is shown does not count.
fn was_broken(page: &Page<'_>, pipeline: &Pipeline) -> bool {
    let mut ends = page.incident.history.steps.iter().rev().filter_map(|step| match &step.deed {
        Deed::Other(word) if word == "success" => Some(false),
        Deed::Other(word) if word == "failure" || word == "error" => Some(true),
        _ => None,
    });
    ends.nth(usize::from(pipeline.status == PipelineStatus::Success)) == Some(true)
}

fn fields(page: &Page<'_>, pipeline: &Pipeline) -> Vec<Field> {
    let branch = pipeline.branch.trim();
    let branch = if branch.is_empty() { String::new() } else { code_span(branch, limits::FACT) };
    let time = match (pipeline.started, pipeline.finished) {
        (Some(started), Some(finished)) if finished > started => {
            let took = finished.duration_since(started);
            page.field("field-duration", span(took.unsigned_abs(), page.language), Layout::Beside)
        }
        (Some(started), None) => page.field("field-since", markdown::ago(started), Layout::Beside),
        _ => None,
    };
    let word = label(&pipeline.event.replace('_', " "), 30);
    let event =
        page.say("pipeline-event", &[("event", pipeline.event.as_str().into()), ("word", word.into())]);
    [
        page.field("field-branch", branch, Layout::Beside),
        page.field("field-event", event, Layout::Beside),
        time,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn commit(pipeline: &Pipeline) -> String {
    let sha = pipeline.commit.trim();
    let sha = if sha.is_empty() { String::new() } else { commit_span(sha, None) };
    words([&sha, &label(pipeline.title.lines().next().unwrap_or_default(), limits::NAME)])
}

/// Why it could not be run.
fn errors(page: &Page<'_>, pipeline: &Pipeline) -> String {
    let lines: Vec<String> = pipeline.errors.iter().map(|error| label(error, 2 * limits::FACT)).collect();
    page.list(&lines, "\n", limits::ERRORS)
}

fn steps(page: &Page<'_>, pipeline: &Pipeline) -> String {
    let all = &pipeline.failed;
    let shown = &all[..all.len().min(STEPS)];
    let mut parts: Vec<String> =
        shown.iter().map(|failed| step(page, failed, limits::LOG / shown.len())).collect();
    if all.len() > shown.len() {
        parts.push(page.say("more-steps", &[("n", (all.len() - shown.len()).into())]));
    }
    parts.join("\n")
}

/// A failed step: its name, how it ended, and the end of its log.
fn step(page: &Page<'_>, step: &FailedStep, room: usize) -> String {
    let name = [&step.workflow, &step.name].map(|name| name.trim());
    let name = name.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" › ");
    let name = code_span(&name, limits::FACT);
    let how = if step.exit_code == 0 {
        page.say("step-failed", &[("name", name.into())])
    } else {
        page.say("step-exited", &[("name", name.into()), ("code", step.exit_code.to_string().into())])
    };
    let error = label(&step.error, limits::FACT);
    let how = if error.is_empty() { how } else { format!("{how} – {error}") };
    let (log, whole) = log(page.language, &step.log, step.earlier_lines, room);
    page.attach(whole.map(|whole| format!("{} › {}\n{whole}", step.workflow, step.name)));
    if log.is_empty() { how } else { format!("{how}\n{log}") }
}
