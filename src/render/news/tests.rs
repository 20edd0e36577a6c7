use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::{
    event::{Severity, Source},
    incident::{Report, Reporter},
    render::{samples, snapshots::readable},
    subject::{Deployment, DeploymentState, FailedStep, Firing, Generic, Pipeline, PipelineStatus},
};

fn generic(title: &str) -> Incident {
    let subject =
        Subject::Generic(Generic { firing: Some(Firing::Firing), title: title.into(), ..Generic::default() });
    let incident = samples::incident(subject);
    Incident { repository: None, severity: Severity::Critical, reopened: vec![samples::at(1); 3], ..incident }
}

fn outage() -> Incident {
    let report = Report {
        source: Source::Kuma,
        object: "monitor 1".into(),
        name: "Blog".into(),
        says: Reporter::Down,
        at: samples::at(0),
    };
    Incident { service: Some("blog".into()), reports: vec![report], ..generic("") }
}

fn pipeline() -> Incident {
    samples::incident(Subject::Pipeline(Pipeline {
        number: 7,
        status: PipelineStatus::Failure,
        event: "push".into(),
        branch: "main".into(),
        commit: "a".repeat(40),
        title: "Light up".into(),
        url: None,
        errors: Vec::new(),
        failed: Vec::new(),
        started: None,
        finished: None,
    }))
}

fn step(log: &[&str]) -> FailedStep {
    FailedStep {
        workflow: "build".into(),
        name: "test".into(),
        exit_code: 3,
        error: String::new(),
        log: log.iter().map(|&line| line.to_owned()).collect(),
        earlier_lines: 0,
    }
}

fn deployment(log: &[&str]) -> Deployment {
    Deployment {
        deployment: "pi-000042".into(),
        target: "pi".into(),
        commit: None,
        state: DeploymentState::RolledBack,
        generation: Some(42),
        reason: "unhealthy".into(),
        log: log.iter().map(|&line| line.to_owned()).collect(),
        url: None,
    }
}

#[test]
fn each_notice_and_detail_reads_well_in_each_language() {
    let over = Notice::Over(Duration::from_mins(95));
    let notices = [
        (outage(), Notice::Worse),
        (pipeline(), Notice::Worse),
        (outage(), over),
        (pipeline(), over),
        (generic("Backup *failed* @everyone"), Notice::Reopened),
        (generic("Backup"), Notice::Flapping),
    ];
    let details = [
        Detail::Report("kuma".into(), "connect ECONNREFUSED 127.0.0.1:8090".into()),
        Detail::Step(step(&["running 1 test", "```", "assertion failed: <@1>"])),
        Detail::Deployment(deployment(&["switching", "health: 503"])),
    ];
    let mut read = String::new();
    for language in Language::ALL {
        for (incident, notice) in &notices {
            read += &readable(&super::notice(incident, *notice, &[3000, 3000], "vg-7k2m9q-1", language));
        }
        for detail in &details {
            read += &readable(&super::detail(detail, "vg-7k2m9q-2", language));
        }
        read += "\n";
    }
    insta::assert_snapshot!(read);
}

fn fits(message: &Message) {
    assert!(limits::units(&message.content) <= 2000, "{}", limits::units(&message.content));
    assert!(message.content.lines().last().unwrap().starts_with("-# vg-"));
    assert_eq!(message.content.matches("```").count() % 2, 0, "{}", message.content);
}

proptest! {
    #[test]
    fn every_reply_fits_and_calls_only_whom_it_was_told(
        text in "\\PC{0,300}",
        lines in prop::collection::vec("\\PC{0,300}|`{1,9}|<@!?[0-9]{1,3}>|@everyone", 0..40),
        roles in prop::collection::vec(any::<u64>(), 0..100),
    ) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        for language in Language::ALL {
            let incident = generic(&text);
            for kind in [Notice::Worse, Notice::Reopened, Notice::Flapping, Notice::Over(Duration::MAX)] {
                let said = notice(&incident, kind, &roles, "vg-7k2m9q-200", language);
                fits(&said);
                let called = said.content.matches("<@").count();
                prop_assert!(called <= roles.len() && !said.content.contains("@everyone"));
            }
            let step = FailedStep { workflow: text.clone(), name: text.clone(), ..step(&lines) };
            for kind in [
                Detail::Report(text.clone(), lines.join(" ")),
                Detail::Step(step),
                Detail::Deployment(Deployment { deployment: text.clone(), ..deployment(&lines) }),
            ] {
                fits(&detail(&kind, "vg-7k2m9q-200", language));
            }
        }
    }
}
