//! What one state of a pipeline is to Vigie. Invariants: a report holds no secrets (variables are not read, texts
//! that programs wrote are masked) and its size is bounded; it reads back as it was written, for ever: a field is
//! only ever added, and with a default.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::log::{self, Tail};
use crate::{
    backends::woodpecker as wire,
    event::{Event, Severity, Source, Told},
    store::Arrival,
    subject::{FailedStep, Person, Pipeline, PipelineStatus, Subject},
};

const KIND: &str = "pipeline";

/// How many steps that failed are told.
const STEPS: usize = 5;
/// How many errors of the pipeline as a whole are told.
const ERRORS: usize = 5;
/// How long a name, a ref or an address may be, in characters.
const NAME: usize = 200;
/// How long a title or an error may be, in characters.
const TEXT: usize = 500;
/// The longest address that Discord takes.
const ADDRESS: usize = 2048;

/// One state of a pipeline: the body that the store keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    /// The repository's number in Woodpecker.
    id: i64,
    /// `owner/name`.
    repository: String,
    repository_url: Option<String>,
    /// What follows one another: the event with its branch, tag or pull request.
    lane: String,
    /// When the pipeline was made, in seconds since the Unix epoch; tells it from one of the same number in
    /// another Woodpecker.
    created: i64,
    at: Option<Timestamp>,
    actor: Option<Person>,
    pipeline: Pipeline,
}

/// The word for a status; `None` for a pipeline that is not settled to exist: Woodpecker deletes it again if it finds
/// nothing to run (`server/pipeline/create.go`).
pub(super) fn status(word: &str) -> Option<PipelineStatus> {
    Some(match word {
        "created" => return None,
        "pending" => PipelineStatus::Pending,
        "running" => PipelineStatus::Running,
        "blocked" => PipelineStatus::Blocked,
        "success" => PipelineStatus::Success,
        "failure" => PipelineStatus::Failure,
        "error" => PipelineStatus::Error,
        "killed" | "canceled" => PipelineStatus::Killed,
        "declined" => PipelineStatus::Declined,
        "skipped" => PipelineStatus::Skipped,
        unknown => {
            let unknown = log::cut(unknown, 30);
            tracing::warn!(source = "woodpecker", status = unknown, "an unknown status; taken as running");
            PipelineStatus::Running
        }
    })
}

/// Whether a pipeline of this status went wrong.
pub(super) fn has_failed(status: PipelineStatus) -> bool {
    matches!(status, PipelineStatus::Failure | PipelineStatus::Error)
}

/// Whether a pipeline of this status has ended.
pub(super) fn has_ended(status: PipelineStatus) -> bool {
    !matches!(status, PipelineStatus::Pending | PipelineStatus::Running | PipelineStatus::Blocked)
}

/// The steps that failed, with their workflows.
pub(super) fn failed_steps(
    pipeline: &wire::Pipeline,
) -> impl Iterator<Item = (&wire::Workflow, &wire::Step)> {
    let steps = pipeline
        .workflows
        .iter()
        .flat_map(|workflow| workflow.children.iter().map(move |step| (workflow, step)));
    steps.filter(|(_, step)| matches!(&*step.state, "failure" | "error")).take(STEPS)
}

impl Report {
    /// The report of `pipeline`, which has `status`; `logs` are those of its failed steps, and `page` is its page.
    pub(super) fn new(
        repository: &wire::Repository,
        pipeline: &wire::Pipeline,
        status: PipelineStatus,
        logs: &[Tail],
        page: Option<Url>,
    ) -> Self {
        let at = [pipeline.finished, pipeline.started, pipeline.created].into_iter().find(|at| *at > 0);
        let failed = failed_steps(pipeline).filter(|_| has_failed(status)).zip(logs);
        let title = if pipeline.title.is_empty() { &pipeline.message } else { &pipeline.title };
        Self {
            id: repository.id,
            repository: name(&repository.full_name),
            repository_url: address(&repository.forge_url),
            lane: lane(pipeline),
            created: pipeline.created,
            at: at.and_then(time),
            actor: person(pipeline),
            pipeline: Pipeline {
                number: pipeline.number,
                status,
                event: name(&pipeline.event),
                branch: name(pipeline.git_ref.strip_prefix("refs/tags/").unwrap_or(&pipeline.branch)),
                commit: name(&pipeline.commit),
                title: log::cut(title.lines().next().unwrap_or_default(), TEXT),
                url: page.filter(is_reachable).map(Into::into).or_else(|| address(&pipeline.forge_url)),
                errors: errors(pipeline),
                failed: failed.map(|((workflow, step), tail)| failed_step(workflow, step, tail)).collect(),
                started: time(pipeline.started),
                finished: time(pipeline.finished),
            },
        }
    }

    /// How many lines of logs it knows of.
    pub(super) fn log_lines(&self) -> u64 {
        self.pipeline.failed.iter().map(|step| step.earlier_lines + step.log.len() as u64).sum()
    }

