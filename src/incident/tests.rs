mod alerts;

use std::collections::BTreeMap;

use super::*;
use crate::subject::{Pipeline, PipelineStatus, PullRequest, Push, RefKind, Review, Standing, Verdict};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

fn person(name: &str) -> Person {
    Person { name: name.into(), ..Person::default() }
}

fn event(kind: &str, actor: &str, second: i64, subject: Subject) -> Event {
    Event {
        source: Source::Gitea,
        told: Told::AtOnce,
        kind: kind.into(),
        source_key: format!("{kind}/{second}"),
        object: "harbor/lighthouse".into(),
        incident: None,
        repository: Some("harbor/lighthouse".into()),
        repository_url: None,
        service: None,
        severity: Severity::Info,
        labels: BTreeMap::new(),
        actor: Some(person(actor)),
        at: Some(at(second)),
        subject,
    }
}

fn push(before: Option<&str>) -> Subject {
    Subject::Push(Push {
        kind: RefKind::Branch,
        name: "main".into(),
        before: before.map(Into::into),
        after: Some("b".repeat(40)),
        commits: Vec::new(),
        total: 0,
        compare_url: None,
    })
}

/// A push, for the tests of routes.
pub(crate) fn push_event() -> Event {
    event("push", "ada", 0, push(Some("a")))
}

fn request(action: &str, standing: Standing, actor: &str, second: i64) -> Event {
    let subject = Subject::PullRequest(PullRequest {
        action: action.into(),
        number: 12,
        title: format!("title after {action}"),
        body: String::new(),
        url: None,
        standing,
        draft: false,
        author: Some(person("alice")),
        head: "lamp".into(),
        head_sha: None,
        base: "main".into(),
        merge_sha: None,
        labels: Vec::new(),
        milestone: None,
        assignees: Vec::new(),
        reviewers: Vec::new(),
    });
    event("pull_request", actor, second, subject)
}

fn opened(event: Event) -> Incident {
    let decision = Decision { route: Some(0), channels: vec![1], mentions: vec![2] };
    Incident::open(event, "key".into(), "vg-000000".into(), decision, at(1000))
}

fn steps(incident: &Incident) -> Vec<(&'static str, &str, u32)> {
    let step = |step: &'_ Step| (step.deed.as_str(), step.times);
    let names = incident.history.steps.iter().map(|step| step.by.as_deref().unwrap_or("nobody"));
    incident.history.steps.iter().map(step).zip(names).map(|((deed, times), by)| (deed, by, times)).collect()
}

#[test]
fn a_pull_request_lives_from_opened_to_merged_in_one_incident() {
    let mut incident = opened(request("opened", Standing::Open, "alice", 0));
    assert_eq!(incident.life, Life::Open);
    incident = incident.after(request("synchronized", Standing::Open, "alice", 10), at(1001));
    incident = incident.after(request("synchronized", Standing::Open, "alice", 20), at(1002));
    let review = Review {
        number: 12,
        title: String::new(),
        url: None,
        verdict: Verdict::Approved,
        body: String::new(),
    };
    incident.note(&event("pull_request_approved", "bruno", 30, Subject::Review(review)), at(1003));
    incident = incident.after(request("closed", Standing::Merged, "chloe", 40), at(1004));

    assert_eq!(
        steps(&incident),
        [("opened", "alice", 1), ("pushed", "alice", 2), ("approved", "bruno", 1), ("merged", "chloe", 1)]
    );
    assert_eq!((incident.life, incident.opened, incident.updated), (Life::Closed, at(0), at(40)));
    assert_eq!((incident.channels, incident.mentions), (vec![1], vec![2]));
}

#[test]
fn an_overtaken_event_finds_its_place_in_the_history_and_changes_no_fact() {
    let merged = opened(request("closed", Standing::Merged, "chloe", 40));
    let late = merged.after(request("opened", Standing::Open, "alice", 0), at(1001));
    assert_eq!(steps(&late), [("opened", "alice", 1), ("merged", "chloe", 1)]);
    assert_eq!((late.life, late.opened, late.updated), (Life::Closed, at(0), at(40)));
}

#[test]
fn a_closed_pull_request_can_be_opened_again() {
    let closed = opened(request("closed", Standing::Closed, "alice", 0));
    assert_eq!(closed.life, Life::Closed);
    let again = closed.after(request("reopened", Standing::Open, "bruno", 5), at(1001));
    assert_eq!(again.life, Life::Open);
    assert_eq!(steps(&again), [("closed", "alice", 1), ("reopened", "bruno", 1)]);
}

#[test]
fn a_long_history_keeps_its_first_and_its_newest_steps() {
    let mut incident = opened(request("opened", Standing::Open, "alice", 0));
    for second in 1..=200 {
        let actor = if second % 2 == 0 { "alice" } else { "bruno" };
        incident = incident.after(request("edited", Standing::Open, actor, second), at(1000));
    }
    let steps = steps(&incident);
    assert_eq!(steps.len(), History::LIMIT);
    assert_eq!((steps[0].0, incident.history.forgotten), ("opened", 161));
    assert_eq!(incident.history.steps.last().unwrap().at, at(200));
}

