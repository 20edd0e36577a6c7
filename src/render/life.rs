//! What is said of an incident's life, whatever it is about: how bad it is, since when, how long it took, who
//! looks after it. Invariant: what a colour says is also said in words.

use jiff::{SignedDuration, Timestamp};

use super::{
    limits, markdown,
    message::{Embed, Field},
    page::{BLUE, GREEN, Layout, ORANGE, Page, RED, label, words},
};
use crate::{
    event::{Severity, Told},
    incident::{Incident, Life, REOPENED_WITHIN},
    span,
    subject::Subject,
};

/// Where an incident that fires stands, as its title says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Firing,
    Flapping,
    Acknowledged,
    Silenced,
    Resolved,
}

impl Standing {
    fn of(incident: &Incident) -> Self {
        let suppressed =
            matches!(&incident.subject, Subject::Alert(alert) if !alert.suppressed_by.is_empty());
        if incident.life == Life::Closed {
            Self::Resolved
        } else if incident.acknowledged.is_some() {
            Self::Acknowledged
        } else if incident.silence.is_some() || suppressed {
            Self::Silenced
        } else if incident.is_flapping() {
            Self::Flapping
        } else {
            Self::Firing
        }
    }

    /// Its name in the language files.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Flapping => "flapping",
            Self::Acknowledged => "acknowledged",
            Self::Silenced => "silenced",
            Self::Resolved => "resolved",
        }
    }

    const fn icon(self, severity: Severity) -> &'static str {
        match self {
            Self::Firing | Self::Flapping => icon(severity),
            Self::Acknowledged => "👀",
            Self::Silenced => "🔕",
            Self::Resolved => "✅",
        }
    }
}

/// The icon of what goes on and matters so much.
pub(super) const fn icon(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "🔴",
        Severity::Warning => "🟠",
        Severity::Info => "🔵",
    }
}

/// The colour of what goes on and matters so much; green once it has ended.
pub(super) fn color(incident: &Incident) -> u32 {
    match incident.severity {
        _ if incident.life == Life::Closed => GREEN,
        Severity::Critical => RED,
        Severity::Warning => ORANGE,
        Severity::Info => BLUE,
    }
}

/// An embed whose title says where something called `name` stands, and which service it is about.
pub(super) fn embed(page: &Page<'_>, name: &str, url: Option<&str>) -> Embed {
    let incident = page.incident;
    let standing = Standing::of(incident);
    let name = [name, &incident.kind].map(|name| label(name, limits::NAME));
    let name = name.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    let text = page.say("life-title", &[("state", standing.as_str().into()), ("name", name.into())]);
    let service = label(incident.service.as_deref().unwrap_or_default(), limits::FACT / 2);
    let service = if service.is_empty() { service } else { format!("· {service}") };
    let title = words([standing.icon(incident.severity), &text, &service]);
    page.embed(color(incident), title, url)
}

/// How much it matters.
pub(super) fn severity(page: &Page<'_>) -> Option<Field> {
    let word = page.incident.severity.as_str();
    page.field("field-severity", page.say("severity", &[("severity", word.into())]), Layout::Beside)
}

/// Since when it goes on, the last time.
pub(super) fn began(incident: &Incident) -> Timestamp {
    incident.reopened.last().copied().unwrap_or(incident.opened)
}

/// Since when it goes on, or after how long it ended.
pub(super) fn span(page: &Page<'_>, began: Timestamp, ended: Timestamp) -> Option<Field> {
    let took = ended.duration_since(began);
    let (key, value) = match page.incident.life {
        Life::Closed if took > SignedDuration::ZERO => ("field-resolved", {
            let took = span::span(took.unsigned_abs(), page.language);
            page.say("resolved-after", &[("duration", took.into())])
        }),
        Life::Closed => ("field-resolved", markdown::ago(ended)),
        Life::Open | Life::Info => ("field-since", markdown::ago(began)),
    };
    page.field(key, value, Layout::Beside)
}

/// How much it matters and how long it takes, by its events.
pub(super) fn extent(page: &Page<'_>) -> Vec<Field> {
    let span = span(page, began(page.incident), page.incident.updated);
    severity(page).into_iter().chain(span).collect()
}

/// What people must know of any incident beside its facts, a line each.
pub(super) fn notes(page: &Page<'_>) -> String {
    [acknowledged(page), silenced(page), again(page), late(page)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n")
}

fn acknowledged(page: &Page<'_>) -> Option<String> {
    let by = page.incident.acknowledged.as_ref()?;
    let variables = [("who", markdown::user(by.by).into()), ("since", markdown::ago(by.at).into())];
    Some(page.say("acknowledged", &variables))
}

fn silenced(page: &Page<'_>) -> Option<String> {
    let silence = page.incident.silence.as_ref()?;
    let variables = [
        ("who", markdown::user(silence.by).into()),
        ("until", markdown::hour(silence.until).into()),
        ("left", markdown::ago(silence.until).into()),
    ];
    Some(page.say("silenced", &variables))
}

/// How often it came again, for what should stay away.
fn again(page: &Page<'_>) -> Option<String> {
    use Subject::{Alert, Availability, Generic, Unit};
    let incident = page.incident;
    let watched = matches!(incident.subject, Alert(_) | Availability(_) | Unit(_) | Generic(_));
    let last = incident.reopened.last().filter(|_| watched)?;
    if incident.is_flapping() {
        let recent = |at: &&Timestamp| incident.updated.duration_since(**at) < REOPENED_WITHIN;
        let times = incident.reopened.iter().filter(recent).count();
        return Some(page.say("flapping", &[("n", times.into())]));
    }
    let variables = [("n", incident.reopened.len().into()), ("last", markdown::ago(*last).into())];
    Some(page.say("reopened", &variables))
}

fn late(page: &Page<'_>) -> Option<String> {
    let incident = page.incident;
    let found = incident.found.filter(|_| incident.told == Told::Late)?;
    let found = ("found", markdown::date(found).into());
    Some(match incident.facts_at {
        Some(at) => page.say("late", &[("happened", markdown::date(at).into()), found]),
        None => page.say("late-undated", &[found]),
    })
}