    /// The report as something to be stored.
    pub(super) fn arrival(&self, told: Told) -> Arrival {
        let key = self.source_key();
        Arrival {
            source: Source::Woodpecker,
            told,
            // Listing finds again what the stream has told, perhaps days later.
            delivery: Some(format!("{}/{}@{} {key}", self.id, self.pipeline.number, self.created)),
            kind: KIND.to_owned(),
            source_key: key,
            object: self.object(),
            // Maps with other keys than texts are all that JSON can't hold, and there are none.
            body: serde_json::to_vec(self).unwrap_or_default(),
        }
    }

    /// Its status and how much of the logs it has.
    fn source_key(&self) -> String {
        let status = serde_json::to_value(self.pipeline.status).unwrap_or_default();
        format!("{} {}", status.as_str().unwrap_or_default(), self.log_lines())
    }

    fn object(&self) -> String {
        format!("{} pipeline {}", self.repository, self.pipeline.number)
    }
}

/// Reads a stored report.
pub(super) fn read(body: &[u8]) -> Result<Event, String> {
    let report: Report = crate::intake::json::read("a report of a Woodpecker pipeline", body)?;
    let severity = if has_failed(report.pipeline.status) { Severity::Warning } else { Severity::Info };
    let labels = [("branch", &report.pipeline.branch), ("event", &report.pipeline.event)];
    Ok(Event {
        source: Source::Woodpecker,
        told: Told::AtOnce,
        kind: KIND.to_owned(),
        source_key: report.source_key(),
        object: report.object(),
        incident: Some(format!("{} {}", report.repository, report.lane)),
        service: None,
        severity,
        labels: BTreeMap::from(labels.map(|(name, value)| (name.to_owned(), value.clone()))),
        actor: report.actor,
        at: report.at,
        repository: Some(report.repository),
        repository_url: report.repository_url,
        subject: Subject::Pipeline(report.pipeline),
    })
}

/// What a pipeline of the same repository must share to be the next one: a fixed branch is green, whatever its tags
/// and its cron jobs are.
fn lane(pipeline: &wire::Pipeline) -> String {
    let place = if pipeline.git_ref.is_empty() { &pipeline.branch } else { &pipeline.git_ref };
    let job = match &*pipeline.event {
        "cron" if pipeline.cron.is_empty() => &pipeline.sender,
        "cron" => &pipeline.cron,
        "deployment" => &pipeline.deploy_to,
        _ => "",
    };
    let lane = [&*pipeline.event, place, job].map(name).join(" ");
    lane.trim_end().to_owned()
}

fn failed_step(workflow: &wire::Workflow, step: &wire::Step, tail: &Tail) -> FailedStep {
    FailedStep {
        workflow: name(&workflow.name),
        name: name(&step.name),
        exit_code: step.exit_code,
        error: log::cut(&log::text(&step.error), TEXT),
        log: tail.lines.clone(),
        earlier_lines: tail.earlier,
    }
}

/// What is wrong with the pipeline as a whole; warnings are not.
fn errors(pipeline: &wire::Pipeline) -> Vec<String> {
    let whole = pipeline.errors.iter().filter(|error| !error.is_warning).map(|error| error.message.clone());
    let broken = pipeline.workflows.iter().filter(|workflow| !workflow.error.is_empty());
    let broken = broken.map(|workflow| format!("{}: {}", workflow.name, workflow.error));
    whole.chain(broken).take(ERRORS).map(|text| log::text(&text.replace(['\r', '\n'], " "))).collect()
}

fn person(pipeline: &wire::Pipeline) -> Option<Person> {
    let avatar = address(&pipeline.author_avatar);
    (!pipeline.author.is_empty()).then(|| Person { name: name(&pipeline.author), url: None, avatar })
}

fn name(text: &str) -> String {
    log::cut(text, NAME)
}

fn time(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok().filter(|time| *time > Timestamp::UNIX_EPOCH)
}

/// An address that a reader can follow.
fn address(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.as_str().len() <= ADDRESS).then(|| url.into())
}

