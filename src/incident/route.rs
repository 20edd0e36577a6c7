//! Which events go to which channels, with whom mentioned. Invariants: the first route that matches wins;
//! what none takes goes to the fallback channel, so no event is lost for want of a route; the decision
//! depends on the event alone.

use crate::{
    config::{Conditions, Route},
    event::{Event, PULSE, Severity, Source},
};

/// The first condition of a route that an event does not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmet<'c> {
    /// Its source is another one.
    Source(&'c [String]),
    /// Its kind is another one.
    Kind(&'c [String]),
    /// Its repository matches no pattern.
    Repository(&'c [String]),
    /// Its service is another one.
    Service(&'c [String]),
    /// Its severity is another one.
    Severity(&'c [Severity]),
    /// It lacks this label with this value.
    Label(&'c str, &'c str),
}

impl<'c> Unmet<'c> {
    /// The first of `conditions` that `event` does not meet. An empty list asks nothing; all that is asked must hold.
    pub fn first(conditions: &'c Conditions, event: &Event) -> Option<Self> {
        fn any<T>(wanted: &[T], matches: impl Fn(&T) -> bool) -> bool {
            wanted.is_empty() || wanted.iter().any(matches)
        }
        if !any(&conditions.sources, |source| source == event.source.as_str()) {
            return Some(Self::Source(&conditions.sources));
        }
        if !any(&conditions.kinds, |kind| *kind == event.kind) {
            return Some(Self::Kind(&conditions.kinds));
        }
        // Patterns are in lower case, since a forge's names have no case.
        let repository = event.repository.as_ref().map(|name| name.to_lowercase());
        let matches = |pattern: &String| {
            repository.as_ref().is_some_and(|name| matches_pattern(pattern.as_bytes(), name.as_bytes()))
        };
        if !any(&conditions.repositories, matches) {
            return Some(Self::Repository(&conditions.repositories));
        }
        if !any(&conditions.services, |service| Some(service) == event.service.as_ref()) {
            return Some(Self::Service(&conditions.services));
        }
        if !any(&conditions.severities, |severity| *severity == event.severity) {
            return Some(Self::Severity(&conditions.severities));
        }
        let mut labels = conditions.labels.iter();
        let missing = labels.find(|(name, value)| event.labels.get(*name) != Some(value))?;
        Some(Self::Label(missing.0, missing.1))
    }

    /// What was wanted and what came.
    pub fn explain(self, event: &Event) -> String {
        let texts = |wanted: &[String]| wanted.join(" or ");
        let (condition, wanted, came) = match self {
            Self::Source(wanted) => ("source".into(), texts(wanted), Some(event.source.as_str())),
            Self::Kind(wanted) => ("kind".into(), texts(wanted), Some(&*event.kind)),
            Self::Repository(wanted) => ("repository".into(), texts(wanted), event.repository.as_deref()),
            Self::Service(wanted) => ("service".into(), texts(wanted), event.service.as_deref()),
            Self::Severity(wanted) => {
                let names: Vec<_> = wanted.iter().map(|severity| severity.as_str()).collect();
                ("severity".into(), names.join(" or "), Some(event.severity.as_str()))
            }
            Self::Label(name, value) => {
                (format!("label {name}"), value.to_owned(), event.labels.get(name).map(String::as_str))
            }
        };
        format!("{condition}: wanted {wanted}, came {}", came.unwrap_or("none"))
    }
}

/// All routes, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routes {
    /// The routes; the first that matches wins.
    pub routes: Vec<Route>,
    /// The channel for an event that no route takes.
    pub fallback: u64,
    /// The channel for Vigie's signs of life.
    pub pulse: Option<u64>,
}

/// Where an event goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The route that took it, counted from 0; `None`: no route did.
    pub route: Option<usize>,
    /// The channels that show it.
    pub channels: Vec<u64>,
    /// The roles that are mentioned.
    pub mentions: Vec<u64>,
}

impl Routes {
    /// Where `event` goes. What Vigie itself says goes to the fallback channel, and its signs of life to
    /// theirs, whatever routes say.
    pub fn decide(&self, event: &Event) -> Decision {
        let mut routes = self.routes.iter().enumerate().filter(|_| event.source != Source::Vigie);
        let Some((index, route)) = routes.find(|(_, route)| Unmet::first(&route.conditions, event).is_none())
        else {
            let pulse = self.pulse.filter(|_| event.source == Source::Vigie && event.kind == PULSE);
            let channels = vec![pulse.unwrap_or(self.fallback)];
            return Decision { route: None, channels, mentions: Vec::new() };
        };
        let told = route
            .mention
            .as_ref()
            .filter(|mention| mention.severities.is_empty() || mention.severities.contains(&event.severity));
        let mentions = told.map(|mention| mention.roles.clone()).unwrap_or_default();
        Decision { route: Some(index), channels: route.channels.clone(), mentions }
    }
}

/// Whether `name` matches `pattern`, in which `*` stands for any run of bytes. Linear in space, and at most
/// the product of the lengths in time: it returns to the last `*` only.
fn matches_pattern(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, n));
            p += 1;
        } else if pattern.get(p) == Some(&name[n]) {
            p += 1;
            n += 1;
        } else if let Some((at, taken)) = star {
            star = Some((at, taken + 1));
            p = at + 1;
            n = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{config::Mention, incident::tests::push_event};

    fn route(conditions: Conditions, channel: u64) -> Route {
        Route { conditions, channels: vec![channel], mention: None, quiet: None, digest_after: 0 }
    }

    #[test]
    fn the_first_route_that_matches_wins_and_the_fallback_takes_the_rest() {
        let routes = Routes {
            routes: vec![
                route(Conditions { kinds: vec!["release".into()], ..Conditions::default() }, 1),
                route(Conditions { repositories: vec!["harbor/*".into()], ..Conditions::default() }, 2),
                route(Conditions { sources: vec!["gitea".into()], ..Conditions::default() }, 3),
            ],
            fallback: 9,
            pulse: Some(8),
        };
        let event = push_event();
        let channels = |event: &Event| routes.decide(event).channels;
        assert_eq!(channels(&event), [2]);
        assert_eq!(channels(&Event { repository: Some("Harbor/Crane".into()), ..event.clone() }), [2]);
        assert_eq!(channels(&Event { repository: Some("other/harbor".into()), ..event.clone() }), [3]);
        assert_eq!(channels(&Event { repository: None, kind: "release".into(), ..event.clone() }), [1]);

        let narrow = Routes { routes: routes.routes[..1].to_vec(), ..routes };
        assert_eq!(narrow.decide(&event), Decision { route: None, channels: vec![9], mentions: vec![] });
    }

    #[test]
    fn no_route_takes_what_vigie_itself_says() {
        let routes = Routes { routes: vec![route(Conditions::default(), 1)], fallback: 9, pulse: Some(8) };
        let own = Event { source: Source::Vigie, ..push_event() };
        assert_eq!(routes.decide(&own).channels, [9]);
        assert_eq!(routes.decide(&Event { kind: PULSE.into(), ..own }).channels, [8]);
        assert_eq!(routes.decide(&Event { kind: PULSE.into(), ..push_event() }).channels, [1]);
    }

    #[test]
    fn every_condition_must_hold() {
        let event = Event {
            service: Some("blog".into()),
            labels: BTreeMap::from([("team".into(), "web".into())]),
            severity: Severity::Warning,
            ..push_event()
        };
        let all = Conditions {
            sources: vec!["gitea".into()],
            kinds: vec!["push".into()],
            repositories: vec!["harbor/lighthouse".into()],
            services: vec!["shop".into(), "blog".into()],
            severities: vec![Severity::Critical, Severity::Warning],
            labels: BTreeMap::from([("team".into(), "web".into())]),
        };
        assert_eq!(Unmet::first(&all, &event), None);
        let why = |event: Event| Unmet::first(&all, &event).unwrap().explain(&event);
        assert_eq!(why(Event { service: None, ..event.clone() }), "service: wanted shop or blog, came none");
        assert_eq!(
            why(Event { severity: Severity::Info, ..event.clone() }),
            "severity: wanted critical or warning, came info"
        );
        assert_eq!(
            why(Event { labels: BTreeMap::new(), ..event.clone() }),
            "label team: wanted web, came none"
        );
        assert_eq!(why(Event { kind: "create".into(), ..event.clone() }), "kind: wanted push, came create");
        assert_eq!(
            why(Event { repository: None, ..event.clone() }),
            "repository: wanted harbor/lighthouse, came none"
        );
        assert_eq!(why(Event { source: Source::Kuma, ..event.clone() }), "source: wanted gitea, came kuma");
    }

    #[test]
    fn roles_are_mentioned_for_the_severities_that_the_route_names() {
        let mention = Some(Mention { roles: vec![3000], severities: vec![Severity::Critical] });
        let routes = Routes {
            routes: vec![Route { channels: vec![1, 2], mention, ..route(Conditions::default(), 0) }],
            fallback: 9,
            pulse: None,
        };
        let calm = routes.decide(&push_event());
        assert_eq!((calm.route, calm.channels, calm.mentions), (Some(0), vec![1, 2], vec![]));
        let urgent = routes.decide(&Event { severity: Severity::Critical, ..push_event() });
        assert_eq!(urgent.mentions, [3000]);
    }

    #[test]
    fn a_star_stands_for_any_run() {
        let matches = |pattern: &str, name: &str| matches_pattern(pattern.as_bytes(), name.as_bytes());
        assert!(matches("*", ""));
        assert!(matches("org/*", "org/a"));
        assert!(matches("*/docs*", "org/my/docs-old"));
        assert!(matches("a*b*c", "a-bb-c"));
        assert!(!matches("org/*", "organisation/a"));
        assert!(!matches("a*b", "ac"));
        assert!(!matches("", "a"));
    }
}
