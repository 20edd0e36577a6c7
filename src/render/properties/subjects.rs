//! Arbitrary facts of those who watch over something, and of what runs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
};

use super::{address, words};
use crate::{
    event::{Severity, Source, Told},
    incident::{Acknowledged, Incident, Life, Report, Reporter, Silence},
    render::samples::{
        runs::{deployment, failed, pipeline},
        watch::{alert, monitor, unit},
    },
    subject::{
        Alert, AlertLinks, Availability, Deployment, DeploymentState, Exit, FailedStep, Firing, Generic,
        Pipeline, PipelineStatus, Reachable, Subject, Unit, UnitState,
    },
};

pub(super) fn time() -> BoxedStrategy<Timestamp> {
    (-370_000_000_000_i64..250_000_000_000).prop_map(|s| Timestamp::from_second(s).unwrap()).boxed()
}

fn labels() -> BoxedStrategy<BTreeMap<String, String>> {
    btree_map(words(), words(), 0..30).boxed()
}

fn state() -> impl Strategy<Value = Firing> {
    select(vec![Firing::Firing, Firing::Resolved])
}

pub(super) fn watched() -> BoxedStrategy<Subject> {
    let links = (address(), address(), address(), address())
        .prop_map(|(source, runbook, dashboard, silence)| AlertLinks { source, runbook, dashboard, silence });
    let texts = (words(), words(), words(), option::of(words()));
    let times = (option::of(time()), option::of(time()));
    let alert = (state(), texts, labels(), links, times, any::<u64>(), vec(words(), 0..30)).prop_map(
        |(state, (name, summary, description, value), labels, links, times, truncated, suppressed_by)| {
            Subject::Alert(Alert {
                name,
                summary,
                description,
                value,
                labels,
                links,
                starts_at: times.0,
                ends_at: times.1,
                truncated,
                suppressed_by,
                ..alert(state)
            })
        },
    );
    let reachable = select(vec![Reachable::Up, Reachable::Down, Reachable::Pending, Reachable::Maintenance]);
    let monitor = (words(), words(), option::of(words()), reachable, words(), option::of(any::<u64>()))
        .prop_map(|(name, method, target, state, text, ping_ms)| {
            let known = monitor(state);
            Subject::Availability(Availability { monitor: name, method, target, text, ping_ms, ..known })
        });
    let unit_state = select(vec![UnitState::Failed, UnitState::Recovered]);
    let result = prop_oneof![words(), Just("oom-kill".to_owned())];
    let exit =
        option::of(prop_oneof![any::<i32>().prop_map(Exit::Code), any::<i32>().prop_map(Exit::Signal)]);
    let unit = (words(), words(), unit_state, words(), (result, exit, option::of(words()))).prop_map(
        |(name, description, state, active, (result, exit, invocation))| {
            Subject::Unit(Unit { name, description, active, exit, invocation, ..unit(state, &result) })
        },
    );
    let generic = (option::of(state()), words(), words(), address())
        .prop_map(|(firing, title, text, url)| Subject::Generic(Generic { firing, title, text, url }));
    prop_oneof![alert, monitor, unit, generic].boxed()
}

pub(super) fn running() -> BoxedStrategy<Subject> {
    use PipelineStatus::{Blocked, Declined, Error, Failure, Killed, Pending, Running, Skipped, Success};
    let log = || vec(words(), 0..40);
    let step = (words(), words(), any::<i64>(), words(), log(), any::<u64>()).prop_map(
        |(workflow, name, exit_code, error, log, earlier_lines)| FailedStep {
            workflow,
            exit_code,
            error,
            log,
            earlier_lines,
            ..failed(&name, "")
        },
    );
    let status = select(vec![Pending, Running, Blocked, Success, Failure, Error, Killed, Declined, Skipped]);
    let texts = (words(), words(), words(), words(), address());
    let times = (option::of(time()), option::of(time()));
    let pipeline = (any::<u64>(), status, texts, vec(words(), 0..20), vec(step, 0..6), times).prop_map(
        |(number, status, (event, branch, commit, title, url), errors, failed, (started, finished))| {
            let known = pipeline(status);
            let texts = Pipeline { event, branch, commit, title, url, ..known };
            Subject::Pipeline(Pipeline { number, errors, failed, started, finished, ..texts })
        },
    );
    let state = select(vec![
        DeploymentState::Planned,
        DeploymentState::Building,
        DeploymentState::Switching,
        DeploymentState::Checking,
        DeploymentState::Live,
        DeploymentState::RolledBack,
        DeploymentState::Failed,
    ]);
    let texts = (words(), words(), option::of(words()), words(), address());
    let deployment = (state, texts, option::of(any::<u64>()), log()).prop_map(
        |(state, (name, target, commit, reason, url), generation, log)| {
            let known = deployment(state);
            let texts = Deployment { deployment: name, target, commit, reason, url, ..known };
            Subject::Deployment(Deployment { generation, log, ..texts })
        },
    );
    prop_oneof![pipeline, deployment].boxed()
}

/// `incident` at an arbitrary point of its life.
pub(super) fn living(incident: BoxedStrategy<Incident>) -> BoxedStrategy<Incident> {
    let says = select(vec![Reporter::Down, Reporter::Up]);
    let report = (select(Source::ALL.to_vec()), words(), says, time())
        .prop_map(|(source, name, says, at)| Report { source, object: name.clone(), name, says, at });
    let reports = prop_oneof![Just(Vec::new()), vec(report, 1..20)];
    let life = select(vec![Life::Open, Life::Closed, Life::Info]);
    let acknowledged = option::of((any::<u64>(), time()).prop_map(|(by, at)| Acknowledged { by, at }));
    let silence =
        option::of((any::<u64>(), time()).prop_map(|(by, until)| Silence { id: "id".to_owned(), by, until }));
    let cares = (acknowledged, silence, vec(time(), 0..Incident::REOPENINGS));
    let facts = (option::of(words()), labels(), option::of(time()), option::of(time()));
    let severity = select(vec![Severity::Info, Severity::Warning, Severity::Critical]);
    (incident, life, reports, cares, facts, (severity, select(vec![Told::AtOnce, Told::Late])))
        .prop_map(|(incident, life, reports, cares, facts, (severity, told))| {
            let (acknowledged, silence, reopened) = cares;
            let (service, labels, facts_at, found) = facts;
            let named = Incident { severity, facts_at, service, told, found, labels, ..incident };
            Incident { life, reports, reopened, acknowledged, silence, ..named }
        })
        .boxed()
}
