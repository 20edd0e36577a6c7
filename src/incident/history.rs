//! Who did what to an incident, and when. Invariants: steps stand in the order in which they happened; at
//! most [`History::LIMIT`] are kept, always the first and the newest; what was forgotten is counted.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    event::Event,
    subject::{Firing, Reachable, Standing, Subject, UnitState, Verdict},
};

/// What someone did, in Vigie's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Opened it, or reported it first.
    Opened,
    /// Opened it again.
    Reopened,
    /// Closed it without a merge.
    Closed,
    /// Merged it.
    Merged,
    /// Pushed commits to its branch.
    Pushed,
    /// Changed its title, text or target.
    Edited,
    /// Approved it.
    Approved,
    /// Asked for changes.
    Rejected,
    /// Left a remark.
    Commented,
    /// Changed its labels.
    Labelled,
    /// Changed its milestone.
    Milestoned,
    /// Changed who it is assigned to.
    Assigned,
    /// Changed who is asked to review it.
    ReviewRequested,
    /// Said that it is over.
    Resolved,
    /// Anything else, in the source's word.
    Other(String),
}

impl Deed {
    /// Its name in the language files; `other` where only the source has a word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Closed => "closed",
            Self::Merged => "merged",
            Self::Pushed => "pushed",
            Self::Edited => "edited",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Commented => "commented",
            Self::Labelled => "labelled",
            Self::Milestoned => "milestoned",
            Self::Assigned => "assigned",
            Self::ReviewRequested => "review_requested",
            Self::Resolved => "resolved",
            Self::Other(_) => "other",
        }
    }

    /// What the subject says was done. Action words are Gitea's (`modules/structs/hook.go`).
    fn of(subject: &Subject) -> Self {
        match subject {
            Subject::PullRequest(request) => Self::of_action(&request.action, request.standing),
            Subject::Issue(issue) => Self::of_action(&issue.action, issue.standing),
            Subject::Review(review) => match review.verdict {
                Verdict::Approved => Self::Approved,
                Verdict::Rejected => Self::Rejected,
                Verdict::Commented => Self::Commented,
            },
            Subject::Push(_) => Self::Pushed,
            Subject::Ref(_) | Subject::Digest(_) => Self::Opened,
            Subject::Generic(generic) => Self::of_firing(generic.firing.unwrap_or(Firing::Firing)),
            Subject::Comment(comment) => Self::of_action(&comment.action, Standing::Open),
            Subject::Release(release) => Self::of_action(&release.action, Standing::Open),
            Subject::Status(status) => Self::Other(status.state.clone()),
            Subject::Workflow(workflow) => {
                Self::Other(workflow.conclusion.clone().unwrap_or_else(|| workflow.status.clone()))
            }
            Subject::Repository(change) => Self::of_action(&change.action, Standing::Open),
            Subject::Wiki(wiki) => Self::of_action(&wiki.action, Standing::Open),
            Subject::Package(package) => Self::of_action(&package.action, Standing::Open),
            Subject::Alert(alert) => Self::of_firing(alert.state),
            Subject::Availability(monitor) => match monitor.state {
                Reachable::Down | Reachable::Pending => Self::Opened,
                Reachable::Up => Self::Resolved,
                Reachable::Maintenance => Self::Other("maintenance".into()),
            },
            Subject::Unit(unit) => match unit.state {
                UnitState::Failed => Self::Opened,
                UnitState::Recovered => Self::Resolved,
            },
            Subject::Pipeline(pipeline) => Self::Other(word(&pipeline.status)),
            Subject::Deployment(deployment) => Self::Other(word(&deployment.state)),
        }
    }

    fn of_firing(firing: Firing) -> Self {
        match firing {
            Firing::Firing => Self::Opened,
            Firing::Resolved => Self::Resolved,
        }
    }

    fn of_action(action: &str, standing: Standing) -> Self {
        match action {
            "opened" | "created" | "published" => Self::Opened,
            "reopened" => Self::Reopened,
            "closed" if standing == Standing::Merged => Self::Merged,
            "closed" => Self::Closed,
            "synchronized" => Self::Pushed,
            "edited" | "updated" => Self::Edited,
            "label_updated" | "label_cleared" => Self::Labelled,
            "milestoned" | "demilestoned" => Self::Milestoned,
            "assigned" | "unassigned" => Self::Assigned,
            "review_requested" | "review_request_removed" => Self::ReviewRequested,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// A state as it stands in the store.
fn word(state: &impl Serialize) -> String {
    let json = serde_json::to_value(state).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}

/// One thing that was done, or the same thing done several times in a row by one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What was done.
    pub deed: Deed,
    /// Who did it.
    pub by: Option<String>,
    /// When, the last time.
    pub at: Timestamp,
    /// How many times in a row.
    pub times: u32,
}

impl Step {
    /// The step that `event` is.
    pub fn of(event: &Event, at: Timestamp) -> Self {
        let by = event.actor.as_ref().map(|actor| actor.name.clone());
        Self { deed: Deed::of(&event.subject), by, at, times: 1 }
    }

    fn repeats(&self, earlier: &Self) -> bool {
        (&self.deed, &self.by) == (&earlier.deed, &earlier.by)
    }
}

/// Who did what, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// What is remembered.
    pub steps: Vec<Step>,
    /// How many steps between the first and the second were forgotten.
    pub forgotten: u32,
}

impl History {
    /// How many steps are remembered at most.
    pub const LIMIT: usize = 40;

    /// Puts `step` in its place.
    pub fn add(&mut self, step: Step) {
        let place = self.steps.partition_point(|known| known.at <= step.at);
        match place.checked_sub(1).map(|before| &mut self.steps[before]) {
            Some(before) if step.repeats(before) => {
                before.at = step.at;
                before.times = before.times.saturating_add(1);
            }
            _ => self.steps.insert(place, step),
        }
        if self.steps.len() > Self::LIMIT {
            self.steps.remove(1);
            self.forgotten = self.forgotten.saturating_add(1);
        }
    }
}
