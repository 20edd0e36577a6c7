//! The facts of an event, in Vigie's own words, free of any source's wire format. Invariant: stored
//! incidents hold them as JSON, so a field is only ever added, and with a default.

mod digest;
mod runs;
mod watch;

use serde::{Deserialize, Serialize};

pub use self::{
    digest::{Digest, Gathering, Group, Member, Phase},
    runs::{Deployment, DeploymentState, FailedStep, Pipeline, PipelineStatus},
    watch::{Alert, AlertLinks, Availability, Exit, Firing, Reachable, Unit, UnitState},
};

/// Someone who did something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name that people know them by.
    pub name: String,
    /// Their page.
    pub url: Option<String>,
    /// Their picture.
    pub avatar: Option<String>,
}

/// The facts of one event, by what it is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Subject {
    /// Commits arrived on a ref, or it was moved.
    Push(Push),
    /// A branch or tag was made or removed.
    Ref(RefChange),
    /// A pull request changed.
    PullRequest(PullRequest),
    /// A pull request was reviewed.
    Review(Review),
    /// An issue changed.
    Issue(Issue),
    /// Someone commented on an issue or pull request.
    Comment(Comment),
    /// A release changed.
    Release(Release),
    /// A commit got a status.
    Status(Status),
    /// A workflow or a job of one changed.
    Workflow(Workflow),
    /// A repository was made, removed, or forked.
    Repository(RepositoryChange),
    /// A wiki page changed.
    Wiki(Wiki),
    /// A package changed.
    Package(Package),
    /// A rule of a monitoring system fires, or no longer does.
    Alert(Alert),
    /// A monitor says whether something can be reached.
    Availability(Availability),
    /// A unit of this machine failed, or works again.
    Unit(Unit),
    /// A pipeline of a CI changed.
    Pipeline(Pipeline),
    /// A deployment changed.
    Deployment(Deployment),
    /// Incidents that share one message.
    Digest(Digest),
    /// A kind that Vigie does not know, or one that was told in plain words.
    Generic(Generic),
}

/// What a ref is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefKind {
    /// `refs/heads/…`
    Branch,
    /// `refs/tags/…`
    Tag,
    /// Anything else.
    Other,
}

/// Commits arrived on a ref, or it was moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// What the ref is.
    pub kind: RefKind,
    /// Its short name.
    pub name: String,
    /// Where it was; `None` if the push made it.
    pub before: Option<String>,
    /// Where it is; `None` if the push removed it.
    pub after: Option<String>,
    /// The commits that the source told of, oldest first.
    pub commits: Vec<Commit>,
    /// How many there are in all; more than `commits` where the source cut its list.
    pub total: u64,
    /// Where the difference can be read.
    pub compare_url: Option<String>,
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its full hash.
    pub id: String,
    /// Its whole message.
    pub message: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// Its author's name.
    pub author: Option<String>,
}

/// A branch or tag was made or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefChange {
    /// What the ref is.
    pub kind: RefKind,
    /// Its short name.
    pub name: String,
    /// What it points at, where the source says.
    pub sha: Option<String>,
    /// Whether it is gone now.
    pub change: Existence,
    /// Where it can be seen.
    pub url: Option<String>,
}

/// Whether a thing came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Existence {
    /// It is there now.
    Created,
    /// It is gone now.
    Deleted,
}

/// Where a pull request or issue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Open.
    Open,
    /// Closed without a merge.
    Closed,
    /// Merged (pull requests only).
    Merged,
}

/// A pull request, as it stands after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// What happened, in the source's word (`opened`, `synchronized`, …).
    pub action: String,
    /// Its number in the repository.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// Where it stands.
    pub standing: Standing,
    /// Whether it is a draft.
    pub draft: bool,
    /// Who opened it.
    pub author: Option<Person>,
    /// The branch that it comes from (`fork-owner:branch` if from a fork).
    pub head: String,
    /// The newest commit of that branch.
    pub head_sha: Option<String>,
    /// The branch that it goes to.
    pub base: String,
    /// The commit that merged it.
    pub merge_sha: Option<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its milestone.
    pub milestone: Option<String>,
    /// Who it is assigned to.
    pub assignees: Vec<String>,
    /// Who is asked to review it.
    pub reviewers: Vec<String>,
}

/// What a review says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be merged.
    Approved,
    /// It needs changes.
    Rejected,
    /// A remark only.
    Commented,
}

/// A pull request was reviewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The pull request's number.
    pub number: u64,
    /// The pull request's title.
    pub title: String,
    /// Where the pull request can be read.
    pub url: Option<String>,
    /// What the review says.
    pub verdict: Verdict,
    /// Its text.
    pub body: String,
}

/// An issue, as it stands after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// What happened, in the source's word (`opened`, `label_updated`, …).
    pub action: String,
    /// Its number in the repository.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// Where it stands.
    pub standing: Standing,
    /// Who opened it.
    pub author: Option<Person>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its milestone.
    pub milestone: Option<String>,
    /// Who it is assigned to.
    pub assignees: Vec<String>,
}

/// A comment on an issue or pull request, as it stands after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// What happened: `created`, `edited` or `deleted`.
    pub action: String,
    /// Its number at the source.
    pub id: u64,
    /// Whether it stands on a pull request.
    pub on_pull_request: bool,
    /// The number of the issue or pull request.
    pub number: u64,
    /// The title of the issue or pull request.
    pub title: String,
    /// Where the comment can be read.
    pub url: Option<String>,
    /// Its text.
    pub body: String,
}

/// A release, as it stands after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// What happened: `published`, `updated` or `deleted`.
    pub action: String,
    /// Its tag.
    pub tag: String,
    /// Its name, often empty.
    pub name: String,
    /// Its notes.
    pub body: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// Whether it is a draft.
    pub draft: bool,
    /// Whether it is marked as not for production.
    pub prerelease: bool,
    /// Its files: name and address.
    pub assets: Vec<(String, Option<String>)>,
}

/// A commit got a status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The commit.
    pub sha: String,
    /// Who says so (a CI's name for the check).
    pub context: String,
    /// `pending`, `success`, `error`, `failure` or `warning`.
    pub state: String,
    /// What it says.
    pub description: String,
    /// Where more can be read.
    pub url: Option<String>,
}

/// A workflow run or a job of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workflow {
    /// Its name.
    pub name: String,
    /// Whether it is one job of a run.
    pub job: bool,
    /// `queued`, `waiting`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended, once it has.
    pub conclusion: Option<String>,
    /// The branch that it ran on.
    pub branch: Option<String>,
    /// The commit that it ran on.
    pub sha: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
}

/// A repository was made, removed, or forked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryChange {
    /// What happened: `created`, `deleted` or `forked`.
    pub action: String,
    /// The new repository, if it was forked; the event's own repository is the one that it was made from.
    pub fork: Option<String>,
    /// Where the new repository can be seen.
    pub url: Option<String>,
}

/// A wiki page changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wiki {
    /// What happened: `created`, `edited` or `deleted`.
    pub action: String,
    /// The page's name.
    pub page: String,
    /// What its editor says of the change.
    pub comment: String,
}

/// A package changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// What happened: `created` or `deleted`.
    pub action: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is (`container`, `generic`, …).
    pub format: String,
    /// Where it can be seen.
    pub url: Option<String>,
}

/// A kind that Vigie does not know, or one that was told in plain words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generic {
    /// Whether it goes on; `None` for what was only said.
    #[serde(default)]
    pub firing: Option<Firing>,
    /// What is said first.
    pub title: String,
    /// What is said then.
    pub text: String,
    /// Where more can be read.
    pub url: Option<String>,
}
