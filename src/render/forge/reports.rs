//! Releases, checks and workflows, and what happens to a repository as a whole.

use crate::{
    render::{
        limits, markdown,
        message::{Embed, Field},
        page::{BLUE, GREEN, GREY, Layout, Page, RED, YELLOW, below, code_span, commit_span, label},
    },
    subject::{Package, Release, RepositoryChange, Status, Wiki, Workflow},
};

pub(in crate::render) fn release(page: &Page<'_>, release: &Release) -> Embed {
    let deleted = release.action == "deleted";
    let tag = label(&release.tag, limits::FACT / 2);
    let kind = match (release.draft, release.prerelease) {
        (true, _) => "draft",
        (false, true) => "prerelease",
        (false, false) => "release",
    };
    let text = page.say(
        "release-title",
        &[("action", release.action.as_str().into()), ("kind", kind.into()), ("tag", tag.into())],
    );
    let name = if release.name.trim() == release.tag { "" } else { release.name.trim() };
    let name = label(name, limits::FACT / 2);
    let text = if name.is_empty() { text } else { format!("{text} – {name}") };
    let embed =
        page.embed(if deleted { GREY } else { GREEN }, page.title("🏷️", &text), release.url.as_deref());
    let files: Vec<String> = release
        .assets
        .iter()
        .map(|(name, url)| markdown::link(&code_span(name, limits::FACT), url.as_deref()))
        .collect();
    let body = if deleted { String::new() } else { page.body(&release.body, limits::LONG_BODY) };
    let files = page.field("field-files", page.list(&files, "\n", limits::HISTORY), Layout::Alone);
    Embed {
        description: below(body, &embed.description),
        fields: files.filter(|_| !deleted).into_iter().collect(),
        ..embed
    }
}

pub(in crate::render) fn status(page: &Page<'_>, status: &Status) -> Embed {
    let (icon, color) = outcome(&status.state);
    let text = page.say(
        "status-title",
        &[
            ("context", label(&status.context, limits::NAME).into()),
            ("state", state(page, &status.state).into()),
        ],
    );
    let embed = page.embed(color, page.title(icon, &text), status.url.as_deref());
    Embed {
        description: below(page.body(&status.description, limits::BODY), &embed.description),
        fields: commit(page, Some(&status.sha)).into_iter().collect(),
        ..embed
    }
}

pub(in crate::render) fn workflow(page: &Page<'_>, workflow: &Workflow) -> Embed {
    let word = workflow.conclusion.as_deref().unwrap_or(&workflow.status);
    let (icon, color) = outcome(word);
    let text = page.say(
        "workflow-title",
        &[
            ("kind", if workflow.job { "job" } else { "run" }.into()),
            ("name", label(&workflow.name, limits::NAME).into()),
            ("state", state(page, word).into()),
        ],
    );
    let embed = page.embed(color, page.title(icon, &text), workflow.url.as_deref());
    let branch = workflow.branch.as_deref().filter(|name| !name.is_empty());
    let branch = branch.map(|name| code_span(name, limits::FACT)).unwrap_or_default();
    let fields = [page.field("field-branch", branch, Layout::Beside), commit(page, workflow.sha.as_deref())];
    Embed { fields: fields.into_iter().flatten().collect(), ..embed }
}

/// Icon and colour of a check's or a workflow's state.
fn outcome(state: &str) -> (&'static str, u32) {
    match state {
        "success" => ("✅", GREEN),
        "failure" | "error" => ("❌", RED),
        "warning" | "action_required" | "timed_out" => ("⚠️", YELLOW),
        "cancelled" | "skipped" | "neutral" => ("⚪", GREY),
        _ => ("⏳", BLUE),
    }
}

fn state(page: &Page<'_>, word: &str) -> String {
    let plain = label(&word.replace('_', " "), 30);
    page.say("check-state", &[("state", word.into()), ("word", plain.into())])
}

fn commit(page: &Page<'_>, sha: Option<&str>) -> Option<Field> {
    let sha = sha.filter(|sha| !sha.is_empty())?;
    page.field("field-commit", commit_span(sha, None), Layout::Beside)
}

pub(in crate::render) fn repository(page: &Page<'_>, change: &RepositoryChange) -> Embed {
    let fork = label(change.fork.as_deref().unwrap_or("?"), limits::REPOSITORY);
    let text = page.say("repository-title", &action(&change.action, &[("fork", fork)]));
    let color = if change.action == "deleted" { GREY } else { BLUE };
    let address = change.url.as_deref().or(page.incident.repository_url.as_deref());
    page.embed(color, page.title("", &text), address)
}

pub(in crate::render) fn wiki(page: &Page<'_>, wiki: &Wiki) -> Embed {
    let name = label(&wiki.page, limits::FACT);
    let text = page.say("wiki-title", &action(&wiki.action, &[("page", name)]));
    let color = if wiki.action == "deleted" { GREY } else { BLUE };
    let embed = page.embed(color, page.title("📖", &text), page.incident.repository_url.as_deref());
    Embed { description: below(page.body(&wiki.comment, limits::BODY), &embed.description), ..embed }
}

pub(in crate::render) fn package(page: &Page<'_>, package: &Package) -> Embed {
    let name = label(&package.name, limits::FACT / 2);
    let version = label(&package.version, 30);
    let text = page.say("package-title", &action(&package.action, &[("name", name), ("version", version)]));
    let color = if package.action == "deleted" { GREY } else { GREEN };
    let embed = page.embed(color, page.title("📦", &text), package.url.as_deref());
    let format = page.field("field-format", label(&package.format, limits::FACT), Layout::Beside);
    Embed { fields: format.into_iter().collect(), ..embed }
}

/// The variables of a text about an action: the source's word for it, to choose by and, where Vigie has no
/// word of its own, to show.
fn action<'a>(
    word: &'a str,
    others: &[(&'static str, String)],
) -> Vec<(&'static str, fluent_bundle::FluentValue<'a>)> {
    let shown = label(&word.replace('_', " "), 30);
    let others = others.iter().map(|(name, value)| (*name, value.clone().into()));
    [("action", word.into()), ("word", shown.into())].into_iter().chain(others).collect()
}
