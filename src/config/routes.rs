//! `[[routes]]`: which event goes to which channel, with whom mentioned. Invariants: the first route that
//! takes an event wins; every route can take one, so none stands behind another that takes all of its
//! events; a route has a channel.

use std::collections::BTreeMap;

use jiff::{civil::Time, tz::TimeZone};

use super::{
    document::{Entry, Read, Reported, Section},
    sources::Sources,
    values,
};
use crate::event::Severity;

/// One of `[[routes]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Which events it takes.
    pub conditions: Conditions,
    /// Ids of the channels that it leads to; at least one.
    pub channels: Vec<u64>,
    /// Who is mentioned.
    pub mention: Option<Mention>,
    /// When it is quiet.
    pub quiet: Option<Quiet>,
    /// New incidents a minute before they share one message; 0 = never.
    pub digest_after: u64,
}

/// What an event must be for a route. An empty list asks nothing; all that is asked must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Names of sources, also of those that this version takes nothing from.
    pub sources: Vec<String>,
    /// The sources' own words for what happened.
    pub kinds: Vec<String>,
    /// Repositories in lower case (a forge's names have no case); `*` stands for any run of characters.
    pub repositories: Vec<String>,
    /// Watched services.
    pub services: Vec<String>,
    /// Severities.
    pub severities: Vec<Severity>,
    /// Labels with their values.
    pub labels: BTreeMap<String, String>,
}

impl Conditions {
    /// Whether these take every event that `other` would, as far as that can be told from the text.
    fn cover(&self, other: &Self) -> bool {
        const SEVERITIES: usize = 3;
        self.labels.iter().all(|(name, value)| other.labels.get(name) == Some(value))
            && wider(&self.sources, &other.sources, PartialEq::eq)
            && wider(&self.kinds, &other.kinds, PartialEq::eq)
            && wider(&self.repositories, &other.repositories, |pattern, name| {
                let prefix = pattern.strip_suffix('*').filter(|prefix| !prefix.contains('*'));
                pattern == name || prefix.is_some_and(|prefix| name.starts_with(prefix))
            })
            && wider(&self.services, &other.services, PartialEq::eq)
            && (self.severities.len() == SEVERITIES
                || wider(&self.severities, &other.severities, PartialEq::eq))
    }
}

/// Whether each value of `narrow` is among those of `wide`; an empty list stands for everything.
fn wider<T>(wide: &[T], narrow: &[T], among: impl Fn(&T, &T) -> bool) -> bool {
    let found = |value| wide.iter().any(|one| among(one, value));
    wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(found))
}

/// Who is mentioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Ids of roles; at least one.
    pub roles: Vec<u64>,
    /// Of which severities; empty = of every one.
    pub severities: Vec<Severity>,
}

/// When a route is quiet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// When it begins.
    pub from: Time,
    /// When it ends; before `from` means on the next day.
    pub to: Time,
    /// Where these are the times of.
    pub zone: TimeZone,
    /// The severities that are told all the same.
    pub except: Vec<Severity>,
}

/// A source that a route can name.
struct Reporter {
    name: &'static str,
    /// Whether the file sets it up.
    is_there: fn(&Sources) -> bool,
    /// The kinds of its events, as its reader groups them; of generic hooks it is their name.
    kinds: &'static [&'static str],
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

const SOURCES: [Reporter; 8] = [
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
        kinds: &["alert"],
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
    Reporter { name: "systemd", is_there: |sources| sources.systemd, kinds: &["unit"], has: Has::Service },
    Reporter {
        name: "generic",
        is_there: |sources| !sources.generic.is_empty(),
        kinds: &[],
        has: Has::Service,
    },
];

impl Reporter {
    /// The kinds of its events in this configuration.
    fn kinds<'s>(&self, sources: &'s Sources) -> Vec<&'s str> {
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

/// New incidents a minute before they share one message, where the file says nothing.
pub const DIGEST_AFTER: u64 = 30;

