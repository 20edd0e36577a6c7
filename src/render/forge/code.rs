//! Commits, branches and tags.

use crate::{
    render::{
        limits, markdown,
        message::Embed,
        page::{BLUE, GREY, Page, YELLOW, below, commit_span, label, short, words},
    },
    subject::{Commit, Existence, Push, RefChange, RefKind},
};

/// How many commits are shown: what a phone shows without scrolling.
const SHOWN: usize = 10;

pub(in crate::render) fn push(page: &Page<'_>, push: &Push) -> Embed {
    let name = label(&push.name, limits::NAME);
    let total = push.total.max(push.commits.len() as u64);
    let variables = |sha: &str| {
        [
            ("kind", kind(push.kind).into()),
            ("name", name.clone().into()),
            ("n", total.into()),
            ("sha", label(&short(sha), limits::FACT).into()),
        ]
    };
    let text = match (&push.before, &push.after) {
        (_, None) => page.say("ref-deleted", &variables("")),
        (None, Some(sha)) if total == 0 => page.say("ref-created", &variables(sha)),
        (None, Some(sha)) => page.say("push-created", &variables(sha)),
        (Some(_), Some(sha)) if total == 0 => page.say("ref-moved", &variables(sha)),
        (Some(_), Some(sha)) => page.say("push-commits", &variables(sha)),
    };
    let color = match (&push.before, &push.after) {
        (_, None) => GREY,
        (Some(_), Some(_)) if total == 0 => YELLOW,
        _ => BLUE,
    };
    let newest = || push.commits.last().and_then(|commit| commit.url.as_deref());
    // There is nothing to compare with a ref that is gone.
    let changes = push.after.as_ref().and_then(|_| push.compare_url.as_deref().or_else(newest));
    let address = changes.or(page.incident.repository_url.as_deref());
    let embed = page.embed(color, page.title("", &text), address);
    let list = if push.after.is_some() { commits(page, push, total) } else { String::new() };
    Embed { description: below(list, &embed.description), ..embed }
}

/// The newest commits first, one a line, then how many more there are.
fn commits(page: &Page<'_>, push: &Push, total: u64) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut length = 0;
    for commit in push.commits.iter().rev().take(SHOWN) {
        let line = line(commit);
        length += limits::units(&line) + 1;
        if length > limits::LONG_BODY - limits::FACT {
            break;
        }
        lines.push(line);
    }
    let more = total - lines.len() as u64;
    if more > 0 && !lines.is_empty() {
        lines.push(markdown::link(
            &page.say("more-commits", &[("n", more.into())]),
            push.compare_url.as_deref(),
        ));
    }
    lines.join("\n")
}

fn line(commit: &Commit) -> String {
    let sha = commit_span(&commit.id, commit.url.as_deref());
    let subject = label(commit.message.trim().lines().next().unwrap_or_default(), limits::NAME);
    let author = commit.author.as_deref().map(|name| label(name, limits::AUTHOR)).unwrap_or_default();
    let author = if author.is_empty() { author } else { format!("– {author}") };
    words([&sha, &subject, &author])
}

pub(in crate::render) fn ref_change(page: &Page<'_>, change: &RefChange) -> Embed {
    let (key, color) = match change.change {
        Existence::Created => ("ref-created", BLUE),
        Existence::Deleted => ("ref-deleted", GREY),
    };
    let name = label(&change.name, limits::NAME);
    let text = page.say(key, &[("kind", kind(change.kind).into()), ("name", name.into())]);
    let address = change.url.as_deref().or(page.incident.repository_url.as_deref());
    let embed = page.embed(color, page.title("", &text), address);
    let sha = change.sha.as_deref().map(|sha| commit_span(sha, None)).unwrap_or_default();
    Embed { description: below(sha, &embed.description), ..embed }
}

const fn kind(kind: RefKind) -> &'static str {
    match kind {
        RefKind::Branch => "branch",
        RefKind::Tag => "tag",
        RefKind::Other => "other",
    }
}
