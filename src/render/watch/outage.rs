//! A service that is down by the word of one or several reporters.

use super::{State, alert, embed, monitor};
use crate::{
    incident::{Incident, Life, Report, Reporter},
    render::{
        limits, markdown,
        message::{Embed, Field},
        page::{Layout, Page, below, code_span},
    },
    subject::{Reachable, Subject, UnitState},
};

pub(in crate::render) fn outage(page: &Page<'_>) -> Embed {
    let incident = page.incident;
    let name = incident.service.as_deref().unwrap_or(&incident.key);
    let embed = embed(page, state(incident), name);
    let (text, facts) = latest(page);
    Embed {
        description: below(text, &embed.description),
        fields: embed.fields.into_iter().chain(facts).chain(reports(page)).collect(),
        ..embed
    }
}

/// How the service stands by all reports and the latest facts.
fn state(incident: &Incident) -> State {
    let down = incident.reports.iter().filter(|report| report.says == Reporter::Down).count();
    let seen = match &incident.subject {
        Subject::Availability(monitor) => Some(monitor.state),
        _ => None,
    };
    match (incident.life, seen) {
        (Life::Open, Some(Reachable::Pending)) if down == 1 => State::Pending,
        (Life::Open, _) => State::Down,
        (_, Some(Reachable::Maintenance)) => State::Maintenance,
        _ => State::up(incident),
    }
}

/// What the latest facts say, as far as they agree with where the service stands: who says that it is up
/// has nothing to say of an outage that goes on.
fn latest(page: &Page<'_>) -> (String, Vec<Field>) {
    let down = page.incident.life == Life::Open;
    match &page.incident.subject {
        Subject::Alert(alert) if down => {
            (below(alert::words(page, alert), &alert::links(page, &alert.links)), Vec::new())
        }
        Subject::Availability(monitor)
            if down == matches!(monitor.state, Reachable::Down | Reachable::Pending) =>
        {
            (page.text(&monitor.text, limits::ACCOUNT), monitor::probe(page, monitor))
        }
        Subject::Unit(unit) if down == (unit.state == UnitState::Failed) => {
            (page.text(&unit.description, limits::SUMMARY), monitor::outcome(page, unit))
        }
        _ => (String::new(), Vec::new()),
    }
}

/// Who says what since when; who says that it is down comes first.
fn reports(page: &Page<'_>) -> Option<Field> {
    let mut reports: Vec<&Report> = page.incident.reports.iter().collect();
    reports.sort_by_key(|report| (report.says == Reporter::Up, report.at));
    let line = |report: &&Report| {
        let (icon, says) = match report.says {
            Reporter::Down => ("🔴", "down"),
            Reporter::Up => ("🟢", "up"),
        };
        let source = page.say("source-name", &[("source", report.source.as_str().into())]);
        let says = page.say("report-says", &[("says", says.into())]);
        let name = code_span(&report.name, limits::FACT);
        format!("{icon} {source} {name} · {says} · {}", markdown::ago(report.at))
    };
    let lines: Vec<String> = reports.iter().map(line).collect();
    page.field("field-reports", page.list(&lines, "\n", limits::HISTORY), Layout::Alone)
}
