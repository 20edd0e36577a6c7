//! What watches over something: alerts, outages, monitors, units, and reports by scripts.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{at, incident, step};
use crate::{
    event::{Severity, Source, Told},
    incident::{Acknowledged, Deed, History, Incident, Life, Report, Reporter, Silence},
    subject::{Alert, AlertLinks, Availability, Exit, Firing, Generic, Reachable, Subject, Unit, UnitState},
};

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An incident of the machine, not of a repository.
pub(super) fn of_machine(source: Source, life: Life, severity: Severity, subject: Subject) -> Incident {
    Incident {
        source,
        life,
        severity,
        actor: None,
        repository: None,
        repository_url: None,
        updated: at(if life == Life::Closed { 725 } else { 60 }),
        ..incident(subject)
    }
}

pub(in crate::render) fn alert(state: Firing) -> Alert {
    Alert {
        name: "DiskWillFill".into(),
        state,
        summary: "Less than 5 % is left on /var".into(),
        description: "node_filesystem_avail_bytes says 4.2 %.\nAt this pace it is *full* at noon.".into(),
        value: Some("4.2".into()),
        labels: labels(&[
            ("alertname", "DiskWillFill"),
            ("severity", "warning"),
            ("service", "blog"),
            ("team", "web"),
            ("mountpoint", "/var"),
            ("instance", "pi:9100"),
            ("job", "node"),
            ("device", "/dev/nvme0n1p2"),
        ]),
        links: AlertLinks {
            source: Some("http://pi:9090/graph?g0.expr=node_filesystem%28x%29".into()),
            runbook: Some("https://wiki.example.org/runbooks/disk".into()),
            dashboard: Some("https://grafana.example.org/d/disk?viewPanel=2".into()),
            silence: Some(
                "https://alerts.example.org/#/silences/new?filter={alertname=\"DiskWillFill\"}".into(),
            ),
        },
        starts_at: Some(at(0)),
        ends_at: (state == Firing::Resolved).then(|| at(720)),
        truncated: 0,
        suppressed_by: Vec::new(),
    }
}

pub(super) fn firing(severity: Severity, alert: Alert) -> Incident {
    let service = alert.labels.get("service").cloned();
    let subject = Subject::Alert(alert);
    Incident { service, ..of_machine(Source::Alertmanager, Life::Open, severity, subject) }
}

fn resolved() -> Incident {
    let subject = Subject::Alert(alert(Firing::Resolved));
    Incident {
        service: Some("blog".into()),
        ..of_machine(Source::Alertmanager, Life::Closed, Severity::Warning, subject)
    }
}

fn reopened(times: i64) -> Vec<Timestamp> {
    (0..times).rev().map(|n| at(n * -600)).collect()
}

fn alerts() -> Vec<(&'static str, Incident)> {
    let plain = |severity| firing(severity, alert(Firing::Firing));
    let bare = Alert {
        summary: String::new(),
        description: String::new(),
        value: None,
        labels: labels(&[("alertname", "Watchdog")]),
        links: AlertLinks::default(),
        starts_at: None,
        name: "Watchdog".into(),
        ..alert(Firing::Firing)
    };
    let long = Alert {
        name: "A_name__with_marks".into(),
        summary: "# not a heading <@1>\n- @everyone [here](https://evil.example)".into(),
        description: "a line of many\n".repeat(200),
        labels: (0..60).map(|n| (format!("label_{n}"), format!("value `{n}`"))).collect(),
        truncated: 12,
        ..alert(Firing::Firing)
    };
    let quiet = Alert { suppressed_by: vec!["d8e1".into(), "77aa".into()], ..alert(Firing::Firing) };
    let acknowledged = Some(Acknowledged { by: 500, at: at(30) });
    let silence = Some(Silence { id: "d8e1".into(), by: 500, until: at(3600) });
    vec![
        ("alert_critical", plain(Severity::Critical)),
        ("alert_warning", plain(Severity::Warning)),
        ("alert_info", firing(Severity::Info, bare)),
        ("alert_of_others_words", firing(Severity::Warning, long)),
        ("alert_acknowledged", Incident { acknowledged, ..plain(Severity::Critical) }),
        ("alert_silenced", Incident { silence, ..plain(Severity::Warning) }),
        ("alert_suppressed", firing(Severity::Warning, quiet)),
        ("alert_flapping", Incident { reopened: reopened(4), ..plain(Severity::Warning) }),
        ("alert_opened_again", Incident { reopened: reopened(1), ..plain(Severity::Warning) }),
        ("alert_resolved", resolved()),
        (
            "alert_found_late",
            Incident { told: Told::Late, facts_at: Some(at(720)), found: Some(at(9000)), ..resolved() },
        ),
    ]
}

fn report(source: Source, name: &str, says: Reporter, second: i64) -> Report {
    Report { source, object: name.into(), name: name.into(), says, at: at(second) }
}

pub(in crate::render) fn monitor(state: Reachable) -> Availability {
    let text = match state {
        Reachable::Up => "200 - OK",
        Reachable::Down => "connect ECONNREFUSED 192.0.2.7:443",
        Reachable::Pending => "timeout of 48000ms exceeded",
        Reachable::Maintenance => "Monitor under maintenance",
    };
    Availability {
        monitor: "Blog".into(),
        method: "http".into(),
        target: Some("https://blog.example.org/health".into()),
        state,
        text: text.into(),
        ping_ms: (state == Reachable::Up).then_some(230),
    }
}

