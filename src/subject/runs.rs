//! What runs from a beginning to an end: pipelines and deployments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a pipeline stands. Woodpecker's words (`server/model/const.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PipelineStatus {
    /// It waits for an agent, or was just made.
    Pending,
    /// It runs.
    Running,
    /// It waits for somebody's approval.
    Blocked,
    /// All went well.
    Success,
    /// A step failed.
    Failure,
    /// It could not be run.
    Error,
    /// It was stopped, by hand or by a newer one.
    Killed,
    /// Its approval was refused.
    Declined,
    /// There was nothing to do.
    Skipped,
}

/// A pipeline of a CI, as it stands after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its number in the repository.
    pub number: u64,
    /// Where it stands.
    pub status: PipelineStatus,
    /// What started it (`push`, `pull_request`, `tag`, `cron`, `manual`, …).
    pub event: String,
    /// The branch or tag that it ran on.
    pub branch: String,
    /// The commit that it ran on.
    pub commit: String,
    /// The first line of the commit's message, or the title of the pull request.
    pub title: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// Why it could not be run, in the CI's words.
    pub errors: Vec<String>,
    /// The steps that failed.
    pub failed: Vec<FailedStep>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedStep {
    /// The workflow that it belongs to.
    pub workflow: String,
    /// Its name.
    pub name: String,
    /// What its program exited with.
    pub exit_code: i64,
    /// What the CI says of it; often empty.
    pub error: String,
    /// The last lines that it wrote, secrets masked; empty while they are not known.
    pub log: Vec<String>,
    /// How many lines it wrote before these.
    pub earlier_lines: u64,
}

/// Where a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// It was asked for.
    Planned,
    /// The new system is built.
    Building,
    /// The machine goes over to it.
    Switching,
    /// Its health is looked at.
    Checking,
    /// It is the system that runs.
    Live,
    /// It was not healthy, and the one before runs again.
    RolledBack,
    /// It ended otherwise.
    Failed,
}

/// A deployment, as it stands after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its name (`pi-000042`).
    pub deployment: String,
    /// The machine that it goes to.
    pub target: String,
    /// The commit that it brings.
    pub commit: Option<String>,
    /// Where it stands.
    pub state: DeploymentState,
    /// The number of the installed system version.
    pub generation: Option<u64>,
    /// Why it stands there.
    pub reason: String,
    /// The last lines of its log.
    pub log: Vec<String>,
    /// Where more can be read.
    pub url: Option<String>,
}
