//! What the webhooks of Alertmanager and Grafana have in common: Grafana sends Alertmanager's body with
//! fields of its own (`prometheus/alertmanager`, `template/template.go`; `grafana/alerting`,
//! `receivers/webhook/v1`).
//!
//! Invariants:
//! - one alert is one arrival, by its own state, whatever its group's is; its place in the group says nothing;
//! - an alert is its labels: `object` and `incident` are all of them, sorted, as JSON. `source_key` adds its
//!   state and since when it fires, so a notification that is repeated is a repeat, and an alert that ended
//!   and fires anew is not. Times count to the millisecond, because Alertmanager's API tells no more;
//! - a label is kept whole or not at all, because silences are made of labels; an event is bounded in size
//!   nevertheless;
//! - a webhook of another version is refused and never guessed at: both programs let their users send any JSON.
//!
//! The body that is stored of an alert is JSON of our own: `alert` as it came, `group` with the facts of its
//! group, and `suppressed_by` if it was found by asking.

mod found;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub use self::found::{Found, Since};
use super::{
    bounds::{bounded, cut, line, link, name, nullable, prose, time},
    json,
};
use crate::{
    event::{Event, Severity, Source, Told},
    store::Arrival,
    subject::{Alert, AlertLinks, Firing, Generic, Subject},
};

/// The kind of every alert.
const KIND: &str = "alert";

/// The kind of what only tries whether alerts arrive.
const TEST: &str = "test";

/// What is kept of a group, where it has it.
const FACTS: [&str; 8] = [
    "externalURL",
    "groupKey",
    "notification_reason",
    "orgId",
    "receiver",
    "state",
    "title",
    "truncatedAlerts",
];

/// What is kept of a group's fact, in characters.
const FACT_AT_MOST: usize = 2048;

/// What is told of a mistake, in characters; it may quote a value of the body.
const MISTAKE_AT_MOST: usize = 300;

/// How many bytes of labels an event has.
const LABELS_AT_MOST: usize = 16 * 1024;

/// What a stored body is called.
const KEPT: &str = "an alert as Vigie keeps it";

/// How many silences and inhibitions of an alert are kept.
const SUPPRESSED_BY_AT_MOST: usize = 20;

/// What sets one program's webhooks apart from the other's.
pub(super) struct Dialect {
    /// Who sends them.
    pub(super) source: Source,
    /// What one is called.
    pub(super) what: &'static str,
    /// What its `version` says.
    pub(super) version: &'static str,
    /// What to do about another version.
    pub(super) remedy: &'static str,
    /// Brings an alert into the form of Alertmanager's, with what Vigie wants of it.
    pub(super) adapt: fn(&mut Wire, &Group),
    /// Whether it is no alert at all, but somebody tries whether alerts arrive.
    pub(super) is_test: fn(&Wire, &Group) -> bool,
}

/// Facts of a group, by their names on the wire.
pub(super) type Group = Map<String, Value>;

/// One alert on the wire.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a JSON object")]
pub(super) struct Wire {
    status: Firing,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "nullable")]
    pub(super) annotations: BTreeMap<String, String>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    pub(super) fingerprint: Option<String>,
    #[serde(rename = "generatorURL")]
    generator_url: Option<String>,
    #[serde(rename = "silenceURL")]
    pub(super) silence_url: Option<String>,
    #[serde(rename = "dashboardURL")]
    dashboard_url: Option<String>,
    #[serde(rename = "panelURL")]
    panel_url: Option<String>,
    values: Option<BTreeMap<String, Value>>,
    value_string: Option<String>,
}

/// What is stored of one alert.
#[derive(Serialize, Deserialize)]
struct Kept {
    alert: Value,
    group: Group,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    suppressed_by: Vec<String>,
}

impl Dialect {
    /// What a webhook becomes: one arrival for each of its alerts.
    ///
    /// # Errors
    /// If it is not such a webhook: what was expected and what came.
    pub(super) fn arrivals(&self, body: &[u8]) -> Result<Vec<Arrival>, String> {
        let what = self.what;
        let mut webhook: Map<String, Value> = json::read(what, body)?;
        match webhook.get("version") {
            Some(Value::String(version)) if version == self.version => {}
            other => {
                let found = other.map_or_else(|| "none".to_owned(), |other| cut(other.to_string(), 40));
                let (version, remedy) = (self.version, self.remedy);
                return Err(format!(
                    "expected {what}, whose version is \"{version}\", found {found}: {remedy}"
                ));
            }
        }
        let alerts = match webhook.remove("alerts") {
            Some(Value::Array(alerts)) if !alerts.is_empty() => alerts,
            None | Some(Value::Array(_) | Value::Null) => {
                return Err(format!(
                    "expected {what} with at least one alert in its list 'alerts', found none"
                ));
            }
            Some(_) => return Err(format!("expected {what}, but its 'alerts' is no list")),
        };
        webhook.retain(|name, fact| FACTS.contains(&name.as_str()) && (fact.is_string() || fact.is_number()));
        for fact in webhook.values_mut() {
            if let Value::String(text) = fact {
                *text = cut(std::mem::take(text), FACT_AT_MOST);
            }
        }
        let one = |(place, alert): (usize, Value)| {
            let kept = Kept { alert, group: webhook.clone(), suppressed_by: Vec::new() };
            self.arrival(&kept, Told::AtOnce)
                .map_err(|error| format!("expected {what}, but alerts[{place}] is other JSON: {error}"))
        };
        alerts.into_iter().enumerate().map(one).collect()
    }

