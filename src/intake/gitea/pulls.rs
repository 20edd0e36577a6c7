//! Pull requests and their reviews. Invariant: all that happens to a pull request is of the kind
//! `pull_request` and of one incident; a review stands alone, for people must see that it came.

use serde::Deserialize;

use super::{
    ReadError,
    wire::{self, Identity, Named, Repository, Titled, User},
};
use crate::{
    event::Event,
    subject::{self, Standing, Subject, Verdict},
};

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Payload {
    #[serde(default, deserialize_with = "wire::nullable")]
    action: String,
    number: u64,
    pull_request: PullRequest,
    review: Option<Review>,
    repository: Repository,
    sender: Option<User>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct PullRequest {
    #[serde(default, deserialize_with = "wire::nullable")]
    title: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    body: String,
    html_url: Option<String>,
    #[serde(default, deserialize_with = "wire::nullable")]
    state: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    merged: bool,
    merge_commit_sha: Option<String>,
    /// Absent in older releases.
    draft: Option<bool>,
    user: Option<User>,
    base: Option<Side>,
    head: Option<Side>,
    #[serde(default, deserialize_with = "wire::list")]
    labels: Vec<Named>,
    milestone: Option<Titled>,
    #[serde(default, deserialize_with = "wire::list")]
    assignees: Vec<User>,
    #[serde(default, deserialize_with = "wire::list")]
    requested_reviewers: Vec<User>,
    updated_at: Option<String>,
}

/// One end of a pull request.
#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Side {
    /// The branch, also when it is gone.
    #[serde(default, deserialize_with = "wire::nullable")]
    label: String,
    /// The branch, or `refs/pull/…/head` when it is gone.
    #[serde(default, deserialize_with = "wire::nullable")]
    r#ref: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    sha: String,
    /// `null` when the fork is gone.
    repo: Option<Repository>,
}

impl Side {
    fn branch(&self) -> &str {
        if self.label.is_empty() { &self.r#ref } else { &self.label }
    }

    fn repository(&self) -> Option<String> {
        self.repo.as_ref().map(Repository::name)
    }
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Review {
    #[serde(default, deserialize_with = "wire::nullable")]
    r#type: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    content: String,
}

/// `pull_request`, and what Gitea counts to it: assignment, labels, milestone, new commits, requests for
/// review. A merge is the action `closed` with `merged` set.
pub(super) fn pull_request(kind: &str, body: &[u8]) -> Result<Event, ReadError> {
    let payload: Payload = wire::parse(kind, body)?;
    if payload.review.is_some() && payload.action == "reviewed" {
        return Ok(reviewed(kind, payload, body));
    }
    let Payload { action, number, pull_request, repository, sender, .. } = payload;
    let url = url(&pull_request, &repository, number);
    let (base, head) = (pull_request.base, pull_request.head);
    let target = base.as_ref().map_or("", Side::branch).to_owned();
    let labels = wire::labels([("action", action.as_str()), ("base", &target)]);
    let identity = Identity::of(format!("{}#{number}", repository.name()), &action, body);
    let at = wire::time(pull_request.updated_at.as_deref());
    let subject = Subject::PullRequest(subject::PullRequest {
        action: wire::name(action),
        number,
        draft: pull_request.draft.unwrap_or_else(|| is_draft(&pull_request.title)),
        title: wire::line(pull_request.title),
        body: wire::prose(pull_request.body),
        url,
        standing: match (pull_request.merged, pull_request.state.as_str()) {
            (true, _) => Standing::Merged,
            (false, "closed") => Standing::Closed,
            (false, _) => Standing::Open,
        },
        author: pull_request.user.and_then(User::person),
        head: wire::name(source(head.as_ref(), base.as_ref())),
        head_sha: head.and_then(|head| wire::commit(head.sha)),
        base: wire::name(target),
        merge_sha: pull_request.merge_commit_sha.filter(|_| pull_request.merged).and_then(wire::commit),
        labels: wire::names(pull_request.labels.into_iter().map(|label| label.name)),
        milestone: pull_request.milestone.map(|milestone| wire::line(milestone.title)),
        assignees: wire::names(pull_request.assignees.into_iter().filter_map(User::name)),
        reviewers: wire::names(pull_request.requested_reviewers.into_iter().filter_map(User::name)),
    });
    Ok(Event { labels, at, ..wire::event("pull_request", Some(&repository), sender, identity, subject) })
}

/// `pull_request_review_approved`, `_rejected` and `_comment`, in any spelling.
pub(super) fn review(kind: &str, body: &[u8]) -> Result<Event, ReadError> {
    Ok(reviewed(kind, wire::parse(kind, body)?, body))
}

fn reviewed(kind: &str, payload: Payload, body: &[u8]) -> Event {
    let Payload { number, pull_request, review, repository, sender, .. } = payload;
    let (said, text) = review.map_or_else(Default::default, |review| (review.r#type, review.content));
    let (verdict, name) = verdict(if said.is_empty() { kind } else { &said });
    let labels = wire::labels([("action", "reviewed"), ("verdict", name)]);
    let identity = Identity::alone(format!("{}#{number}", repository.name()), "reviewed", body);
    let at = wire::time(pull_request.updated_at.as_deref());
    let subject = Subject::Review(subject::Review {
        number,
        url: url(&pull_request, &repository, number),
        title: wire::line(pull_request.title),
        verdict,
        body: wire::prose(text),
    });
    Event { labels, at, ..wire::event("pull_request_review", Some(&repository), sender, identity, subject) }
}

/// Gitea's documentation says `approved`, its code sends `pull_request_review_approved`.
fn verdict(said: &str) -> (Verdict, &'static str) {
    if said.contains("approve") {
        (Verdict::Approved, "approved")
    } else if said.contains("reject") {
        (Verdict::Rejected, "rejected")
    } else {
        (Verdict::Commented, "commented")
    }
}

fn url(pull_request: &PullRequest, repository: &Repository, number: u64) -> Option<String> {
    wire::link(pull_request.html_url.as_deref())
        .or_else(|| repository.page(["pulls", number.to_string().as_str()]))
}

/// The branch that it comes from, with its owner if that is another repository than the one it goes to.
fn source(head: Option<&Side>, base: Option<&Side>) -> String {
    let Some(head) = head else { return String::new() };
    let from = head.repository().filter(|from| base.and_then(Side::repository).is_some_and(|to| to != *from));
    match from.as_deref().and_then(|from| from.split_once('/')) {
        Some((owner, _)) => format!("{owner}:{}", head.branch()),
        None => head.branch().to_owned(),
    }
}

/// Gitea's default `[repository.pull-request] WORK_IN_PROGRESS_PREFIXES`.
fn is_draft(title: &str) -> bool {
    let title = title.to_ascii_uppercase();
    title.starts_with("WIP:") || title.starts_with("[WIP]")
}
