//! Reads Uptime Kuma's webhooks (1.23 and 2.x; `server/notification-providers/webhook.js`,
//! `server/model/monitor.js`, `server/model/heartbeat.js`).
//!
//! Invariants:
//! - the same beat always gives the same event, in whichever mode it comes;
//! - of a webhook only what is read here is kept: never what the monitored site answered (`response`, 2.1 and
//!   later), nor the monitor's settings;
//! - a status that is not known is a notice, never a mistake;
//! - a monitor is known by its number, so it stays the same when it gets another name.
//!
//! A webhook without heartbeat is told from others by its text, because Kuma says nothing else of it.
//!
//! | webhook | kind | `object` | `source_key` | `incident` |
//! |---|---|---|---|---|
//! | with a heartbeat | `availability` | `monitor 7` | object, status, the heartbeat's time | the object |
//! | `… certificate … will expire in 7 days` | `certificate` | what expires | the text | stands alone |
//! | `Domain name … will expire in 7 days` | `domain` | what expires | the text | stands alone |
//! | `… Testing` | `test` | `test` | none: each press of the button is seen | stands alone |
//! | any other | `notice` | `notice` | none | stands alone |
//!
//! A monitor that stays down is told again after some beats (`resendInterval`), under another time: that is a
//! further step in the history of the same incident.

mod modes;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{bounds, hooks::Request, json};
use crate::{
    event::{Event, Severity, Source, Told},
    store::Arrival,
    subject::{Availability, Generic, Reachable, Subject},
};

/// How many tags of a monitor are kept.
const TAGS_AT_MOST: usize = 50;

/// What a webhook tells, in the shape in which Kuma sends it and in which it is kept.
#[derive(Debug, Deserialize, Serialize)]
#[serde(expecting = "a JSON object")]
struct Webhook {
    /// Absent from some tests and notices, and from the query then.
    heartbeat: Option<Heartbeat>,
    monitor: Option<Monitor>,
    msg: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(expecting = "a JSON object")]
struct Heartbeat {
    #[serde(rename = "monitorID")]
    monitor_id: Option<u64>,
    status: i64,
    time: Option<String>,
    msg: Option<String>,
    #[serde(default, deserialize_with = "milliseconds")]
    ping: Option<u64>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(expecting = "a JSON object")]
struct Monitor {
    id: Option<u64>,
    name: Option<String>,
    r#type: Option<String>,
    url: Option<String>,
    hostname: Option<String>,
    #[serde(default, deserialize_with = "if_known")]
    port: Option<u16>,
    #[serde(default, deserialize_with = "if_known")]
    tags: Option<Vec<Tag>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(expecting = "a JSON object")]
struct Tag {
    name: Option<String>,
    value: Option<String>,
}

/// Takes a fact that can be done without for none if it is of another type: Kuma sends nothing twice, so what
/// is refused is lost.
fn if_known<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

/// A round-trip time; a fraction of a millisecond is measured by pings, more than eleven days by nobody.
fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let time = if_known::<f64, D>(deserializer)?.filter(|time| (0.0..1e9).contains(time));
    Ok(time.and_then(|time| u64::try_from(Duration::from_secs_f64((time + 0.5) / 1e3).as_millis()).ok()))
}

/// What a webhook becomes.
///
/// # Errors
/// If it is not one of Kuma's.
pub fn arrival(request: &Request<'_>) -> Result<Arrival, String> {
    let webhook = modes::webhook(request)?;
    // Numbers and texts always make JSON.
    let body = serde_json::to_vec(&webhook).map_err(|error| error.to_string())?;
    let Event { kind, source_key, object, .. } = event(webhook)?;
    Ok(Arrival { source: Source::Kuma, told: Told::AtOnce, delivery: None, kind, source_key, object, body })
}

/// Reads the kept part of a webhook again.
///
/// # Errors
/// If it is not one of Kuma's.
pub fn read(body: &[u8]) -> Result<Event, String> {
    event(json::read(modes::WHAT, body)?)
}

/// The name under which a monitor's events stand, by which pulled ones find those of webhooks.
pub fn object(id: Option<u64>, name: &str) -> String {
    bounds::bounded(id.map_or_else(|| format!("monitor '{name}'"), |id| format!("monitor {id}")))
}

fn event(webhook: Webhook) -> Result<Event, String> {
    let Webhook { heartbeat, monitor, msg } = webhook;
    let (monitor, msg) = (monitor.unwrap_or_default(), msg.unwrap_or_default());
    let mut event = Event {
        source: Source::Kuma,
        told: Told::AtOnce,
        kind: String::new(),
        source_key: String::new(),
        object: String::new(),
        incident: None,
        repository: None,
        repository_url: None,
        service: monitor.service(),
        severity: Severity::Info,
        labels: monitor.labels(),
        actor: None,
        at: heartbeat.as_ref().and_then(|beat| time(beat.time.as_deref()?)),
        subject: Subject::Generic(Generic::default()),
    };
    match heartbeat.map(|beat| (state(beat.status), beat)) {
        Some((Some(state), beat)) => availability(&mut event, &monitor, state, beat, msg)?,
        _ => notice(&mut event, msg)?,
    }
    Ok(event)
}