pub(in crate::render) fn unit(state: UnitState, result: &str) -> Unit {
    Unit {
        name: "blog.service".into(),
        description: "The harbor's blog".into(),
        state,
        active: if state == UnitState::Failed { "failed (failed)" } else { "active (running)" }.into(),
        result: result.into(),
        exit: match result {
            "exit-code" => Some(Exit::Code(3)),
            "oom-kill" => Some(Exit::Signal(9)),
            _ => None,
        },
        invocation: (state == UnitState::Failed).then(|| "5f1c0b0e8d7a4c5e9b3f2a1d6e7c8b90".into()),
    }
}

fn ended() -> History {
    History { steps: vec![step(Deed::Opened, "", 0, 1), step(Deed::Resolved, "", 720, 1)], forgotten: 0 }
}

fn outage(subject: Subject, reports: Vec<Report>) -> Incident {
    let down = reports.iter().any(|report| report.says == Reporter::Down);
    let life = if down { Life::Open } else { Life::Closed };
    Incident {
        service: Some("blog".into()),
        reports,
        history: ended(),
        ..of_machine(Source::Kuma, life, Severity::Critical, subject)
    }
}

fn outages() -> Vec<(&'static str, Incident)> {
    use Reporter::{Down, Up};
    let monitor = |state| Subject::Availability(self::monitor(state));
    let down = Alert { name: "ProbeDown".into(), ..alert(Firing::Firing) };
    let all = |kuma, prometheus, systemd| {
        vec![
            report(Source::Kuma, "Blog", kuma, 0),
            report(Source::Alertmanager, "ProbeDown", prometheus, 45),
            report(Source::Systemd, "blog.service", systemd, 50),
        ]
    };
    let acknowledged = Some(Acknowledged { by: 500, at: at(55) });
    vec![
        ("outage_by_a_monitor", outage(monitor(Reachable::Down), all(Down, Up, Up)[..1].to_vec())),
        ("outage_by_an_alert", outage(Subject::Alert(down), all(Down, Down, Up)[..2].to_vec())),
        (
            "outage_by_a_unit",
            Incident {
                acknowledged,
                ..outage(Subject::Unit(unit(UnitState::Failed, "oom-kill")), all(Down, Down, Down))
            },
        ),
        ("outage_that_goes_on_for_one", outage(monitor(Reachable::Up), all(Up, Up, Down))),
        ("outage_ended", outage(monitor(Reachable::Up), all(Up, Up, Up))),
        ("outage_pending", outage(monitor(Reachable::Pending), all(Down, Up, Up))),
        ("outage_under_maintenance", outage(monitor(Reachable::Maintenance), all(Up, Up, Up))),
    ]
}

fn monitors() -> Vec<(&'static str, Incident)> {
    let monitor = |state, life| {
        of_machine(Source::Kuma, life, Severity::Warning, Subject::Availability(self::monitor(state)))
    };
    let unit = |state, life, result| {
        of_machine(Source::Systemd, life, Severity::Warning, Subject::Unit(self::unit(state, result)))
    };
    vec![
        ("monitor_down", monitor(Reachable::Down, Life::Open)),
        ("monitor_pending", monitor(Reachable::Pending, Life::Open)),
        ("monitor_up", monitor(Reachable::Up, Life::Closed)),
        ("monitor_up_again", Incident { history: ended(), ..monitor(Reachable::Up, Life::Closed) }),
        ("monitor_under_maintenance", monitor(Reachable::Maintenance, Life::Closed)),
        ("unit_failed", unit(UnitState::Failed, Life::Open, "exit-code")),
        ("unit_failed_by_an_unknown_result", unit(UnitState::Failed, Life::Open, "lost-tide")),
        (
            "unit_failed_of_an_odd_name",
            of_machine(
                Source::Systemd,
                Life::Open,
                Severity::Warning,
                Subject::Unit(Unit {
                    name: "dev-disk\\x2d1.swap".into(),
                    exit: Some(Exit::Signal(34)),
                    ..self::unit(UnitState::Failed, "signal")
                }),
            ),
        ),
        (
            "unit_reset",
            of_machine(
                Source::Systemd,
                Life::Closed,
                Severity::Info,
                Subject::Unit(Unit {
                    active: "inactive (dead)".into(),
                    ..self::unit(UnitState::Recovered, "")
                }),
            ),
        ),
        ("unit_recovered", unit(UnitState::Recovered, Life::Closed, "")),
    ]
}

fn reports() -> Vec<(&'static str, Incident)> {
    let generic = |firing, life, severity| {
        let subject = Subject::Generic(Generic {
            firing,
            title: "Backup failed".into(),
            text: "No room on **/mnt/backup**".into(),
            url: Some("https://wiki.example.org/backup".into()),
        });
        Incident {
            labels: labels(&[("host", "pi"), ("severity", "critical")]),
            service: Some("blog".into()),
            ..of_machine(Source::Generic, life, severity, subject)
        }
    };
    vec![
        ("generic_firing", generic(Some(Firing::Firing), Life::Open, Severity::Critical)),
        ("generic_resolved", generic(Some(Firing::Resolved), Life::Closed, Severity::Critical)),
        ("generic_said", generic(None, Life::Info, Severity::Info)),
        ("generic_warning", generic(None, Life::Info, Severity::Warning)),
    ]
}

pub(super) fn all() -> Vec<(&'static str, Incident)> {
    [alerts(), outages(), monitors(), reports()].concat()
}