/// Reads `[[routes]]`. Without `roles` or `sources`, which have mistakes then, these are not compared.
pub(super) fn routes(
    root: &mut Section<'_>,
    roles: &Read<BTreeMap<String, u64>>,
    sources: &Read<Sources>,
) -> Read<Vec<Route>> {
    let Some(list) = root.optional("routes") else {
        root.document.warn(root.at, format!("routes {NO_DEFAULT}"));
        return Ok(Vec::new());
    };
    let entries = list.list("routes, each a [[routes]]")?;
    let read: Vec<_> = entries.iter().map(|entry| route(entry, roles, sources)).collect();
    let conditions: Vec<_> = read.iter().map(|(conditions, _)| conditions.as_ref().ok()).collect();
    for (index, (entry, own)) in entries.iter().zip(&conditions).enumerate() {
        let wider = |before: Option<&Conditions>| before.zip(*own).is_some_and(|(one, own)| one.cover(own));
        if let Some(before) = conditions[..index].iter().position(|before| wider(*before)) {
            entry.mistake_found(
                "a route that an event can reach",
                &format!("one behind routes[{before}], which takes everything that this one would"),
                "move it before that one, narrow that one, or remove this one",
            );
        }
    }
    let open = Conditions::default();
    if !conditions.iter().flatten().any(|conditions| conditions.cover(&open)) {
        list.warn(NO_DEFAULT);
        if let (Ok(sources), Some(conditions)) =
            (sources, conditions.iter().copied().collect::<Option<Vec<_>>>())
        {
            warn_of_kinds_without_route(root, sources, &conditions);
        }
    }
    read.into_iter().map(|(conditions, rest)| Ok(Route { conditions: conditions?, ..rest? })).collect()
}