/// The statuses of `src/util.js`.
const fn state(status: i64) -> Option<Reachable> {
    match status {
        0 => Some(Reachable::Down),
        1 => Some(Reachable::Up),
        2 => Some(Reachable::Pending),
        3 => Some(Reachable::Maintenance),
        _ => None,
    }
}

fn availability(
    event: &mut Event,
    monitor: &Monitor,
    state: Reachable,
    beat: Heartbeat,
    msg: String,
) -> Result<(), String> {
    let id = monitor.id.or(beat.monitor_id);
    let name = match (&monitor.name, id) {
        (Some(name), _) if !name.trim().is_empty() => name.clone(),
        (_, Some(id)) => format!("#{id}"),
        _ => {
            return Err(format!(
                "expected {} whose monitor has an id or a name, but it has none",
                modes::WHAT
            ));
        }
    };
    let text = beat.msg.unwrap_or(msg);
    let when = beat.time.unwrap_or_else(|| bounds::digest(text.as_bytes()));
    event.kind = "availability".into();
    event.object = object(id, &name);
    event.source_key = bounds::bounded(format!("{} {} {when}", event.object, beat.status));
    event.incident = Some(event.object.clone());
    event.severity = if state == Reachable::Down { Severity::Warning } else { Severity::Info };
    event.subject = Subject::Availability(Availability {
        monitor: bounds::name(name),
        method: bounds::name(monitor.r#type.clone().unwrap_or_default()),
        target: monitor.target(),
        state,
        text: bounds::prose(text),
        ping_ms: beat.ping,
    });
    Ok(())
}

/// What Kuma says without a heartbeat that Vigie knows.
fn notice(event: &mut Event, msg: String) -> Result<(), String> {
    if msg.trim().is_empty() {
        return Err(format!(
            "expected {} with a heartbeat or with a text in 'msg', but it has neither",
            modes::WHAT
        ));
    }
    let expires = msg.split_once("will expire in").map(|(what, _)| what.trim_end());
    let kind = match expires {
        Some(what) if what.contains("Domain name ") => "domain",
        Some(what) if what.contains("certificate") => "certificate",
        _ if msg.ends_with(" Testing") => "test",
        _ => "notice",
    };
    event.kind = kind.into();
    event.object = kind.into();
    if let ("domain" | "certificate", Some(what)) = (kind, expires) {
        event.object = bounds::bounded(format!("{kind} {what}"));
        event.source_key = bounds::bounded(format!("{kind} {msg}"));
        event.severity = Severity::Warning;
    }
    let title = bounds::line(msg.clone());
    let text = if title == msg { String::new() } else { bounds::prose(msg) };
    event.subject = Subject::Generic(Generic { title, text, ..Generic::default() });
    Ok(())
}

/// A time of Kuma's database, in UTC without saying so.
fn time(text: &str) -> Option<Timestamp> {
    let of_civil = |time: DateTime| TimeZone::UTC.to_timestamp(time).ok();
    text.parse().ok().or_else(|| of_civil(text.parse().ok()?))
}

impl Monitor {
    /// Its tags that say something: name and value.
    fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let tags = self.tags.iter().flatten().take(TAGS_AT_MOST);
        tags.filter_map(|tag| Some((tag.name.as_deref()?, tag.value.as_deref()?.trim())))
            .filter(|(name, value)| !name.is_empty() && !value.is_empty())
    }

    /// The watched service that it speaks of: the value of its tag `service`.
    fn service(&self) -> Option<String> {
        self.tags().find(|(name, _)| *name == "service").map(|(_, value)| bounds::name(value.to_owned()))
    }

    /// What routes can match: its tags, and its name under `monitor`.
    fn labels(&self) -> BTreeMap<String, String> {
        let name = self.name.as_deref().map(|name| ("monitor", name));
        let bounded = |(name, value): (&str, &str)| (bounds::name(name.into()), bounds::name(value.into()));
        self.tags().chain(name).map(bounded).collect()
    }

    /// Where it looks. Monitors of hosts have an empty address beside the host (`https://`). Credentials in
    /// an address are left out.
    fn target(&self) -> Option<String> {
        let url = self.url.as_deref().and_then(|text| Url::parse(text).ok()).filter(Url::has_host);
        let url = url.map(|mut url| {
            // An address with a host can do without a user.
            let _ = (url.set_username(""), url.set_password(None));
            String::from(url)
        });
        let host = self.hostname.clone().filter(|host| !host.is_empty());
        let host = host.map(|host| self.port.map_or(host.clone(), |port| format!("{host}:{port}")));
        let of_host = ["ping", "port", "dns"].contains(&self.r#type.as_deref().unwrap_or_default());
        let target = if of_host { host.or(url) } else { url.or(host) };
        target.map(bounds::line)
    }
}
