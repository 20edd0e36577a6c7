//! Where a thing stands in its life, by its facts.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::subject::{
    DeploymentState, Firing, Phase, Pipeline, PipelineStatus, Reachable, Standing, Subject, UnitState,
};

/// How long after its end an alert, an outage or a report counts as the same when it comes again.
pub const REOPENED_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// How often within that time it must come again to be called flapping.
pub(super) const FLAPPING: usize = 3;

/// Where an incident stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Life {
    /// Something is expected to follow: a pull request is open, an alert fires.
    Open,
    /// It has ended.
    Closed,
    /// It never had a life: it was only said.
    Info,
}

/// Where a thing stands in its life once these are its facts.
pub(super) fn life(subject: &Subject) -> Life {
    let open = match subject {
        Subject::PullRequest(request) => request.standing == Standing::Open,
        Subject::Issue(issue) => issue.standing == Standing::Open,
        Subject::Status(status) => status.state == "pending",
        Subject::Workflow(workflow) => workflow.status != "completed",
        Subject::Alert(alert) => alert.state == Firing::Firing,
        Subject::Availability(monitor) => matches!(monitor.state, Reachable::Down | Reachable::Pending),
        Subject::Unit(unit) => unit.state == UnitState::Failed,
        Subject::Pipeline(pipeline) => is_open(pipeline),
        Subject::Deployment(deployment) => !matches!(
            deployment.state,
            DeploymentState::Live | DeploymentState::RolledBack | DeploymentState::Failed
        ),
        Subject::Generic(generic) => match generic.firing {
            None => return Life::Info,
            Some(firing) => firing == Firing::Firing,
        },
        Subject::Digest(digest) => digest.count(Phase::Open) > 0,
        Subject::Push(_)
        | Subject::Ref(_)
        | Subject::Review(_)
        | Subject::Comment(_)
        | Subject::Release(_)
        | Subject::Repository(_)
        | Subject::Wiki(_)
        | Subject::Package(_) => return Life::Info,
    };
    if open { Life::Open } else { Life::Closed }
}

/// A pipeline that failed goes on until one of the same branch succeeds.
fn is_open(pipeline: &Pipeline) -> bool {
    use PipelineStatus::{Blocked, Error, Failure, Pending, Running};
    matches!(pipeline.status, Pending | Running | Blocked | Failure | Error)
}

/// Whether what has ended goes on in the same message however late it begins again.
pub(super) fn reopens_whenever(subject: &Subject) -> bool {
    matches!(
        subject,
        Subject::PullRequest(_)
            | Subject::Issue(_)
            | Subject::Release(_)
            | Subject::Comment(_)
            | Subject::Status(_)
            | Subject::Workflow(_)
            | Subject::Deployment(_)
    )
}