#[test]
fn an_event_without_a_time_happened_when_it_was_received() {
    let incident = opened(Event { at: None, ..push_event() });
    assert_eq!((incident.opened, incident.facts_at), (at(1000), None));
}

#[test]
fn a_stored_incident_reads_back_as_it_was() {
    let incident = opened(request("labelled?", Standing::Open, "alice", 0));
    let json = serde_json::to_string(&incident).unwrap();
    assert_eq!(serde_json::from_str::<Incident>(&json).unwrap(), incident);
}

fn pipeline(number: u64, status: PipelineStatus, second: i64) -> Event {
    let subject = Subject::Pipeline(Pipeline {
        number,
        status,
        event: "push".into(),
        branch: "main".into(),
        commit: "c".repeat(40),
        title: "Light the lamp".into(),
        url: None,
        errors: Vec::new(),
        failed: Vec::new(),
        started: None,
        finished: None,
    });
    event("pipeline", "ada", second, subject)
}

fn shown(incident: &Incident) -> (u64, PipelineStatus, Life) {
    let Subject::Pipeline(pipeline) = &incident.subject else { panic!("no pipeline: {incident:?}") };
    (pipeline.number, pipeline.status, incident.life)
}

/// What an incident shows after pipelines of one branch, each second another.
fn after(pipelines: &[(u64, PipelineStatus)]) -> (u64, PipelineStatus, Life) {
    let mut events =
        (0..).zip(pipelines).map(|(second, (number, status))| pipeline(*number, *status, second));
    let first = opened(events.next().unwrap());
    shown(&events.fold(first, |incident, event| {
        assert!(incident.continues(&event, at(1000)));
        incident.after(event, at(1000))
    }))
}

#[test]
fn a_failed_pipeline_stays_until_a_later_one_has_a_verdict() {
    use PipelineStatus::{Failure, Killed, Pending, Running, Success};
    assert_eq!(after(&[(12, Running), (12, Failure)]), (12, Failure, Life::Open));
    assert_eq!(after(&[(12, Failure), (13, Pending), (13, Running)]), (12, Failure, Life::Open));
    assert_eq!(after(&[(12, Failure), (13, Running), (13, Killed)]), (12, Failure, Life::Open));
    assert_eq!(after(&[(12, Failure), (13, Failure)]), (13, Failure, Life::Open));
    assert_eq!(after(&[(12, Failure), (13, Running), (13, Success)]), (13, Success, Life::Closed));
}

#[test]
fn the_first_pipeline_that_failed_broke_it_in_whatever_order_they_are_heard_of() {
    use PipelineStatus::{Error, Failure, Running, Success};
    let broken_by = |pipelines: &[(u64, PipelineStatus)]| {
        let first = opened(pipeline(pipelines[0].0, pipelines[0].1, 0));
        let later =
            (1..).zip(&pipelines[1..]).map(|(second, (number, status))| pipeline(*number, *status, second));
        later.fold(first, |incident, event| incident.after(event, at(1000))).broken_by
    };
    assert_eq!(broken_by(&[(12, Running), (12, Success)]), None);
    assert_eq!(broken_by(&[(12, Running), (12, Failure), (13, Failure), (14, Success)]), Some(12));
    assert_eq!(broken_by(&[(13, Failure), (12, Error), (14, Success)]), Some(12));
}

#[test]
fn the_newest_pipeline_has_the_last_word() {
    use PipelineStatus::{Failure, Killed, Pending, Running, Success};
    assert_eq!(after(&[(12, Running), (13, Pending), (12, Success)]), (13, Pending, Life::Open));
    assert_eq!(after(&[(12, Running), (13, Success), (12, Failure)]), (13, Success, Life::Closed));
    assert_eq!(after(&[(12, Success), (12, Running)]), (12, Success, Life::Closed));
    // A failure is not hidden by one that has no verdict.
    assert_eq!(after(&[(12, Running), (13, Killed), (12, Failure)]), (12, Failure, Life::Open));
}

#[test]
fn a_pipeline_after_one_that_ended_well_is_an_incident_of_its_own() {
    use PipelineStatus::{Killed, Pending, Success};
    for end in [Success, Killed] {
        let ended = opened(pipeline(12, end, 0));
        assert!(!ended.continues(&pipeline(13, Pending, 1), at(1000)), "{end:?}");
        assert!(ended.continues(&pipeline(11, Success, 1), at(1000)), "{end:?}");
    }
}

#[test]
fn the_log_of_a_failure_is_no_second_failure() {
    let failure = pipeline(12, PipelineStatus::Failure, 0);
    let incident = opened(failure.clone()).after(failure, at(1001));
    assert_eq!(steps(&incident).len(), 1);
    assert_eq!(incident.history.steps[0].times, 1);
}
