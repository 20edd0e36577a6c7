//! The longest messages that there can be: chance does not fill all parts at once.

use jiff::{Timestamp, ToSpan};

use super::texts;
use crate::{
    event::{Severity, Told},
    incident::{Acknowledged, Incident, Silence},
    language::Language,
    render::{
        limits::units,
        message,
        samples::{
            self,
            runs::{deployment, failed, pipeline},
            watch::{alert, monitor, unit},
        },
    },
    subject::{
        Alert, AlertLinks, Availability, Deployment, DeploymentState, Exit, FailedStep, Firing, Generic,
        Pipeline, PipelineStatus, Reachable, Subject, Unit, UnitState,
    },
};

fn long() -> String {
    "a long word_".repeat(600)
}

fn address() -> String {
    // 500 characters, and a host that makes it a link in the text.
    format!("http://pi/{}", "x".repeat(490))
}

fn subjects() -> Vec<Subject> {
    let links = AlertLinks {
        source: Some(address()),
        runbook: Some(address()),
        dashboard: Some(address()),
        silence: Some(address()),
    };
    let alert = Alert {
        name: long(),
        summary: long(),
        description: long() + "!",
        value: Some(long()),
        labels: (0..100).map(|n| (format!("label {n}"), long())).collect(),
        links,
        truncated: u64::MAX,
        suppressed_by: vec![long(); 100],
        ..alert(Firing::Firing)
    };
    let step = FailedStep {
        workflow: long(),
        exit_code: i64::MIN,
        error: long(),
        log: vec!["<@1> @here ".repeat(100); 100],
        earlier_lines: u64::MAX,
        ..failed(&long(), "")
    };
    let pipeline = Pipeline {
        number: u64::MAX,
        event: long(),
        branch: long(),
        commit: "🔷".repeat(40),
        title: long(),
        url: Some(address()),
        errors: vec![long(); 100],
        failed: vec![step; 100],
        ..pipeline(PipelineStatus::Error)
    };
    let deployment = Deployment {
        deployment: long(),
        target: long(),
        commit: Some(long()),
        generation: Some(u64::MAX),
        reason: long(),
        log: vec![long(); 100],
        url: Some(address()),
        ..deployment(DeploymentState::RolledBack)
    };
    let monitor = Availability {
        monitor: long(),
        method: long(),
        target: Some(long()),
        text: long(),
        ping_ms: Some(u64::MAX),
        ..monitor(Reachable::Pending)
    };
    let unit = Unit {
        name: long(),
        description: long(),
        active: long(),
        exit: Some(Exit::Signal(i32::MIN)),
        invocation: Some(long()),
        ..unit(UnitState::Failed, &long())
    };
    let generic = Generic { firing: Some(Firing::Firing), title: long(), text: long(), url: Some(address()) };
    vec![
        Subject::Alert(alert),
        Subject::Pipeline(pipeline),
        Subject::Deployment(deployment),
        Subject::Availability(monitor),
        Subject::Generic(generic),
        Subject::Unit(unit),
    ]
}

#[test]
fn the_longest_message_of_each_kind_fits() {
    let (_, outage) = samples::all().into_iter().find(|(name, _)| *name == "outage_by_a_unit").unwrap();
    let at = Timestamp::MAX - 48.hours();
    for (subject, language) in subjects().into_iter().flat_map(|one| Language::ALL.map(|l| (one.clone(), l)))
    {
        let mut reports = outage.reports.clone();
        for report in &mut reports {
            report.name = long();
        }
        for reports in [Vec::new(), vec![reports; 20].concat()] {
            let incident = Incident {
                repository: Some(long()),
                repository_url: Some(address()),
                service: Some(long()),
                severity: Severity::Warning,
                labels: (0..100).map(|n| (format!("label {n}"), long())).collect(),
                acknowledged: Some(Acknowledged { by: u64::MAX, at }),
                silence: Some(Silence { id: String::new(), by: u64::MAX, until: at }),
                reopened: vec![at; Incident::REOPENINGS],
                updated: at,
                told: Told::Late,
                facts_at: Some(at),
                found: Some(at),
                reports,
                ..samples::incident(subject.clone())
            };
            let message = message(&incident, language);
            for (text, limit) in texts(&message) {
                assert!(units(text) <= limit, "{} units of {limit}: {text}", units(text));
            }
            let total: usize = texts(&message).iter().map(|(text, _)| units(text)).sum();
            assert!(total <= 6000, "{total} units in all: {}", message.embeds[0].title);
        }
    }
}
