//! What an incident is about, in one line, where many are listed. Invariant: a title has bounded length and no
//! word of Vigie's own, so that it reads the same in every language.

use super::Incident;
use crate::subject::Subject;

/// More is never shown, in characters.
const LONGEST: usize = 200;

impl Incident {
    /// What it is about, in one line: other people's words, to be made presentable by whoever shows them.
    pub fn title(&self) -> String {
        let said = |name: &str, text: &str| match text.trim() {
            "" => name.to_owned(),
            text => format!("{name}: {text}"),
        };
        let title = match &self.subject {
            Subject::Push(push) => {
                let newest =
                    push.commits.last().map_or("", |commit| commit.message.lines().next().unwrap_or(""));
                self.of_repository(&said(&push.name, newest))
            }
            Subject::Ref(change) => self.of_repository(&change.name),
            Subject::PullRequest(request) => self.numbered(request.number, &request.title),
            Subject::Review(review) => self.numbered(review.number, &review.title),
            Subject::Issue(issue) => self.numbered(issue.number, &issue.title),
            Subject::Comment(comment) => self.numbered(comment.number, &comment.title),
            Subject::Release(release) => self.of_repository(&release.tag),
            Subject::Status(status) => self.of_repository(&said(&status.context, &status.state)),
            Subject::Workflow(workflow) => {
                let state = workflow.conclusion.as_ref().unwrap_or(&workflow.status);
                self.of_repository(&said(&workflow.name, state))
            }
            Subject::Repository(change) => self.of_repository(change.fork.as_deref().unwrap_or_default()),
            Subject::Wiki(wiki) => self.of_repository(&wiki.page),
            Subject::Package(package) => format!("{} {}", package.name, package.version),
            Subject::Alert(alert) => said(&alert.name, &alert.summary),
            Subject::Availability(monitor) => said(&monitor.monitor, &monitor.text),
            Subject::Unit(unit) => said(&unit.name, &unit.result),
            Subject::Pipeline(pipeline) => {
                self.numbered(pipeline.number, &said(&pipeline.branch, &pipeline.title))
            }
            Subject::Deployment(deployment) => said(&deployment.target, &deployment.deployment),
            Subject::Generic(generic) => generic.title.clone(),
            Subject::Digest(_) => self.key.clone(),
        };
        let title = if title.trim().is_empty() { &self.kind } else { title.trim() };
        title.chars().take(LONGEST).collect()
    }

    fn of_repository(&self, text: &str) -> String {
        let repository = self.repository.as_deref().unwrap_or_default();
        format!("{} {repository} {text}", self.kind)
    }

    fn numbered(&self, number: u64, text: &str) -> String {
        self.of_repository("").trim_end().to_owned() + &format!("#{number} {text}")
    }
}
