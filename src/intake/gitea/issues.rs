//! Issues, and comments on issues and pull requests. Invariant: an issue is one incident all its life, and
//! so is a comment, from its first word to its removal.

use serde::{Deserialize, de::IgnoredAny};

use super::{
    ReadError,
    wire::{self, Identity, Named, Repository, Titled, User},
};
use crate::{
    event::Event,
    subject::{self, Standing, Subject},
};

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct IssuePayload {
    #[serde(default, deserialize_with = "wire::nullable")]
    action: String,
    issue: Issue,
    repository: Repository,
    sender: Option<User>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct CommentPayload {
    #[serde(default, deserialize_with = "wire::nullable")]
    action: String,
    issue: Issue,
    comment: Comment,
    /// Absent in older releases, which mark the issue only.
    #[serde(default, deserialize_with = "wire::nullable")]
    is_pull: bool,
    repository: Repository,
    sender: Option<User>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Issue {
    number: u64,
    #[serde(default, deserialize_with = "wire::nullable")]
    title: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    body: String,
    /// Absent in older releases.
    html_url: Option<String>,
    #[serde(default, deserialize_with = "wire::nullable")]
    state: String,
    user: Option<User>,
    #[serde(default, deserialize_with = "wire::list")]
    labels: Vec<Named>,
    milestone: Option<Titled>,
    #[serde(default, deserialize_with = "wire::list")]
    assignees: Vec<User>,
    /// There only if the issue is a pull request.
    pull_request: Option<IgnoredAny>,
    updated_at: Option<String>,
}

impl Issue {
    fn url(&self, repository: &Repository, page: &str) -> Option<String> {
        wire::link(self.html_url.as_deref())
            .or_else(|| repository.page([page, self.number.to_string().as_str()]))
    }
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Comment {
    id: u64,
    #[serde(default, deserialize_with = "wire::nullable")]
    body: String,
    html_url: Option<String>,
    updated_at: Option<String>,
}

/// `issues`, and what Gitea counts to it: assignment, labels, milestone.
pub(super) fn issue(kind: &str, body: &[u8]) -> Result<Event, ReadError> {
    let IssuePayload { action, issue, repository, sender } = wire::parse(kind, body)?;
    let number = issue.number;
    let labels = wire::labels([("action", action.as_str())]);
    let identity = Identity::of(format!("{}#{number}", repository.name()), &action, body);
    let at = wire::time(issue.updated_at.as_deref());
    let subject = Subject::Issue(subject::Issue {
        action: wire::name(action),
        number,
        url: issue.url(&repository, "issues"),
        title: wire::line(issue.title),
        body: wire::prose(issue.body),
        standing: if issue.state == "closed" { Standing::Closed } else { Standing::Open },
        author: issue.user.and_then(User::person),
        labels: wire::names(issue.labels.into_iter().map(|label| label.name)),
        milestone: issue.milestone.map(|milestone| wire::line(milestone.title)),
        assignees: wire::names(issue.assignees.into_iter().filter_map(User::name)),
    });
    Ok(Event { labels, at, ..wire::event("issues", Some(&repository), sender, identity, subject) })
}

/// `issue_comment` and `pull_request_comment`.
pub(super) fn comment(kind: &str, body: &[u8]) -> Result<Event, ReadError> {
    let CommentPayload { action, issue, comment, is_pull, repository, sender } = wire::parse(kind, body)?;
    let on_pull_request = is_pull || issue.pull_request.is_some() || kind == "pull_request_comment";
    let (thread, page) = if on_pull_request { ("pull_request", "pulls") } else { ("issue", "issues") };
    let labels = wire::labels([("action", action.as_str()), ("thread", thread)]);
    let identity = Identity::of(format!("{} comment {}", repository.name(), comment.id), &action, body);
    let subject = Subject::Comment(subject::Comment {
        action: wire::name(action),
        id: comment.id,
        on_pull_request,
        number: issue.number,
        url: wire::link(comment.html_url.as_deref()).or_else(|| issue.url(&repository, page)),
        title: wire::line(issue.title),
        body: wire::prose(comment.body),
    });
    let at = wire::time(comment.updated_at.as_deref());
    Ok(Event { labels, at, ..wire::event("issue_comment", Some(&repository), sender, identity, subject) })
}