/// Says for each source that is set up which kinds of its events no route could take.
fn warn_of_kinds_without_route(root: &Section<'_>, sources: &Sources, routes: &[&Conditions]) {
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

const NO_DEFAULT: &str =
    "end without one that has no conditions, so what none takes goes to discord.fallback_channel";

/// Its conditions, and the rest of it: the one may have mistakes that the other has not.
fn route(
    entry: &Entry<'_>,
    roles: &Read<BTreeMap<String, u64>>,
    sources: &Read<Sources>,
) -> (Read<Conditions>, Read<Route>) {
    let Ok(mut section) = entry.section() else { return (Err(Reported), Err(Reported)) };
    let conditions = conditions(&mut section, sources);
    let channels = section.require("channels", "channels = [2001]", channels);
    let mention = section.read("mention", |entry| mention(entry, roles));
    let quiet = section.read("quiet", quiet);
    let digest_after = section.read("digest_after", |entry| {
        entry.integer("a number of incidents a minute", "write for example 30, or 0 for never", 0)
    });
    section.finish();
    let rest = || {
        Ok(Route {
            conditions: Conditions::default(),
            channels: channels?,
            mention: mention?,
            quiet: quiet?,
            digest_after: digest_after?.unwrap_or(DIGEST_AFTER),
        })
    };
    (conditions, rest())
}

fn conditions(section: &mut Section<'_>, sources: &Read<Sources>) -> Read<Conditions> {
    let source = section.read("source", |entry| source(entry, sources));
    let kind = section.read("kind", |entry| kind(entry, &source, sources));
    let repository = section.read("repository", |entry| {
        texts(entry, "a repository as owner/name, or a pattern with * in it", |text| {
            let named =
                |both: (&str, &str)| !both.0.is_empty() && !both.1.is_empty() && !both.1.contains('/');
            let fits = text.contains('*') || text.split_once('/').is_some_and(named);
            (fits && !text.contains(char::is_whitespace)).then(|| text.to_lowercase())
        })
    });
    let service = section.read("service", |entry| {
        texts(entry, "the name of a service", |text| (!text.is_empty()).then(|| text.to_owned()))
    });
    let severity = section.read("severity", values::severities);
    let labels = section.read("labels", |entry| {
        let value = |(name, entry): (&str, Entry<'_>)| (name.to_owned(), entry.text().map(str::to_owned));
        values::map(entry.section()?.named().into_iter().map(value))
    });
    Ok(Conditions {
        sources: source?.unwrap_or_default(),
        kinds: kind?.unwrap_or_default(),
        repositories: repository?.unwrap_or_default(),
        services: service?.unwrap_or_default(),
        severities: severity?.unwrap_or_default(),
        labels: labels?.unwrap_or_default(),
    })
}

fn texts(entry: &Entry<'_>, expected: &str, read: impl Fn(&str) -> Option<String>) -> Read<Vec<String>> {
    values::unique(&entry.one_or_more(expected)?, |item| item.parse(expected, "correct it", &read))
}

fn source(entry: &Entry<'_>, sources: &Read<Sources>) -> Read<Vec<String>> {
    let known = SOURCES.each_ref().map(|source| source.name).join(", ");
    values::unique(&entry.one_or_more(&format!("the sources {known}"))?, |item| {
        let find = |text: &str| SOURCES.iter().find(|source| source.name == text);
        let Reporter { name, is_there, .. } =
            item.parse(&format!("one of the sources {known}"), "write one of these", find)?;
        if sources.as_ref().is_ok_and(|sources| !is_there(sources)) {
            item.warn(&format!("names a source that is not set up: there is no [sources.{name}]"));
        }
        Ok((*name).to_owned())
    })
}

/// Kinds that the route's sources send, or any source if it names none.
fn kind(entry: &Entry<'_>, source: &Read<Option<Vec<String>>>, sources: &Read<Sources>) -> Read<Vec<String>> {
    let Ok(named) = source else {
        return texts(entry, "a kind", |text| (!text.is_empty()).then(|| text.to_owned()));
    };
    let named = named.as_deref().unwrap_or_default();
    let sends = |source: &&Reporter| named.is_empty() || named.iter().any(|name| name == source.name);
    let unknown = Sources::default();
    let set_up = sources.as_ref().unwrap_or(&unknown);
    let mut known: Vec<&str> = SOURCES.iter().filter(sends).flat_map(|source| source.kinds(set_up)).collect();
    known.sort_unstable();
    known.dedup();
    // What generic hooks are called is not known while [sources] has mistakes; that there are none was said.
    let any = if sources.is_err() {
        SOURCES.iter().filter(sends).any(|source| source.kinds.is_empty())
    } else {
        known.is_empty()
    };
    let who = if named.is_empty() { "a source".to_owned() } else { named.join(" or ") };
    let expected = format!("a kind that {who} sends ({})", known.join(", "));
    texts(entry, &expected, |text| (any || known.contains(&text)).then(|| text.to_owned()))
}

fn channels(entry: &Entry<'_>) -> Read<Vec<u64>> {
    let list = entry.list("ids of channels")?;
    if list.is_empty() {
        return Err(entry.mistake("at least one id of a channel", "add one, or remove this route"));
    }
    values::unique(&list, values::id)
}

fn mention(entry: &Entry<'_>, roles: &Read<BTreeMap<String, u64>>) -> Read<Mention> {
    let mut section = entry.section()?;
    let roles = section.require("roles", "roles = [\"operators\"]", |names| {
        let ids = values::role_ids(names, roles)?;
        if ids.is_empty() {
            names.mistake("at least one name out of [roles]", "add one, or remove mention");
        }
        Ok(ids)
    });
    let severity = section.read("severity", values::severities);
    section.finish();
    Ok(Mention { roles: roles?, severities: severity?.unwrap_or_default() })
}

fn quiet(entry: &Entry<'_>) -> Read<Quiet> {
    let mut section = entry.section()?;
    let time = |entry: &Entry<'_>| {
        entry.parse("a time of day as HH:MM", "write for example \"22:00\"", |text| {
            (text.len() == 5).then(|| Time::strptime("%H:%M", text).ok()).flatten()
        })
    };
    let from = section.require("from", "from = \"22:00\"", time);
    let to = section.require("to", "to = \"07:00\"", |entry| {
        let to = time(entry)?;
        if from == Ok(to) {
            entry.mistake("another time than from", "correct one of them, or remove quiet");
        }
        Ok(to)
    });
    let zone = section.require("tz", "tz = \"Europe/Paris\"", |entry| {
        entry.parse(
            "a time zone of the IANA database",
            "write for example \"Europe/Paris\" or \"UTC\"",
            |name| TimeZone::get(name).ok(),
        )
    });
    let except = section.read("except", values::severities);
    section.finish();
    Ok(Quiet { from: from?, to: to?, zone: zone?, except: except?.unwrap_or_default() })
}
