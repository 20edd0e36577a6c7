//! The labels of what a monitoring system or a script reports, as a field. Invariant: the list is bounded, and
//! those that tell which thing is meant come first.

use std::collections::BTreeMap;

use super::{
    limits,
    message::Field,
    page::{Layout, Page, code_span},
};

/// Labels that tell which thing is meant, by the names that exporters of Prometheus give them.
const TELLING: [&str; 10] =
    ["instance", "host", "node", "device", "mountpoint", "name", "namespace", "pod", "container", "job"];

/// Labels whose value a message says elsewhere, or that only route.
const ELSEWHERE: [&str; 3] = ["alertname", "severity", "availability"];

pub(super) fn labels(page: &Page<'_>, labels: &BTreeMap<String, String>) -> Option<Field> {
    let service = page.incident.service.as_ref();
    let told = |name: &str, value: &String| {
        ELSEWHERE.contains(&name) || name.starts_with("__") || (name == "service" && Some(value) == service)
    };
    let place = |name: &str| TELLING.iter().position(|telling| *telling == name).unwrap_or(TELLING.len());
    let mut shown: Vec<_> = labels.iter().filter(|(name, value)| !told(name, value)).collect();
    shown.sort_by_key(|(name, _)| place(name));
    let parts: Vec<String> =
        shown.iter().map(|(name, value)| code_span(&format!("{name}={value}"), limits::FACT)).collect();
    page.field("field-labels", page.list(&parts, " ", limits::LABELS), Layout::Alone)
}
