//! Pull requests and issues, and what people say about them.

use crate::{
    render::{
        history::history,
        limits,
        message::{Embed, Field},
        page::{BLUE, GREEN, GREY, Layout, PURPLE, Page, RED, author, below, code_span, label},
    },
    subject::{Comment, Issue, Person, PullRequest, Review, Standing, Verdict},
};

pub(in crate::render) fn pull_request(page: &Page<'_>, request: &PullRequest) -> Embed {
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

pub(in crate::render) fn issue(page: &Page<'_>, issue: &Issue) -> Embed {
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

pub(in crate::render) fn review(page: &Page<'_>, review: &Review) -> Embed {
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

pub(in crate::render) fn comment(page: &Page<'_>, comment: &Comment) -> Embed {
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