    /// What an alert becomes that was found by asking.
    ///
    /// # Errors
    /// If it has no labels, so that nothing says which it is.
    pub(super) fn found(&self, found: &Found, told: Told) -> Result<Arrival, String> {
        let group = found.external_url.as_ref().map(|url| ("externalURL".to_owned(), url.as_str().into()));
        let alert = json!({
            "status": found.state,
            "labels": found.labels,
            "annotations": found.annotations,
            "startsAt": found.starts_at,
            "endsAt": found.ends_at,
            "generatorURL": found.generator_url,
        });
        let suppressed_by = quiet(&found.suppressed_by);
        self.arrival(&Kept { alert, group: group.into_iter().collect(), suppressed_by }, told)
    }

    /// What an alert that was stored as `body` becomes by what is known since.
    ///
    /// # Errors
    /// If the body was not made here.
    pub(super) fn since(&self, body: &[u8], since: &Since, told: Told) -> Result<Arrival, String> {
        let mut kept: Kept = json::read(KEPT, body)?;
        match since {
            Since::Ended(at) => {
                kept.alert["status"] = json!(Firing::Resolved);
                kept.alert["endsAt"] = json!(at);
                kept.suppressed_by.clear();
            }
            Since::Quiet(by) => kept.suppressed_by = quiet(by),
        }
        self.arrival(&kept, told)
    }

    fn arrival(&self, kept: &Kept, told: Told) -> Result<Arrival, String> {
        let Event { kind, source_key, object, .. } = self.event(kept)?;
        let body = serde_json::to_vec(kept).map_err(|error| error.to_string())?;
        Ok(Arrival { source: self.source, told, delivery: None, kind, source_key, object, body })
    }

    /// Reads a stored body again.
    ///
    /// # Errors
    /// If it was not made here.
    pub(super) fn read(&self, body: &[u8]) -> Result<Event, String> {
        self.event(&json::read(KEPT, body)?)
    }

    fn event(&self, kept: &Kept) -> Result<Event, String> {
        if !kept.alert.is_object() {
            return Err("expected a JSON object".to_owned());
        }
        let mut alert = Wire::deserialize(&kept.alert).map_err(|error| mistake(&error))?;
        // A label without a value is no label.
        alert.labels.retain(|_, value| !value.is_empty());
        (self.adapt)(&mut alert, &kept.group);
        if alert.labels.is_empty() {
            return Err("expected labels, which say what alert it is, found none".to_owned());
        }
        let is_test = (self.is_test)(&alert, &kept.group);
        let event = alert.event(self.source, kept);
        Ok(if is_test { test(event, &kept.group) } else { event })
    }
}

/// What `event` becomes if it is a test: something that is only said, since nothing ever ends it.
fn test(event: Event, group: &Group) -> Event {
    let Subject::Alert(alert) = event.subject else { return event };
    let text = [alert.summary, alert.description].join("\n\n");
    let pressed = group.get("groupKey").and_then(Value::as_str).unwrap_or(&event.source_key);
    Event {
        kind: TEST.to_owned(),
        source_key: bounded(format!("{TEST} {pressed}")),
        object: TEST.to_owned(),
        incident: None,
        severity: Severity::Info,
        subject: Subject::Generic(Generic {
            title: alert.name,
            text: text.trim().to_owned(),
            ..Generic::default()
        }),
        ..event
    }
}

