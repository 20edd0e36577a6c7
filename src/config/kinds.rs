//! Which kinds of event each source sends, and whether a route could take them. Invariant: the kinds are those
//! that the sources' readers give their events (`intake`).

use super::{document::Section, routes::Conditions, sources::Sources};
use crate::event::Severity;

/// A source that a route can name.
pub(super) struct Reporter {
    pub(super) name: &'static str,
    /// Whether the file sets it up.
    pub(super) is_there: fn(&Sources) -> bool,
    /// The kinds of its events, as its reader groups them; of generic hooks it is their name.
    pub(super) kinds: &'static [&'static str],
    /// What its events have that a route can ask for.
    has: Has,
}

/// What events have that a route can ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Has {
    /// A repository; they are never critical and speak of no service.
    Repository,
    /// A service.
    Service,
    /// Neither; they are never critical.
    Neither,
}

/// All of them.
pub(super) const SOURCES: [Reporter; 8] = [
    Reporter {
        name: "gitea",
        is_there: |sources| sources.gitea.is_some(),
        kinds: &[
            "create",
            "delete",
            "fork",
            "issue_comment",
            "issues",
            "package",
            "pull_request",
            "pull_request_review",
            "push",
            "release",
            "repository",
            "status",
            "wiki",
            "workflow_job",
            "workflow_run",
        ],
        has: Has::Repository,
    },
    Reporter {
        name: "alertmanager",
        is_there: |sources| sources.alertmanager.is_some(),
        kinds: &["alert"],
        has: Has::Service,
    },
    Reporter {
        name: "kuma",
        is_there: |sources| sources.kuma.is_some(),
        kinds: &["availability", "certificate", "domain", "test", "notice"],
        has: Has::Service,
    },
    Reporter {
        name: "grafana",
        is_there: |sources| sources.grafana.is_some(),
        kinds: &["alert", "test"],
        has: Has::Service,
    },
    Reporter {
        name: "woodpecker",
        is_there: |sources| sources.woodpecker.is_some(),
        kinds: &["pipeline"],
        has: Has::Repository,
    },
    Reporter {
        name: "deploy",
        is_there: |sources| sources.deploy.is_some(),
        kinds: &["deployment"],
        has: Has::Neither,
    },
    Reporter {
        name: "systemd",
        is_there: |sources| sources.systemd.is_some(),
        kinds: &["unit"],
        has: Has::Service,
    },
    Reporter {
        name: "generic",
        is_there: |sources| !sources.generic.is_empty(),
        kinds: &[],
        has: Has::Service,
    },
];

impl Reporter {
    /// The kinds of its events in this configuration.
    pub(super) fn kinds<'s>(&self, sources: &'s Sources) -> Vec<&'s str> {
        let hooks = sources.generic.keys().map(String::as_str).filter(|_| self.name == "generic");
        self.kinds.iter().copied().chain(hooks).collect()
    }

    /// Whether `conditions` could take one of its events of this kind.
    fn can_meet(&self, conditions: &Conditions, kind: &str) -> bool {
        let among = |wanted: &[String], came: &str| wanted.is_empty() || wanted.iter().any(|one| one == came);
        let only_critical = *conditions.severities == [Severity::Critical];
        among(&conditions.sources, self.name)
            && among(&conditions.kinds, kind)
            && (conditions.repositories.is_empty() || self.has == Has::Repository)
            && (conditions.services.is_empty() || self.has == Has::Service)
            && (!only_critical || self.has == Has::Service)
    }
}

/// Says for each source that is set up which kinds of its events no route could take.
pub(super) fn warn_of_kinds_without_route(root: &Section<'_>, sources: &Sources, routes: &[&Conditions]) {
    let sections = root.named().into_iter().find(|(name, _)| *name == "sources");
    let sections = sections.and_then(|(_, entry)| entry.section().ok()).map(|section| section.named());
    for (name, entry) in sections.into_iter().flatten() {
        let Some(source) = SOURCES.iter().find(|source| source.name == name && (source.is_there)(sources))
        else {
            continue;
        };
        let kinds = source.kinds(sources);
        let taken = |kind: &str| routes.iter().any(|conditions| source.can_meet(conditions, kind));
        let lost: Vec<_> = kinds.iter().copied().filter(|kind| !taken(kind)).collect();
        if !lost.is_empty() {
            entry.warn(&format!(
                "sends {}, which no route can take: what no route takes goes to discord.fallback_channel",
                lost.join(", ")
            ));
        }
    }
}
