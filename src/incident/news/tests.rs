use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    event::{Severity, Source, Told},
    incident::route::Decision,
    subject::{Deployment, DeploymentState, Firing, Generic},
};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + 60 * minute).unwrap()
}

fn report(firing: Firing, severity: Severity, minute: i64) -> Event {
    Event {
        source: Source::Generic,
        told: Told::AtOnce,
        kind: "cron".into(),
        source_key: minute.to_string(),
        object: "cron backup".into(),
        incident: Some("cron backup".into()),
        repository: None,
        repository_url: None,
        service: None,
        severity,
        labels: BTreeMap::new(),
        actor: None,
        at: Some(at(minute)),
        subject: Subject::Generic(Generic {
            firing: Some(firing),
            title: "Backup".into(),
            ..Generic::default()
        }),
    }
}

fn opened(severity: Severity) -> Incident {
    let decision = Decision { route: None, channels: vec![1], mentions: Vec::new() };
    Incident::open(report(Firing::Firing, severity, 0), "cron backup".into(), "vg-1".into(), decision, at(0))
}

/// What each of `steps` is news of, from a warning that began at minute 0.
fn news(steps: &[(Firing, Severity, i64)]) -> Vec<Option<Notice>> {
    let mut incident = opened(Severity::Warning);
    let mut step = |&(firing, severity, minute): &(Firing, Severity, i64)| {
        let after = incident.clone().after(report(firing, severity, minute), at(minute));
        let notice = Notice::of(&incident, &after);
        incident = after;
        notice
    };
    steps.iter().map(&mut step).collect()
}

#[test]
fn what_gets_worse_is_news_and_what_gets_better_is_not() {
    use Severity::{Critical, Warning};
    let steps = [(Warning, 1), (Critical, 2), (Critical, 3), (Warning, 4)];
    let steps = steps.map(|(severity, minute)| (Firing::Firing, severity, minute));
    assert_eq!(news(&steps), [None, Some(Notice::Worse), None, None]);
}

#[test]
fn an_end_is_news_only_after_long() {
    assert_eq!(news(&[(Firing::Resolved, Severity::Info, 29)]), [None]);
    let after = Duration::from_mins(30);
    assert_eq!(news(&[(Firing::Resolved, Severity::Info, 30)]), [Some(Notice::Over(after))]);
}

#[test]
fn what_comes_back_is_news_until_it_flaps() {
    let steps: Vec<_> = (1..=12)
        .map(|minute| {
            if minute % 2 == 1 {
                (Firing::Resolved, Severity::Info, minute)
            } else {
                (Firing::Firing, Severity::Warning, minute)
            }
        })
        .collect();
    let told: Vec<_> = news(&steps).into_iter().flatten().collect();
    assert_eq!(told, [Notice::Reopened, Notice::Reopened, Notice::Flapping]);
}

#[test]
fn a_deployment_that_fails_is_news() {
    let told = |state, severity, minute| {
        let subject = Subject::Deployment(Deployment {
            deployment: "pi-000042".into(),
            target: "pi".into(),
            commit: None,
            state,
            generation: None,
            reason: String::new(),
            log: Vec::new(),
            url: None,
        });
        Event { severity, subject, ..report(Firing::Firing, severity, minute) }
    };
    let decision = Decision { route: None, channels: vec![1], mentions: Vec::new() };
    let checking = told(DeploymentState::Checking, Severity::Info, 0);
    let before = Incident::open(checking, "pi-000042".into(), "vg-1".into(), decision, at(0));
    for (state, severity, notice) in [
        (DeploymentState::Failed, Severity::Warning, Some(Notice::Worse)),
        (DeploymentState::RolledBack, Severity::Warning, Some(Notice::Worse)),
        (DeploymentState::Live, Severity::Info, None),
    ] {
        let after = before.clone().after(told(state, severity, 90), at(90));
        assert_eq!(Notice::of(&before, &after), notice, "{state:?}");
    }
}

proptest! {
    /// However an incident goes, most of what happens is only edited, and its state is that of the last event.
    #[test]
    fn notices_stay_few(steps in prop::collection::vec((prop::bool::ANY, 0..3_usize), 1..100)) {
        let severities = [Severity::Info, Severity::Warning, Severity::Critical];
        let steps: Vec<_> = (1..).zip(&steps).map(|(minute, (fires, severity))| {
            let firing = if *fires { Firing::Firing } else { Firing::Resolved };
            (firing, severities[*severity], minute)
        }).collect();
        let told: Vec<_> = news(&steps).into_iter().flatten().collect();
        let flapping = told.iter().filter(|notice| **notice == Notice::Flapping).count();
        let back = told.iter().filter(|notice| **notice == Notice::Reopened).count();
        // Each stretch of flapping is announced once, and takes at least an hour to end.
        prop_assert!(flapping <= 2 && back <= 2 * (flapping + 1) + 1, "{told:?}");
    }
}
