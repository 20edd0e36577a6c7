//! What an activity says that happened, in terms of the webhooks that tell the same. Facts: what feeds hold is
//! Gitea's `services/feed/notifier.go`, what webhooks tell its `services/webhook/notifier.go`; the keys are those of
//! [`crate::intake::gitea`].

use serde::Deserialize;
use url::Url;

use crate::backends::gitea::Activity;

/// The kind of a review that neither approves nor rejects.
pub(super) const REMARK: &str = "pull_request_review_comment";

/// The commit of zeros, which says "none".
const NONE: &str = "0000000000000000000000000000000000000000";

/// Something that one webhook tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// A ref was moved.
    Push { full: String, before: String, after: String },
    /// A ref was made; its commit, where that is known.
    Create { full: String, sha: String },
    /// A ref was removed.
    Delete { full: String },
    /// An issue was opened, closed or reopened.
    Issue { number: u64, action: &'static str },
    /// A pull request was opened, closed, merged or reopened.
    Pull { number: u64, action: &'static str, merged: Merged },
    /// Somebody commented.
    Comment { number: u64, id: u64, on_pull: bool },
    /// Somebody reviewed; the verdict is the webhook's kind.
    Review { number: u64, verdict: &'static str },
    /// A release was published.
    Release { tag: String },
    /// A repository was made.
    Repository,
}

/// Whether a pull request that was closed was merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merged {
    Yes,
    No,
}

/// What a push holds (`modules/repository/commits.go`).
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Pushed {
    /// The newest ones, the newest first.
    pub(super) commits: Option<Vec<PushedCommit>>,
    pub(super) head_commit: Option<PushedCommit>,
    #[serde(rename = "CompareURL")]
    pub(super) compare_url: String,
    /// How many there are in all.
    pub(super) len: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PushedCommit {
    pub(super) sha1: String,
    pub(super) message: String,
    pub(super) author_name: String,
    pub(super) author_email: String,
    pub(super) timestamp: String,
}

impl Pushed {
    /// What the activity holds, if it is a push.
    pub(super) fn of(activity: &Activity) -> Option<Self> {
        let pushed: Option<Self> = serde_json::from_str(&activity.content).ok()?;
        pushed
    }

    /// Where the ref was and is, as far as that is told: both ends of the comparison, or the newest commit.
    fn ends(&self) -> (Option<&str>, Option<&str>) {
        let compared = self.compare_url.rsplit_once("/compare/").and_then(|(_, ends)| ends.split_once("..."));
        let newest = self.head_commit.as_ref().or_else(|| self.commits.as_ref()?.first());
        let newest = newest.map(|commit| commit.sha1.as_str());
        let hash = |end: &&str| end.len() >= NONE.len() && end.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (before, after) = compared.unzip();
        (before.filter(hash), after.filter(hash).or(newest))
    }
}

impl Happening {
    /// All that one activity says. `among` are those of the same time, which say what it leaves out.
    pub(super) fn all(activity: &Activity, among: &[Activity]) -> Vec<Self> {
        let issue = |action| one(number(activity).map(|number| Self::Issue { number, action }));
        let pull = |action, merged| one(number(activity).map(|number| Self::Pull { number, action, merged }));
        let review = |verdict| one(number(activity).map(|number| Self::Review { number, verdict }));
        match activity.op_type.as_str() {
            "commit_repo" | "mirror_sync_push" | "push_tag" => pushes(activity, among),
            "mirror_sync_create" => vec![Self::create(activity, among)],
            "delete_branch" | "delete_tag" | "mirror_sync_delete" => {
                vec![Self::Delete { full: full(activity) }]
            }
            "create_issue" => issue("opened"),
            "close_issue" => issue("closed"),
            "reopen_issue" => issue("reopened"),
            "create_pull_request" => pull("opened", Merged::No),
            "close_pull_request" => pull("closed", Merged::No),
            "reopen_pull_request" => pull("reopened", Merged::No),
            "merge_pull_request" | "auto_merge_pull_request" => pull("closed", Merged::Yes),
            "comment_issue" | "comment_pull" => one(comment(activity)),
            "approve_pull_request" => review("pull_request_review_approved"),
            "reject_pull_request" => review("pull_request_review_rejected"),
            "publish_release" => vec![Self::Release { tag: short(&full(activity)).to_owned() }],
            "create_repo" if activity.repo["fork"] != true => vec![Self::Repository],
            _ => Vec::new(),
        }
    }

    fn create(activity: &Activity, among: &[Activity]) -> Self {
        let full = full(activity);
        // The push that made the branch names its commit.
        let sha = among.iter().filter(|other| other.id > activity.id && self::full(other) == full);
        let sha = sha.filter_map(Pushed::of).find_map(|pushed| pushed.ends().1.map(str::to_owned));
        Self::Create { full, sha: sha.unwrap_or_default() }
    }

    /// The webhook's kind.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Push { .. } => "push",
            Self::Create { .. } => "create",
            Self::Delete { .. } => "delete",
            Self::Issue { .. } => "issues",
            Self::Pull { .. } => "pull_request",
            Self::Comment { on_pull: true, .. } => "pull_request_comment",
            Self::Comment { .. } => "issue_comment",
            Self::Review { verdict, .. } => verdict,
            Self::Release { .. } => "release",
            Self::Repository => "repository",
        }
    }

    /// What it happened to.
    pub(super) fn object(&self, repository: &str) -> String {
        match self {
            Self::Push { full, .. } | Self::Create { full, .. } | Self::Delete { full } => {
                format!("{repository} {full}")
            }
            Self::Issue { number, .. } | Self::Pull { number, .. } | Self::Review { number, .. } => {
                format!("{repository}#{number}")
            }
            Self::Comment { id, .. } => format!("{repository} comment {id}"),
            Self::Release { tag } => format!("{repository} release {tag}"),
            Self::Repository => repository.to_owned(),
        }
    }

    /// Whether a webhook whose event has `key` tells it.
    pub(super) fn is_told_by(&self, object: &str, key: &str) -> bool {
        let Some(rest) = key.strip_prefix(object).and_then(|rest| rest.strip_prefix(' ')) else {
            return false;
        };
        let Some((word, end)) = rest.split_once(' ') else { return false };
        match self {
            Self::Push { after, .. } => end == after && !matches!(word, "created" | "deleted"),
            Self::Create { .. } | Self::Comment { .. } | Self::Repository => word == "created",
            Self::Delete { .. } => word == "deleted",
            Self::Issue { action, .. } | Self::Pull { action, .. } => word == *action,
            Self::Review { .. } => word == "reviewed",
            Self::Release { .. } => word == "published",
        }
    }

    /// Whether this and `other` may belong to one review.
    pub(super) fn is_of_review(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Review { number, .. }, Self::Review { number: other, .. }) => number == other,
            _ => false,
        }
    }

    /// The same review with the verdict that says more.
    pub(super) fn or_verdict_of(self, other: Self) -> Self {
        if matches!(self, Self::Review { verdict: REMARK, .. }) { other } else { self }
    }
}

