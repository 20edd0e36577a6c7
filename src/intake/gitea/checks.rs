//! What machines say of commits: statuses, and the workflows of Gitea Actions. Invariant: what failed is a
//! warning, all else is information.

use serde::Deserialize;

use super::{
    ReadError,
    wire::{self, Identity, Named, Repository, User},
};
use crate::{
    event::{Event, Severity},
    subject::{self, Subject, Workflow},
};

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct StatusPayload {
    sha: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    context: String,
    state: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    description: String,
    target_url: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    repository: Repository,
    sender: Option<User>,
}

/// `status`: one check of one commit. Its states follow each other in one incident.
pub(super) fn status(body: &[u8]) -> Result<Event, ReadError> {
    let payload: StatusPayload = wire::parse("status", body)?;
    let StatusPayload { sha, context, state, repository, .. } = payload;
    let severity = severity(&state);
    let labels = wire::labels([("state", state.as_str()), ("context", &context)]);
    let identity = Identity::of(format!("{} status {sha} {context}", repository.name()), &state, body);
    let at = wire::time(payload.updated_at.as_deref()).or_else(|| wire::time(payload.created_at.as_deref()));
    let subject = Subject::Status(subject::Status {
        sha: wire::name(sha),
        context: wire::name(context),
        state: wire::name(state),
        description: wire::line(payload.description),
        url: wire::link(payload.target_url.as_deref()),
    });
    let event = wire::event("status", Some(&repository), payload.sender, identity, subject);
    Ok(Event { severity, labels, at, ..event })
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct RunPayload {
    #[serde(default, deserialize_with = "wire::nullable")]
    action: String,
    workflow: Option<Named>,
    workflow_run: Work,
    repository: Repository,
    sender: Option<User>,
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct JobPayload {
    #[serde(default, deserialize_with = "wire::nullable")]
    action: String,
    workflow_job: Work,
    repository: Repository,
    sender: Option<User>,
}

/// A run of a workflow, or a job of one (`modules/structs/repo_actions.go`).
#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Work {
    id: u64,
    /// A job's own name.
    #[serde(default, deserialize_with = "wire::nullable")]
    name: String,
    /// What a run is about: the first line of its commit.
    #[serde(default, deserialize_with = "wire::nullable")]
    display_title: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    status: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    conclusion: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    head_branch: String,
    #[serde(default, deserialize_with = "wire::nullable")]
    head_sha: String,
    html_url: Option<String>,
    started_at: Option<String>,
    completed_at: Option<String>,
}

/// `workflow_run`: a run waits, started or ended.
pub(super) fn run(body: &[u8]) -> Result<Event, ReadError> {
    let RunPayload { action, workflow, workflow_run: run, repository, sender } =
        wire::parse("workflow_run", body)?;
    let name = [workflow.map(|workflow| workflow.name).unwrap_or_default(), run.name.clone()]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| run.display_title.clone());
    let object = format!("{} run {}", repository.name(), run.id);
    let (severity, at) = (severity(&run.conclusion), run.at());
    let labels = run.labels(&name);
    let identity = Identity::of(object, &action, body);
    let subject = Subject::Workflow(run.subject(action, name, Part::Run));
    let event = wire::event("workflow_run", Some(&repository), sender, identity, subject);
    Ok(Event { severity, labels, at, ..event })
}

/// `workflow_job`: a job of a run waits, started or ended.
pub(super) fn job(body: &[u8]) -> Result<Event, ReadError> {
    let JobPayload { action, workflow_job: job, repository, sender } = wire::parse("workflow_job", body)?;
    let object = format!("{} job {}", repository.name(), job.id);
    let (severity, at) = (severity(&job.conclusion), job.at());
    let labels = job.labels(&job.name);
    let identity = Identity::of(object, &action, body);
    let name = job.name.clone();
    let subject = Subject::Workflow(job.subject(action, name, Part::Job));
    let event = wire::event("workflow_job", Some(&repository), sender, identity, subject);
    Ok(Event { severity, labels, at, ..event })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Run,
    Job,
}

impl Work {
    /// When it last changed; Go's zero time stands for "not yet".
    fn at(&self) -> Option<jiff::Timestamp> {
        wire::time(self.completed_at.as_deref()).or_else(|| wire::time(self.started_at.as_deref()))
    }

    fn labels(&self, name: &str) -> std::collections::BTreeMap<String, String> {
        wire::labels([("workflow", name), ("branch", &self.head_branch), ("conclusion", &self.conclusion)])
    }

    fn subject(self, action: String, name: String, part: Part) -> Workflow {
        let said = |text: String| Some(wire::name(text)).filter(|text| !text.is_empty());
        Workflow {
            name: wire::name(name),
            job: part == Part::Job,
            status: wire::name(if action.is_empty() { self.status } else { action }),
            conclusion: said(self.conclusion),
            branch: said(self.head_branch),
            sha: said(self.head_sha),
            url: wire::link(self.html_url.as_deref()),
        }
    }
}

/// Gitea says `failure` or `error` of what failed; `cancelled` and `skipped` are somebody's wish.
fn severity(state: &str) -> Severity {
    match state {
        "failure" | "error" => Severity::Warning,
        _ => Severity::Info,
    }
}
