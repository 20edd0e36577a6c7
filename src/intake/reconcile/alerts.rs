//! What alerts are now, held against what is known of them: the part that Alertmanager and Grafana have in common.
//! Invariants:
//!
//! - a difference counts once two answers in a row show it, or the first one after a start: what has just happened is
//!   left to its webhook;
//! - what was stored after the question is newer than the answer, and nothing is changed by it;
//! - what is kept quiet is not shown anew; of what is shown, it is said what keeps it quiet.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::Value;

use super::{Desk, PullError, Seen};
use crate::{
    event::{Event, Source, Told},
    incident::{Incident, Reporter},
    intake::alertmanager::{Found, Since},
    store::{Arrival, StoreError, inbox, inbox::Stored, incidents},
    subject::{Alert, Firing, Subject},
};

/// How one program's alerts become arrivals.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    pub(super) source: Source,
    pub(super) read: fn(&[u8]) -> Result<Event, String>,
    pub(super) arrival_of: fn(&Found, Told) -> Result<Arrival, String>,
    pub(super) arrival_since: fn(&[u8], &Since, Told) -> Result<Arrival, String>,
}

/// Whether what an answer leaves out has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// It has.
    Ended,
    /// The program was just started anew, and may not have heard of it again.
    Unknown,
}

/// An answer.
pub(super) struct Answer {
    /// When it was asked for.
    pub(super) asked: Timestamp,
    /// The alerts that have not ended.
    pub(super) alerts: Vec<Found>,
    /// Those that have not ended either, but are told to others than Vigie.
    pub(super) elsewhere: Vec<Found>,
    /// What to make of those that are not there.
    pub(super) left_out: LeftOut,
}

/// Each entry of an answer that can be read.
pub(super) fn found<'v>(source: Source, entries: impl IntoIterator<Item = &'v Value>) -> Vec<Found> {
    let read = |entry| {
        Found::of_api(entry, None)
            .inspect_err(|error| {
                tracing::warn!(source = source.as_str(), error, "an alert of an answer is passed over");
            })
            .ok()
    };
    entries.into_iter().filter_map(read).collect()
}

/// Stores in what `answer` differs from what is known.
pub(super) async fn take(
    desk: &Desk,
    reader: Reader,
    answer: Answer,
    seen: &mut Seen,
) -> Result<(), PullError> {
    let differences = desk.store.read(move |conn| differences(conn, reader, &answer)).await?;
    let confirmed = seen.confirm(differences);
    Ok(desk.store_unchanged(reader.source, confirmed).await?)
}

/// What `answer` tells that is not known, each with the newest arrival that it was held against.
fn differences(
    conn: &Connection,
    reader: Reader,
    answer: &Answer,
) -> Result<Vec<(Arrival, Option<i64>)>, StoreError> {
    let mut differences = Vec::new();
    let mut present = BTreeSet::new();
    for found in &answer.elsewhere {
        present.extend((reader.arrival_of)(found, Told::Late).map(|arrival| arrival.object));
    }
    for found in &answer.alerts {
        let Ok(arrival) = (reader.arrival_of)(found, Told::Late) else { continue };
        present.insert(arrival.object.clone());
        let known = inbox::newest(conn, reader.source, &arrival.object)?;
        if known.as_ref().is_some_and(|known| known.received_ms >= answer.asked.as_millisecond()) {
            continue;
        }
        let id = known.as_ref().map(|known| known.id);
        match known.as_ref().and_then(|known| firing_body(reader, known)) {
            Some(body) => differences.extend(quiet(reader, body, found).map(|arrival| (arrival, id))),
            // A body may be too old to be kept.
            None if known.as_ref().is_some_and(|known| known.source_key == arrival.source_key) => {}
            None if !found.suppressed_by.is_empty() => {}
            None => differences.push((arrival, id)),
        }
    }
    if answer.left_out == LeftOut::Ended {
        for object in firing(conn, reader.source)?.difference(&present) {
            let Some(known) = inbox::newest(conn, reader.source, object)? else { continue };
            if known.received_ms >= answer.asked.as_millisecond() {
                continue;
            }
            let ended = firing_body(reader, &known)
                .and_then(|body| (reader.arrival_since)(body, &Since::Ended(answer.asked), Told::Late).ok());
            differences.extend(ended.map(|arrival| (arrival, Some(known.id))));
        }
    }
    Ok(differences)
}

/// The body of an alert that fires as far as is known.
fn firing_body(reader: Reader, known: &Stored) -> Option<&[u8]> {
    let body = known.body.as_deref()?;
    (alert(reader, body)?.state == Firing::Firing).then_some(body)
}

fn alert(reader: Reader, body: &[u8]) -> Option<Alert> {
    match (reader.read)(body).ok()?.subject {
        Subject::Alert(alert) => Some(alert),
        _ => None,
    }
}

/// That something else keeps a known alert quiet than before, or nothing any more. Webhooks never tell that, so it is
/// not late.
fn quiet(reader: Reader, body: &[u8], found: &Found) -> Option<Arrival> {
    let since = Since::Quiet(found.suppressed_by.clone());
    let mut arrival = (reader.arrival_since)(body, &since, Told::AtOnce).ok()?;
    let now = alert(reader, &arrival.body)?.suppressed_by;
    if alert(reader, body)?.suppressed_by == now {
        return None;
    }
    if !now.is_empty() {
        arrival.source_key = format!("{} quiet {}", arrival.source_key, now.join(" "));
    }
    Some(arrival)
}

/// The alerts of `source` that are shown as firing, by their objects.
fn firing(conn: &Connection, source: Source) -> Result<BTreeSet<String>, StoreError> {
    let mut objects = BTreeSet::new();
    for row in incidents::open(conn)? {
        let Ok(incident) = serde_json::from_str::<Incident>(&row.data) else { continue };
        if incident.reports.is_empty() && incident.source == source {
            objects.insert(incident.key);
        } else {
            let down = incident
                .reports
                .into_iter()
                .filter(|report| report.source == source && report.says == Reporter::Down);
            objects.extend(down.map(|report| report.object));
        }
    }
    Ok(objects)
}
