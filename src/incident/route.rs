//! Which events go to which channels, with whom mentioned. Invariants: the first route that matches wins;
//! what none takes goes to the fallback channel, so no event is lost for want of a route; the decision
//! depends on the event alone.

use crate::{
    config::{Conditions, Route},
    event::{Event, Source},
};

/// Whether `event` is what `conditions` ask for. An empty list asks nothing; all that is asked must hold.
fn hold(conditions: &Conditions, event: &Event) -> bool {
    fn any<T>(wanted: &[T], matches: impl Fn(&T) -> bool) -> bool {
        wanted.is_empty() || wanted.iter().any(matches)
    }
    any(&conditions.sources, |source| source == event.source.as_str())
        && any(&conditions.kinds, |kind| *kind == event.kind)
        && any(&conditions.repositories, |pattern| {
            // Patterns are in lower case, since a forge's names have no case.
            let name = event.repository.as_ref().map(|name| name.to_lowercase());
            name.is_some_and(|name| matches_pattern(pattern.as_bytes(), name.as_bytes()))
        })
        && any(&conditions.services, |service| Some(service) == event.service.as_ref())
        && any(&conditions.severities, |severity| *severity == event.severity)
        && conditions.labels.iter().all(|(name, value)| event.labels.get(name) == Some(value))
}

/// All routes, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routes {
    /// The routes; the first that matches wins.
    pub routes: Vec<Route>,
    /// The channel for an event that no route takes.
    pub fallback: u64,
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
    /// Where `event` goes. Vigie's own complaints go to the fallback channel, whatever routes say.
    pub fn decide(&self, event: &Event) -> Decision {
        let mut routes = self.routes.iter().enumerate().filter(|_| event.source != Source::Vigie);
        let Some((index, route)) = routes.find(|(_, route)| hold(&route.conditions, event)) else {
            return Decision { route: None, channels: vec![self.fallback], mentions: Vec::new() };
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
    use crate::{config::Mention, event::Severity, incident::tests::push_event};

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
        };
        let event = push_event();
        let channels = |event: &Event| routes.decide(event).channels;
        assert_eq!(channels(&event), [2]);
        assert_eq!(channels(&Event { repository: Some("Harbor/Crane".into()), ..event.clone() }), [2]);
        assert_eq!(channels(&Event { repository: Some("other/harbor".into()), ..event.clone() }), [3]);
        assert_eq!(channels(&Event { repository: None, kind: "release".into(), ..event.clone() }), [1]);

        let narrow = Routes { routes: routes.routes[..1].to_vec(), fallback: 9 };
        assert_eq!(narrow.decide(&event), Decision { route: None, channels: vec![9], mentions: vec![] });
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
        assert!(hold(&all, &event));
        assert!(!hold(&all, &Event { service: None, ..event.clone() }));
        assert!(!hold(&all, &Event { severity: Severity::Info, ..event.clone() }));
        assert!(!hold(&all, &Event { labels: BTreeMap::new(), ..event.clone() }));
        assert!(!hold(&all, &Event { kind: "create".into(), ..event.clone() }));
        assert!(!hold(&all, &Event { repository: None, ..event }));
    }

    #[test]
    fn roles_are_mentioned_for_the_severities_that_the_route_names() {
        let mention = Some(Mention { roles: vec![3000], severities: vec![Severity::Critical] });
        let routes = Routes {
            routes: vec![Route { channels: vec![1, 2], mention, ..route(Conditions::default(), 0) }],
            fallback: 9,
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
