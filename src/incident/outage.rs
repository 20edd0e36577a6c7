//! One outage, whoever reports it: what says that the same service is down is one incident, opened by the
//! first, ended when all say that it is up. Invariants: each reporter's newest word counts, whatever order
//! they come in; alerts about a service that do not say that it is down (latency, error budget) stand apart.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Life;
use crate::{
    event::{Event, Severity, Source},
    subject::{Alert, Firing, Reachable, Subject, UnitState},
};

/// What a reporter says of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reporter {
    /// It is down.
    Down,
    /// It is up.
    Up,
}

/// One reporter's newest word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Who reports.
    pub source: Source,
    /// The source's own name for what it watches.
    pub object: String,
    /// What people call it: the monitor, the unit, the alert's rule.
    pub name: String,
    /// What it says.
    pub says: Reporter,
    /// Since when.
    pub at: Timestamp,
}

/// The label by which an alert says that it is about a service being down: `availability = "down"`.
const LABEL: (&str, &str) = ("availability", "down");

/// The key of the incident that `event` belongs to, if it says whether a watched service is down.
pub(super) fn key(event: &Event) -> Option<String> {
    let service = event.service.as_ref()?;
    says(&event.subject)?;
    Some(format!("service {service}"))
}

/// Makes `event` critical if it says whether one of the `critical` services is down.
pub fn weigh(event: &mut Event, critical: &BTreeSet<String>) {
    if key(event).is_some() && event.service.as_ref().is_some_and(|name| critical.contains(name)) {
        event.severity = Severity::Critical;
    }
}

/// Takes what `event` says of a service, if it does, at the time `at`.
pub(super) fn add(reports: &mut Vec<Report>, event: &Event, at: Timestamp) {
    let Some((name, says)) = event.service.as_ref().and_then(|_| says(&event.subject)) else { return };
    let known = reports.iter_mut().find(|one| one.source == event.source && one.object == event.object);
    match known {
        Some(known) if at < known.at => {}
        Some(known) if known.says == says => name.clone_into(&mut known.name),
        Some(known) => (known.says, known.at) = (says, at),
        None => {
            let (source, object) = (event.source, event.object.clone());
            reports.push(Report { source, object, name: name.to_owned(), says, at });
        }
    }
}

/// Whether `event` says of an outage that goes on what its reporter has not said: monitors that stay down are
/// told again and again.
pub(super) fn is_new_word(reports: &[Report], event: &Event) -> bool {
    let Some((_, says)) = event.service.as_ref().and_then(|_| says(&event.subject)) else { return false };
    let word = (event.source, &event.object, says);
    !reports.is_empty() && reports.iter().all(|one| (one.source, &one.object, one.says) != word)
}

/// Where the outage stands by all reports; `None` without any.
pub(super) fn life(reports: &[Report]) -> Option<Life> {
    let down = reports.iter().any(|report| report.says == Reporter::Down);
    (!reports.is_empty()).then_some(if down { Life::Open } else { Life::Closed })
}

/// Who says what of a service, if these facts do.
fn says(subject: &Subject) -> Option<(&str, Reporter)> {
    let (name, down) = match subject {
        Subject::Alert(alert) if is_outage(alert) => (&alert.name, alert.state == Firing::Firing),
        Subject::Availability(one) => {
            (&one.monitor, matches!(one.state, Reachable::Down | Reachable::Pending))
        }
        Subject::Unit(unit) => (&unit.name, unit.state == UnitState::Failed),
        _ => return None,
    };
    Some((name, if down { Reporter::Down } else { Reporter::Up }))
}

/// Whether an alert is about something being down: its rule's name ends so (`ServiceDown`, `ProbeDown`), or
/// its label `availability` says so.
fn is_outage(alert: &Alert) -> bool {
    alert.labels.get(LABEL.0).map_or_else(
        || alert.name.to_ascii_lowercase().trim_end_matches(|c: char| !c.is_alphanumeric()).ends_with("down"),
        |value| value == LABEL.1,
    )
}
