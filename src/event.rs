//! What a source reported, once. Invariants: `source_key` says what makes the event unique within its
//! source and is derived from its content alone; `object` names the ref or thing that it happened to,
//! against which repeats are judged; both are stable across releases, because the store keeps them.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::subject::{Person, Subject};

/// A system that reports to Vigie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Gitea's webhooks.
    Gitea,
    /// Alertmanager's webhooks.
    Alertmanager,
    /// Grafana's webhooks.
    Grafana,
    /// Uptime Kuma's webhooks.
    Kuma,
    /// Woodpecker's event stream.
    Woodpecker,
    /// The deployer's reports.
    Deploy,
    /// Units of this machine.
    Systemd,
    /// A script or cron job, by one of the generic webhooks.
    Generic,
    /// Vigie itself, which complains where something keeps it from its work.
    Vigie,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 9] = [
        Self::Gitea,
        Self::Alertmanager,
        Self::Grafana,
        Self::Kuma,
        Self::Woodpecker,
        Self::Deploy,
        Self::Systemd,
        Self::Generic,
        Self::Vigie,
    ];

    /// Its name in configuration, paths, metrics and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gitea => "gitea",
            Self::Alertmanager => "alertmanager",
            Self::Grafana => "grafana",
            Self::Kuma => "kuma",
            Self::Woodpecker => "woodpecker",
            Self::Deploy => "deploy",
            Self::Systemd => "systemd",
            Self::Generic => "generic",
            Self::Vigie => "vigie",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|source| source.as_str() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("unknown source '{name}'; known: {known}")
        })
    }
}

/// How much an event matters. Ordered: `Info < Warning < Critical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Someone should look today.
    Warning,
    /// Someone should look now.
    Critical,
}

impl Severity {
    /// Its name in configuration, metrics and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// The kind of Vigie's signs of life.
pub const PULSE: &str = "pulse";

/// How Vigie came to know of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// The source reported it.
    #[default]
    AtOnce,
    /// It was missed, and found when the source was asked.
    Late,
}

/// What a source reported, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Who reported it.
    pub source: Source,
    /// How Vigie came to know of it; readers say [`Told::AtOnce`], the inbox knows better.
    pub told: Told,
    /// The source's own word for what happened (`push`, `pull_request`, …), as routes match it.
    pub kind: String,
    /// What makes it unique within its source. The same key is the same content. Empty where the content
    /// makes nothing unique: each is an event of its own, however alike they are.
    pub source_key: String,
    /// The ref or thing that it happened to.
    pub object: String,
    /// The incident that it belongs to: events with the same key share one message. `None`: it stands
    /// alone, and each accepted event makes an incident of its own. No key could say that: a branch that
    /// is pushed from A to B, forced back and pushed to B again makes two events of the same content.
    pub incident: Option<String>,
    /// `owner/name` of the repository, if there is one.
    pub repository: Option<String>,
    /// Where the repository can be read.
    pub repository_url: Option<String>,
    /// The watched service that it speaks of, if it names one.
    pub service: Option<String>,
    /// How much it matters.
    pub severity: Severity,
    /// Further facts that routes can match.
    pub labels: BTreeMap<String, String>,
    /// Who did it.
    pub actor: Option<Person>,
    /// When it happened, as the source says; `None` if it does not say.
    pub at: Option<Timestamp>,
    /// The facts.
    pub subject: Subject,
}
