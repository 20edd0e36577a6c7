//! Reads what scripts and cron jobs post to the generic hooks. The body is Vigie's own.
//!
//! Invariants:
//! - an unknown key is refused, so that a typing error is seen at the first try;
//! - a key that is too long is refused, never cut: it would be another key. Title and text are cut instead,
//!   because what failed in the night must arrive however much it has to say;
//! - the same `id` is a repeat for ever; without one nothing is, however alike two posts are;
//! - hooks don't mix: the name of the hook is part of every key.
//!
//! | the body has | `object` | `source_key` | `incident` |
//! |---|---|---|---|
//! | `key` | `cron backup` (hook, key) | see below | the object |
//! | no `key`, but `status` firing or resolved | hook, title | | the object |
//! | neither, but `id` | `cron/2026-11-21` (hook, id) | | stands alone |
//! | none of these | `cron` | | stands alone |
//!
//! The `source_key` is `cron/2026-11-21` (hook, id), or empty without `id`. The kind is the hook's name.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{bounds, fields, hooks::Request, json};
use crate::{
    event::{Event, Severity, Source, Told},
    store::Arrival,
    subject::{Firing, Generic, Subject},
};

/// The longest `id`, `key`, `service`, and value of a label, in characters.
const KEY_AT_MOST: usize = fields::NAME_AT_MOST;
/// The longest name of a label, in characters.
const LABEL_AT_MOST: usize = 64;
/// How many labels there may be.
const LABELS_AT_MOST: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a JSON object")]
struct Body {
    title: String,
    id: Option<String>,
    key: Option<String>,
    status: Option<Status>,
    severity: Option<Severity>,
    text: Option<String>,
    url: Option<String>,
    service: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
    #[default]
    Info,
}

impl Body {
    fn check(&self) -> Result<(), String> {
        if self.title.trim().is_empty() {
            return Err("expected 'title' to say something, but it is empty".to_owned());
        }
        let keys = [("id", &self.id), ("key", &self.key), ("service", &self.service)];
        for (field, text) in keys {
            text.as_deref().map_or(Ok(()), |text| fields::fits(field, text, KEY_AT_MOST))?;
        }
        let labels = self.labels.iter().flatten();
        let count = labels.clone().count();
        if count > LABELS_AT_MOST {
            return Err(format!("expected at most {LABELS_AT_MOST} 'labels', but there are {count}"));
        }
        for (name, value) in labels {
            fields::fits("labels (a name)", name, LABEL_AT_MOST)?;
            fields::fits(&format!("labels.{name}"), value, KEY_AT_MOST)?;
        }
        Ok(())
    }
}

/// What a post to the hook `request.name` becomes.
///
/// # Errors
/// If the body is not as documented.
pub fn arrival(request: &Request<'_>) -> Result<Arrival, String> {
    let Event { kind, source_key, object, .. } = read(request.name, request.body)?;
    let delivery = Some(source_key.clone()).filter(|id| !id.is_empty());
    let body = request.body.to_vec();
    Ok(Arrival { source: Source::Generic, told: Told::AtOnce, delivery, kind, source_key, object, body })
}

/// Reads a body that was posted to the hook `name`.
///
/// # Errors
/// If it is not as documented.
pub fn read(name: &str, body: &[u8]) -> Result<Event, String> {
    let body: Body = json::read("the body of a generic hook", body)?;
    body.check()?;
    let url = fields::followed("url", body.url.as_deref())?;
    let (firing, severity) = match body.status.unwrap_or_default() {
        Status::Firing => (Some(Firing::Firing), Severity::Warning),
        Status::Resolved => (Some(Firing::Resolved), Severity::Info),
        Status::Info => (None, Severity::Info),
    };
    let source_key = body.id.map(|id| format!("{name}/{id}")).unwrap_or_default();
    let key = body.key.or_else(|| firing.map(|_| body.title.clone()));
    let incident = key.map(|key| bounds::bounded(format!("{name} {key}")));
    let object = match &incident {
        Some(incident) => incident.clone(),
        None if source_key.is_empty() => name.to_owned(),
        None => source_key.clone(),
    };
    Ok(Event {
        source: Source::Generic,
        told: Told::AtOnce,
        kind: name.to_owned(),
        source_key,
        object,
        incident,
        repository: None,
        repository_url: None,
        service: body.service,
        severity: body.severity.unwrap_or(severity),
        labels: body.labels.unwrap_or_default(),
        actor: None,
        at: None,
        subject: Subject::Generic(Generic {
            firing,
            title: bounds::line(body.title),
            text: bounds::prose(body.text.unwrap_or_default()),
            url,
        }),
    })
}