fn one(happening: Option<Happening>) -> Vec<Happening> {
    happening.into_iter().collect()
}

/// A branch that is made is two activities, of which the first is empty; a tag is one, and two webhooks.
fn pushes(activity: &Activity, among: &[Activity]) -> Vec<Happening> {
    let full = full(activity);
    let Some(pushed) = Pushed::of(activity) else { return vec![Happening::create(activity, among)] };
    let (before, Some(after)) = pushed.ends() else { return Vec::new() };
    let tag = full.starts_with("refs/tags/");
    let made = tag
        || among
            .iter()
            .any(|other| other.id < activity.id && other.content.is_empty() && self::full(other) == full);
    // Of a new branch, the comparison is with where it began.
    let before = before.filter(|_| !made).unwrap_or(NONE).to_owned();
    let create = Happening::Create { full: full.clone(), sha: after.to_owned() };
    let push = Happening::Push { full, before, after: after.to_owned() };
    if tag { vec![push, create] } else { vec![push] }
}

fn comment(activity: &Activity) -> Option<Happening> {
    let id = activity.comment["id"].as_u64()?;
    let on_pull = activity.op_type == "comment_pull";
    Some(Happening::Comment { number: number(activity)?, id, on_pull })
}

/// The number before the first `|`, which is how issues and pull requests are named.
fn number(activity: &Activity) -> Option<u64> {
    activity.content.split('|').next()?.parse().ok()
}

/// The whole name of the ref; older releases give the short one.
fn full(activity: &Activity) -> String {
    let name = &activity.ref_name;
    let tag = matches!(activity.op_type.as_str(), "push_tag" | "delete_tag" | "publish_release");
    match (name.starts_with("refs/"), tag) {
        (true, _) => name.clone(),
        (false, true) => format!("refs/tags/{name}"),
        (false, false) => format!("refs/heads/{name}"),
    }
}

/// The short name of a branch or tag.
pub(super) fn short(full: &str) -> &str {
    ["refs/heads/", "refs/tags/"].into_iter().find_map(|start| full.strip_prefix(start)).unwrap_or(full)
}

/// Where the comparison of a push can be read, on the Gitea that `repository` belongs to.
pub(super) fn compare_url(repository: &str, path: &str) -> String {
    // The path begins with the owner, which is the last but one part of the repository's address.
    let base = Url::parse(repository).ok().and_then(|url| url.join("../").ok());
    let root = base.and_then(|owner| owner.join("../").ok()).filter(|_| !path.is_empty());
    root.and_then(|root| root.join(path).ok()).map(String::from).unwrap_or_default()
}
