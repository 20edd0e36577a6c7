//! Branches and tags: pushes, and what came or went. Invariant: the object is the full name of the ref, so
//! that a push, a creation and a removal of the same ref are seen as happening to the same thing.

use serde::Deserialize;

use super::{
    ReadError,
    wire::{self, Identity, Repository, User},
};
use crate::{
    event::Event,
    subject::{Commit, Existence, Push, RefChange, RefKind, Subject},
};

/// How many commits of a push are kept, the newest.
const COMMITS_AT_MOST: usize = 20;
/// What is kept of a commit's message, in characters.
const MESSAGE_AT_MOST: usize = 1000;

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct PushPayload {
    r#ref: String,
    before: String,
    after: String,
    compare_url: Option<String>,
    #[serde(default, deserialize_with = "wire::list")]
    commits: Vec<PayloadCommit>,
    /// Absent before Gitea 1.15.
    #[serde(default, deserialize_with = "wire::nullable")]
    total_commits: u64,
    repository: Repository,
    pusher: Option<User>,
    sender: Option<User>,
    /// Not Gitea's: what was found by asking says when it happened.
    happened_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct PayloadCommit {
    id: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    message: String,
    url: Option<String>,
    author: Option<Author>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Author {
    #[serde(default, deserialize_with = "wire::nullable")]
    name: String,
}

/// `push`. Its identity needs no digest: a ref, where it was and where it is say all.
pub(super) fn push(body: &[u8]) -> Result<Event, ReadError> {
    let payload: PushPayload = wire::parse("push", body)?;
    let PushPayload { r#ref, before, after, repository, .. } = payload;
    let object = format!("{} {}", repository.name(), r#ref);
    let source_key = format!("{object} {before} {after}");
    let (kind, short) = split(&r#ref);
    let mut commits: Vec<_> = payload.commits;
    // Gitea lists the newest first; what does not is taken to be in order.
    if commits.first().is_some_and(|newest| newest.id == after) {
        commits.reverse();
    }
    let total = payload.total_commits.max(commits.len() as u64);
    commits.drain(..commits.len().saturating_sub(COMMITS_AT_MOST));
    let (before, after) = (wire::commit(before), wire::commit(after));
    // Gitea makes this address from the commit of zeros too, where nothing can be read.
    let compare_url = payload.compare_url.filter(|_| before.is_some() && after.is_some());
    let labels = wire::labels([(label(kind), short)]);
    let subject = Subject::Push(Push {
        kind,
        name: wire::name(short.to_owned()),
        before,
        after,
        commits: commits.into_iter().map(told).collect(),
        total,
        compare_url: wire::link(compare_url.as_deref()),
    });
    let identity = Identity { object, source_key, incident: None };
    let sender = payload.sender.or(payload.pusher);
    let at = wire::time(payload.happened_at.as_deref());
    Ok(Event { labels, at, ..wire::event("push", Some(&repository), sender, identity, subject) })
}

fn told(commit: PayloadCommit) -> Commit {
    Commit {
        id: wire::name(commit.id),
        message: wire::cut(commit.message, MESSAGE_AT_MOST),
        url: wire::link(commit.url.as_deref()),
        author: commit.author.map(|author| wire::name(author.name)).filter(|name| !name.is_empty()),
    }
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct RefPayload {
    /// The short name, though a full one would do.
    r#ref: String,
    ref_type: String,
    /// Only when it was made; absent for branches in older releases.
    #[serde(default, deserialize_with = "wire::nullable")]
    sha: String,
    repository: Repository,
    sender: Option<User>,
    /// Not Gitea's: what was found by asking says when it happened.
    happened_at: Option<String>,
}

/// `create`: a branch or tag was made. Its identity is the ref and the commit, a digest where that is not said.
pub(super) fn create(body: &[u8]) -> Result<Event, ReadError> {
    let payload: RefPayload = wire::parse("create", body)?;
    let identity = if payload.sha.is_empty() { wire::digest(body) } else { payload.sha.clone() };
    Ok(change("create", payload, Existence::Created, &format!("created {identity}")))
}

/// `delete`: a branch or tag was removed.
pub(super) fn delete(body: &[u8]) -> Result<Event, ReadError> {
    let payload: RefPayload = wire::parse("delete", body)?;
    Ok(change("delete", payload, Existence::Deleted, &format!("deleted {}", wire::digest(body))))
}

fn change(event: &str, payload: RefPayload, change: Existence, key: &str) -> Event {
    let RefPayload { r#ref, ref_type, sha, repository, sender, happened_at } = payload;
    let full = match ref_type.as_str() {
        _ if r#ref.starts_with("refs/") => r#ref,
        "branch" => format!("refs/heads/{ref}"),
        "tag" => format!("refs/tags/{ref}"),
        other => format!("refs/{other}/{ref}"),
    };
    let (kind, short) = split(&full);
    let url = match (change, kind) {
        (Existence::Created, RefKind::Branch) => {
            repository.page(["src", "branch"].into_iter().chain(short.split('/')))
        }
        (Existence::Created, RefKind::Tag) => {
            repository.page(["src", "tag"].into_iter().chain(short.split('/')))
        }
        _ => None,
    };
    let labels = wire::labels([(label(kind), short)]);
    let object = format!("{} {full}", repository.name());
    let subject = Subject::Ref(RefChange {
        kind,
        name: wire::name(short.to_owned()),
        sha: wire::commit(sha),
        change,
        url,
    });
    let identity = Identity { source_key: format!("{object} {key}"), object, incident: None };
    let at = wire::time(happened_at.as_deref());
    Event { labels, at, ..wire::event(event, Some(&repository), sender, identity, subject) }
}

/// The label under which routes find a ref.
fn label(kind: RefKind) -> &'static str {
    match kind {
        RefKind::Branch => "branch",
        RefKind::Tag => "tag",
        RefKind::Other => "ref",
    }
}

/// What a ref is, and its short name.
fn split(full: &str) -> (RefKind, &str) {
    if let Some(short) = full.strip_prefix("refs/heads/") {
        (RefKind::Branch, short)
    } else if let Some(short) = full.strip_prefix("refs/tags/") {
        (RefKind::Tag, short)
    } else {
        (RefKind::Other, full)
    }
}