/// Whether others than this machine can follow the address: Vigie may ask Woodpecker on loopback.
fn is_reachable(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => !address.is_loopback(),
        Some(url::Host::Ipv6(address)) => !address.is_loopback(),
        Some(url::Host::Domain(name)) => name != "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn event(json: &Value) -> Option<Event> {
        let event: wire::StreamEvent = serde_json::from_value(json.clone()).ok()?;
        let status = status(&event.pipeline.status)?;
        let logs: Vec<Tail> = failed_steps(&event.pipeline).map(|_| Tail::default()).collect();
        let report = Report::new(&event.repo, &event.pipeline, status, &logs, None);
        let arrival = report.arrival(Told::AtOnce);
        let event = read(&arrival.body).unwrap();
        assert_eq!((event.source_key.as_str(), &event.object), (&*arrival.source_key, &arrival.object));
        Some(event)
    }

    fn failure() -> Value {
        json!({
            "repo": { "id": 7, "full_name": "harbor/lighthouse", "forge_url": "https://git.example/h/l", "trusted": {} },
            "pipeline": {
                "number": 12, "status": "failure", "event": "push", "author": "alice", "branch": "main",
                "ref": "refs/heads/main", "commit": "c0ffee", "title": "", "message": "Light the lamp\n\nAt dusk.",
                "errors": [
                    { "type": "deprecation", "message": "old syntax", "is_warning": true, "data": null },
                    { "type": "generic", "message": "token=hunter2 refused", "is_warning": false },
                ],
                "variables": { "PASSWORD": "hunter2" },
                "created": 1_795_000_000, "started": 1_795_000_010, "finished": 1_795_000_020,
                "workflows": [{ "id": 1, "name": "build", "state": "failure", "children": [
                    { "id": 3, "name": "clone", "state": "success", "exit_code": 0 },
                    { "id": 4, "name": "test", "state": "failure", "exit_code": 3, "error": "exit code 3" },
                    { "id": 5, "name": "deploy", "state": "skipped" },
                ]}],
            },
        })
    }

    fn pipeline(event: Event) -> Pipeline {
        match event.subject {
            Subject::Pipeline(pipeline) => pipeline,
            other => panic!("no pipeline: {other:?}"),
        }
    }

    #[test]
    fn a_failure_tells_its_step_and_no_secret_and_no_warning() {
        let event = event(&failure()).unwrap();
        assert_eq!((event.severity, event.at), (Severity::Warning, time(1_795_000_020)));
        assert_eq!(event.incident.as_deref(), Some("harbor/lighthouse push refs/heads/main"));
        let pipeline = pipeline(event);
        assert_eq!(pipeline.title, "Light the lamp");
        assert_eq!(pipeline.errors, ["token=******** refused"]);
        let failed: Vec<_> = pipeline.failed.iter().map(|step| (&*step.name, step.exit_code)).collect();
        assert_eq!(failed, [("test", 3)]);
    }

    #[test]
    fn both_dialects_tell_the_same() {
        let mut old = failure();
        let times = ["created", "started", "finished"].map(|name| (name, old["pipeline"][name].take()));
        for (name, time) in times {
            old["pipeline"].as_object_mut().unwrap().remove(name);
            old["pipeline"][format!("{name}_at")] = time;
        }
        old["repo"]["trusted"] = json!(false);
        assert_eq!(event(&old), event(&failure()));
    }

    #[test]
    fn each_status_has_its_meaning_and_an_unknown_one_goes_on() {
        let meaning = |word: &str| {
            let mut json = failure();
            json["pipeline"]["status"] = json!(word);
            event(&json).map(|event| (event.severity, pipeline(event).status))
        };
        for (word, severity, status) in [
            ("pending", Severity::Info, PipelineStatus::Pending),
            ("blocked", Severity::Info, PipelineStatus::Blocked),
            ("success", Severity::Info, PipelineStatus::Success),
            ("error", Severity::Warning, PipelineStatus::Error),
            ("killed", Severity::Info, PipelineStatus::Killed),
            ("canceled", Severity::Info, PipelineStatus::Killed),
            ("declined", Severity::Info, PipelineStatus::Declined),
            ("skipped", Severity::Info, PipelineStatus::Skipped),
            ("dreaming", Severity::Info, PipelineStatus::Running),
        ] {
            assert_eq!(meaning(word), Some((severity, status)), "{word}");
        }
        assert_eq!(meaning("created"), None);
    }

    #[test]
    fn what_is_not_the_same_thing_has_another_incident() {
        let key = |changes: Value| {
            let mut json = failure();
            for (name, value) in changes.as_object().unwrap() {
                json["pipeline"][name] = value.clone();
            }
            event(&json).unwrap().incident.unwrap()
        };
        let keys = [
            key(json!({})),
            key(json!({ "ref": "refs/heads/dev", "branch": "dev" })),
            key(json!({ "event": "manual" })),
            key(json!({ "event": "tag", "ref": "refs/tags/v1" })),
            key(json!({ "event": "pull_request", "ref": "refs/pull/7/head" })),
            key(json!({ "event": "pull_request", "ref": "refs/pull/8/head" })),
            key(json!({ "event": "cron", "cron": "nightly" })),
            key(json!({ "event": "cron", "sender": "weekly" })),
            key(json!({ "event": "deployment", "deploy_to": "pi" })),
        ];
        assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), keys.len(), "{keys:?}");
        assert_eq!(key(json!({ "number": 13, "commit": "beef" })), keys[0]);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let name = prop_oneof![Just("id".to_owned()), Just("state".to_owned()), any::<String>()];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(name, inner, 0..4).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_anywhere_is_read_or_refused(place in 0..24_usize, value in any_json()) {
            let mut json = failure();
            let names: Vec<_> = json["pipeline"].as_object().unwrap().keys().cloned().collect();
            match names.get(place) {
                Some(name) => json["pipeline"][name] = value,
                None if place % 2 == 0 => json["repo"]["full_name"] = value,
                None => json["pipeline"]["workflows"][0]["children"][1] = value,
            }
            if let Some(event) = event(&json) {
                prop_assert!(serde_json::to_vec(&event).unwrap().len() < 100_000);
            }
        }

        #[test]
        fn any_stored_body_is_read_or_refused(value in any_json()) {
            prop_assert!(read(value.to_string().as_bytes()).is_err());
        }
    }
}
