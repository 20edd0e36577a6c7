//! Reads Grafana's webhooks, version 1 (`grafana/alerting`, `receivers/webhook/v1`), and what its
//! Alertmanager-compatible API tells of the same alerts. Invariants: those of alerts (`intake/alert.rs`); an
//! alert has the same `object` and `source_key` whichever of the two ways it comes.

use hyper::header::HeaderName;
use secrecy::SecretString;
use serde_json::Value;

pub use super::alert::{Found, Since};
use super::{
    alert::{Dialect, Group, Wire},
    proof::Proof,
};
use crate::{
    event::{Event, Source, Told},
    store::Arrival,
};

const DIALECT: Dialect = Dialect {
    source: Source::Grafana,
    what: "a Grafana webhook",
    version: "1",
    remedy: "leave the custom payload of Grafana's contact point empty; Alertmanager's webhooks belong to \
             /hooks/alertmanager",
    adapt,
    is_test,
};

/// What a contact point with an HMAC is proven by: the header that Grafana uses unless told otherwise
/// (`receivers/webhook/v1`), and the header of the time if one is set there.
///
/// The time is not held against the clock: a machine whose clock is off would lose alerts, and a webhook
/// that is sent again is a repeat by its key.
pub fn signature(key: SecretString, timestamp: Option<HeaderName>) -> Proof {
    Proof::Hmac {
        key,
        header: HeaderName::from_static("x-grafana-alerting-signature"),
        prefix: "",
        timestamp,
    }
}

/// What a webhook becomes: one arrival for each of its alerts.
///
/// # Errors
/// If it is not one of Grafana's.
pub fn arrivals(body: &[u8]) -> Result<Vec<Arrival>, String> {
    DIALECT.arrivals(body)
}

/// What an alert becomes that was found by asking Grafana.
///
/// # Errors
/// If it has no labels.
pub fn arrival_of(found: &Found, told: Told) -> Result<Arrival, String> {
    DIALECT.found(found, told)
}

/// What an alert that was stored as `body` becomes by what is known since.
///
/// # Errors
/// If [`arrivals`] or [`arrival_of`] did not make the body.
pub fn arrival_since(body: &[u8], since: &Since, told: Told) -> Result<Arrival, String> {
    DIALECT.since(body, since, told)
}

/// Reads a stored body again.
///
/// # Errors
/// If [`arrivals`] or [`arrival_of`] did not make it.
pub fn read(body: &[u8]) -> Result<Event, String> {
    DIALECT.read(body)
}

/// Takes away what Grafana keeps for itself (`__alert_rule_uid__`, `__value_string__`): its API tells it, its
/// webhooks do not (`templates/template_data.go`, `removePrivateItems`).
fn adapt(alert: &mut Wire, _: &Group) {
    let public = |name: &String| !(name.starts_with("__") && name.ends_with("__"));
    alert.labels.retain(|name, _| public(name));
    alert.annotations.retain(|name, _| public(name));
}

/// Whether somebody pressed "Test" at a contact point. Its group key is no group's, but made of the alert's
/// fingerprint and the time (`notify/test_receivers.go`, `TestNotifier`), whatever labels were chosen.
fn is_test(alert: &Wire, group: &Group) -> bool {
    let fingerprint = alert.fingerprint.as_deref().filter(|fingerprint| !fingerprint.is_empty());
    let Some((key, fingerprint)) = group.get("groupKey").and_then(Value::as_str).zip(fingerprint) else {
        return false;
    };
    let time = key.rsplit_once('-').filter(|(rest, _)| rest.ends_with(&format!("-{fingerprint}")));
    time.is_some_and(|(_, time)| !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit()))
}
