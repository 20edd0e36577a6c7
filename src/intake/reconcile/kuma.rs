//! What each monitor says by Uptime Kuma's metrics, held against what is known. Invariants: a monitor whose webhook
//! never came is shown once it is down; one that is up and was never told of is nothing to show; 1.23 does not
//! number its monitors there, so they are found by name and kind, and not at all where two share both.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Desk, Pull, PullError, Seen};
use crate::{
    backends::{
        Client,
        kuma::{Kuma, Monitor},
    },
    event::{Source, Told},
    intake::kuma,
    store::{Arrival, StoreError, inbox, inbox::Stored},
    subject::{Availability, Reachable, Subject},
};

/// Uptime Kuma, asked.
pub(super) struct Pulled {
    api: Kuma,
    seen: Seen,
}

impl Pulled {
    pub(super) fn new(client: Client) -> Self {
        Self { api: Kuma::new(client), seen: Seen::default() }
    }
}

impl Pull for Pulled {
    const NAME: &'static str = "kuma";

    async fn pull(&mut self, desk: &Desk) -> Result<(), PullError> {
        let asked = desk.clock.now();
        let monitors = self.api.monitors().await?;
        let differences = desk.store.read(move |conn| differences(conn, &monitors, asked)).await?;
        let confirmed = self.seen.confirm(differences);
        Ok(desk.store_unchanged(Source::Kuma, confirmed).await?)
    }
}

/// What is known of a monitor.
struct Known {
    stored: Stored,
    says: Availability,
}

fn differences(
    conn: &Connection,
    monitors: &[Monitor],
    asked: Timestamp,
) -> Result<Vec<(Arrival, Option<i64>)>, StoreError> {
    let known: Vec<Known> =
        inbox::newest_of_each(conn, Source::Kuma)?.into_iter().filter_map(known).collect();
    let mut shared: BTreeMap<_, usize> = BTreeMap::new();
    for monitor in monitors {
        *shared.entry((label(monitor, "name"), label(monitor, "type"))).or_default() += 1;
    }
    let mut differences = Vec::new();
    for monitor in monitors {
        let (name, method) = (label(monitor, "name"), label(monitor, "type"));
        let id = label(monitor, "id").parse().ok();
        if id.is_none() && shared[&(name, method)] > 1 {
            tracing::debug!(name, method, "monitors of the same name and kind can't be told apart");
            continue;
        }
        let object = kuma::object(id, name);
        let same = |known: &&Known| match id {
            Some(_) => known.stored.object == object,
            None => known.says.monitor == name && known.says.method == method,
        };
        let matching: Vec<_> = known.iter().filter(same).collect();
        if matching.is_empty() && monitor.status == 0 {
            differences.extend(arrival(monitor, None, asked).map(|arrival| (arrival, None)));
        }
        for Known { stored, says } in matching {
            let down = says.state == Reachable::Down;
            // A pending monitor tries again before it says anything; maintenance is news only of what is shown.
            let news = match monitor.status {
                0 => !down,
                1 | 3 => down,
                _ => false,
            };
            if news && stored.received_ms < asked.as_millisecond() {
                let body = stored.body.as_deref();
                differences.extend(arrival(monitor, body, asked).map(|arrival| (arrival, Some(stored.id))));
            }
        }
    }
    Ok(differences)
}

fn known(stored: Stored) -> Option<Known> {
    match kuma::read(stored.body.as_deref()?).ok()?.subject {
        Subject::Availability(says) => Some(Known { stored, says }),
        _ => None,
    }
}

/// What a webhook would have told; the monitor's facts are those of its last one, which tells more than the metrics.
fn arrival(monitor: &Monitor, last: Option<&[u8]>, asked: Timestamp) -> Option<Arrival> {
    let last: Option<Value> = last.and_then(|body| serde_json::from_slice(body).ok());
    let facts = last.as_ref().map(|last| &last["monitor"]).filter(|facts| facts.is_object());
    let id: Option<u64> = label(monitor, "id").parse().ok();
    let id =
        id.or_else(|| facts?["id"].as_u64()).or_else(|| last.as_ref()?["heartbeat"]["monitorID"].as_u64());
    let text = match monitor.status {
        0 => "down when it was asked",
        1 => "up when it was asked",
        _ => "under maintenance when it was asked",
    };
    let body = json!({
        "heartbeat": {
            "monitorID": id, "status": monitor.status, "msg": text,
            "time": asked.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        },
        "monitor": facts.cloned().unwrap_or_else(|| described(monitor, id)),
        "msg": text,
    });
    let body = body.to_string().into_bytes();
    let event = kuma::read(&body)
        .inspect_err(|error| {
            tracing::warn!(source = "kuma", error, "a monitor of the metrics is passed over");
        })
        .ok()?;
    Some(Arrival {
        source: Source::Kuma,
        told: Told::Late,
        delivery: None,
        kind: event.kind,
        source_key: event.source_key,
        object: event.object,
        body,
    })
}

/// The monitor as its webhook describes it, by its labels. Tags are those labels that are not Kuma's own.
fn described(monitor: &Monitor, id: Option<u64>) -> Value {
    let own = ["id", "name", "type", "url", "hostname", "port"].map(|name| format!("monitor_{name}"));
    let tags = monitor.labels.iter().filter(|(name, _)| !own.contains(name));
    json!({
        "id": id, "name": label(monitor, "name"), "type": label(monitor, "type"),
        "url": monitor.labels.get("monitor_url"), "hostname": monitor.labels.get("monitor_hostname"),
        "port": label(monitor, "port").parse::<u16>().ok(),
        "tags": tags.map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
    })
}

fn label<'m>(monitor: &'m Monitor, name: &str) -> &'m str {
    monitor.labels.get(&format!("monitor_{name}")).map_or("", String::as_str)
}
