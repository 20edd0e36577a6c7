//! Reads Alertmanager's webhooks, version 4 (Alertmanager 0.25 to 0.34; `notify/webhook/webhook.go`,
//! `template/template.go`), and what its API tells of the same alerts. Invariants: those of alerts
//! (`intake/alert.rs`); an alert has the same `object` and `source_key` whichever of the two ways it comes.
//!
//! 0.32 added `notification_reason` to the webhook, 0.34 `routeLabels`; what is not known is passed over.

use serde_json::Value;
use url::{Url, form_urlencoded};

use super::alert::{Dialect, Group, Wire};
pub use super::alert::{Found, Since};
use crate::{
    event::{Event, Source, Told},
    store::Arrival,
};

const DIALECT: Dialect = Dialect {
    source: Source::Alertmanager,
    what: "an Alertmanager webhook",
    version: "4",
    remedy: "leave 'payload' out of Alertmanager's webhook_configs; Grafana's contact points belong to /hooks/grafana",
    adapt,
    // amtool and the like make alerts that end as any other.
    is_test: |_, _| false,
};

/// What a webhook becomes: one arrival for each of its alerts.
///
/// # Errors
/// If it is not one of Alertmanager's.
pub fn arrivals(body: &[u8]) -> Result<Vec<Arrival>, String> {
    DIALECT.arrivals(body)
}

/// What an alert becomes that was found by asking Alertmanager, or Prometheus.
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

fn adapt(alert: &mut Wire, group: &Group) {
    let external_url = group.get("externalURL").and_then(Value::as_str);
    alert.silence_url = external_url.and_then(|base| silence_url(base, alert));
}

/// The page on which a silence of exactly this alert can be made (`ui/app/src/Views/SilenceForm` reads the
/// matchers from the fragment's query).
fn silence_url(base: &str, alert: &Wire) -> Option<String> {
    let mut url = Url::parse(base).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().push("");
    let matchers: Vec<_> = alert.labels.iter().map(|(name, value)| matcher(name, value)).collect();
    let filter: String =
        form_urlencoded::byte_serialize(format!("{{{}}}", matchers.join(",")).as_bytes()).collect();
    url.set_fragment(Some(&format!("/silences/new?filter={}", filter.replace('+', "%20"))));
    Some(url.into())
}

/// Label names beyond letters, digits and `_` are quoted (UTF-8 matchers, 0.27).
fn matcher(name: &str, value: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let name = if plain { name.to_owned() } else { Value::from(name).to_string() };
    format!("{name}={}", Value::from(value))
}