impl Wire {
    fn event(self, source: Source, kept: &Kept) -> Event {
        let (starts_at, ends_at) = (instant(self.starts_at.as_deref()), instant(self.ends_at.as_deref()));
        // While it fires, its end is a date at which it is taken for ended unless it is heard of again.
        let ends_at = ends_at.filter(|_| self.status == Firing::Resolved);
        let (state, at) = match self.status {
            Firing::Firing => ("firing", starts_at),
            Firing::Resolved => ("resolved", ends_at),
        };
        let object = bounded(json!(self.labels).to_string());
        let since = starts_at.map_or_else(|| "-".to_owned(), |since| since.to_string());
        let labels = within_bounds(&self.labels);
        Event {
            source,
            told: Told::AtOnce,
            kind: KIND.to_owned(),
            source_key: bounded(format!("{object} {state} {since}")),
            incident: Some(object.clone()),
            repository: None,
            repository_url: None,
            service: self.labels.get("service").cloned().map(name),
            severity: severity(self.labels.get("severity").map_or("", String::as_str)),
            labels: labels.clone(),
            actor: None,
            at,
            subject: Subject::Alert(Alert {
                name: self.name().unwrap_or_else(|| line(object.clone())),
                state: self.status,
                summary: self.summary(),
                description: self.description(),
                value: self.value(),
                links: self.links(),
                labels,
                starts_at,
                ends_at,
                truncated: kept.group.get("truncatedAlerts").and_then(Value::as_u64).unwrap_or_default(),
                suppressed_by: kept.suppressed_by.clone(),
            }),
            object,
        }
    }

    /// The name of its rule. An alert of Grafana's that says that a rule has no data or can't be evaluated
    /// has the rule's name in another label (`services/ngalert/state/compat.go`).
    fn name(&self) -> Option<String> {
        let named = self.labels.get("alertname")?;
        let rule = self.labels.get("rulename").filter(|_| named.starts_with("Datasource"));
        Some(line(rule.map_or_else(|| named.clone(), |rule| format!("{rule} ({named})"))))
    }

    /// The first of these annotations that says something.
    fn annotation(&self, names: &[&str]) -> Option<&str> {
        names
            .iter()
            .filter_map(|name| self.annotations.get(*name))
            .map(|text| text.trim())
            .find(|text| !text.is_empty())
    }

    fn summary(&self) -> String {
        line(self.annotation(&["summary", "title"]).unwrap_or_default().to_owned())
    }

    /// Its description; where it has neither that nor a summary, all its annotations.
    fn description(&self) -> String {
        let described = self.annotation(&["description", "message", "Error"]).map(str::to_owned);
        prose(described.unwrap_or_else(|| {
            if self.annotation(&["summary", "title"]).is_some() {
                return String::new();
            }
            let lines = self.annotations.iter().map(|(name, text)| format!("{name}: {text}"));
            lines.collect::<Vec<_>>().join("\n")
        }))
    }

    /// What Grafana measured; of others what the annotation of that name says.
    fn value(&self) -> Option<String> {
        let measured = self.values.iter().flatten().map(|(name, value)| format!("{name}={value}"));
        let measured = measured.collect::<Vec<_>>().join(", ");
        let texts = [Some(measured.as_str()), self.value_string.as_deref(), self.annotation(&["value"])];
        texts.into_iter().flatten().find(|text| !text.is_empty()).map(|text| line(text.to_owned()))
    }

    fn links(&self) -> AlertLinks {
        let first = |addresses: [Option<&str>; 3]| addresses.into_iter().find_map(link);
        let annotation = |names: &[&str]| self.annotation(names);
        AlertLinks {
            source: link(self.generator_url.as_deref()),
            runbook: first([annotation(&["runbook_url"]), annotation(&["runbook"]), None]),
            dashboard: first([
                self.panel_url.as_deref(),
                self.dashboard_url.as_deref(),
                annotation(&["dashboard_url", "dashboard"]),
            ]),
            silence: link(self.silence_url.as_deref()),
        }
    }
}

/// How much an alert matters whose label `severity` says `word`. Nothing standardises these words; they are
/// those of the usual collections of rules. An unknown one is a warning.
fn severity(word: &str) -> Severity {
    match word.trim().to_lowercase().as_str() {
        "critical" | "page" | "emergency" | "fatal" => Severity::Critical,
        "info" | "information" | "informational" | "notice" | "debug" | "none" => Severity::Info,
        _ => Severity::Warning,
    }
}

/// As many labels as an event has room for.
fn within_bounds(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut left = LABELS_AT_MOST;
    let mut fits = |(name, value): &(&String, &String)| {
        let rest = left.checked_sub(name.len() + value.len());
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    labels.iter().filter(&mut fits).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What keeps an alert quiet, bounded.
fn quiet(by: &[String]) -> Vec<String> {
    by.iter().take(SUPPRESSED_BY_AT_MOST).cloned().map(name).collect()
}

/// A time to the millisecond; none if it is Go's zero time.
fn instant(text: Option<&str>) -> Option<Timestamp> {
    Timestamp::from_millisecond(time(text)?.as_millisecond()).ok()
}

fn mistake(error: &serde_json::Error) -> String {
    cut(error.to_string(), MISTAKE_AT_MOST)
}

#[cfg(test)]
mod tests;
