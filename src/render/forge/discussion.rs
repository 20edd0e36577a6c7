//! Pull requests and issues, and what people say about them.

use super::{BLUE, GREEN, GREY, Layout, PURPLE, Page, RED, author, below, code_span, label};
use crate::{
    incident::{Deed, Step},
    render::{
        limits, markdown,
        message::{Embed, Field},
    },
    subject::{Comment, Issue, Person, PullRequest, Review, Standing, Verdict},
};

/// How many of the newest steps of a history are shown, beside the first.
const NEWEST: usize = 7;

pub(super) fn pull_request(page: &Page<'_>, request: &PullRequest) -> Embed {
    let (icon, color, state) = match request.standing {
        Standing::Merged => ("🟣", PURPLE, "state-merged"),
        Standing::Closed => ("🔴", RED, "state-closed"),
        Standing::Open if request.draft => ("⚪", GREY, "state-draft"),
        Standing::Open => ("🟢", GREEN, "state-open"),
    };
    let branch = |name: &str| code_span(name, limits::FACT);
    let fields = [
        page.field("field-state", page.say(state, &[]), Layout::Beside),
        page.field(
            "field-branch",
            format!("{} → {}", branch(&request.head), branch(&request.base)),
            Layout::Beside,
        ),
        codes(page, "field-labels", &request.labels),
        names(page, "field-reviewers", &request.reviewers),
        names(page, "field-assignees", &request.assignees),
        milestone(page, request.milestone.as_deref()),
        history(page),
    ];
    let title = page.numbered_title(icon, request.number, &label(&request.title, limits::NAME));
    let embed = page.embed(color, title, request.url.as_deref());
    written(page, embed, &request.body, request.author.as_ref(), fields.into_iter().flatten().collect())
}

pub(super) fn issue(page: &Page<'_>, issue: &Issue) -> Embed {
    let (icon, color, state) = match issue.standing {
        Standing::Open => ("🟢", GREEN, "state-open"),
        Standing::Closed | Standing::Merged => ("🟣", PURPLE, "state-closed"),
    };
    let fields = [
        page.field("field-state", page.say(state, &[]), Layout::Beside),
        codes(page, "field-labels", &issue.labels),
        names(page, "field-assignees", &issue.assignees),
        milestone(page, issue.milestone.as_deref()),
        history(page),
    ];
    let title = page.numbered_title(icon, issue.number, &label(&issue.title, limits::NAME));
    let embed = page.embed(color, title, issue.url.as_deref());
    written(page, embed, &issue.body, issue.author.as_ref(), fields.into_iter().flatten().collect())
}

pub(super) fn review(page: &Page<'_>, review: &Review) -> Embed {
    let (icon, color, verdict) = match review.verdict {
        Verdict::Approved => ("✅", GREEN, "approved"),
        Verdict::Rejected => ("❌", RED, "rejected"),
        Verdict::Commented => ("💬", GREY, "commented"),
    };
    let name = label(&review.title, limits::NAME);
    let text = page.say("review-title", &[("verdict", verdict.into()), ("title", name.into())]);
    let embed = page.embed(color, page.numbered_title(icon, review.number, &text), review.url.as_deref());
    written(page, embed, &review.body, None, Vec::new())
}

pub(super) fn comment(page: &Page<'_>, comment: &Comment) -> Embed {
    let deleted = comment.action == "deleted";
    let name = label(&comment.title, limits::NAME);
    let text =
        page.say("comment-title", &[("action", comment.action.as_str().into()), ("title", name.into())]);
    let color = if deleted { GREY } else { BLUE };
    let embed = page.embed(color, page.numbered_title("💬", comment.number, &text), comment.url.as_deref());
    // Who deletes a comment does not want it read.
    let body = if deleted { "" } else { comment.body.as_str() };
    written(page, embed, body, None, Vec::new())
}

/// `embed` with what its author wrote above whatever its description holds.
fn written(page: &Page<'_>, embed: Embed, body: &str, by: Option<&Person>, fields: Vec<Field>) -> Embed {
    Embed {
        author: by.and_then(author).or(embed.author),
        description: below(page.body(body, limits::BODY), &embed.description),
        fields,
        ..embed
    }
}

fn codes(page: &Page<'_>, key: &str, all: &[String]) -> Option<Field> {
    let parts: Vec<String> = all.iter().map(|name| code_span(name, limits::FACT)).collect();
    page.field(key, page.list(&parts, " ", limits::LIST), Layout::Beside)
}

fn names(page: &Page<'_>, key: &str, all: &[String]) -> Option<Field> {
    let parts = all.iter().map(|name| label(name, limits::AUTHOR)).filter(|name| !name.is_empty());
    page.field(key, page.list(&parts.collect::<Vec<_>>(), ", ", limits::LIST), Layout::Beside)
}

fn milestone(page: &Page<'_>, name: Option<&str>) -> Option<Field> {
    page.field("field-milestone", label(name.unwrap_or_default(), limits::FACT), Layout::Beside)
}

/// Who did what; none as long as that is only the opening, which the message itself shows.
fn history(page: &Page<'_>) -> Option<Field> {
    let history = &page.incident.history;
    if history.steps.is_empty() || matches!(&history.steps[..], [only] if only.deed == Deed::Opened) {
        return None;
    }
    let hidden = history.steps.len().saturating_sub(1 + NEWEST);
    let forgotten = hidden as u64 + u64::from(history.forgotten);
    let mut lines = vec![line(page, &history.steps[0])];
    if forgotten > 0 {
        lines.push(page.say("steps-between", &[("n", forgotten.into())]));
    }
    lines.extend(history.steps[1 + hidden..].iter().map(|step| line(page, step)));
    page.field("field-history", page.list(&lines, "\n", limits::HISTORY), Layout::Alone)
}

fn line(page: &Page<'_>, step: &Step) -> String {
    let word = match &step.deed {
        Deed::Other(word) => label(&word.replace('_', " "), 30),
        _ => String::new(),
    };
    let what = page.say(
        "step",
        &[("deed", step.deed.as_str().into()), ("times", step.times.into()), ("word", word.into())],
    );
    let by = label(step.by.as_deref().unwrap_or_default(), 30);
    let who =
        if by.is_empty() { what } else { page.say("step-by", &[("what", what.into()), ("who", by.into())]) };
    format!("{who} · {}", markdown::ago(step.at))
}
