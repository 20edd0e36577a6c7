//! Which events go to which channels, with whom mentioned. Invariants: the first route that matches wins;
//! what none takes goes to the fallback channel, so no event is lost for want of a route; the decision
//! depends on the event alone.

use std::collections::BTreeMap;

use crate::event::{Event, Severity, Source};

/// What a route asks of an event. An empty list asks nothing; all that is asked must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// One of these sources.
    pub sources: Vec<Source>,
    /// One of these words of the source (`push`, `pull_request`, …).
    pub kinds: Vec<String>,
    /// One of these repositories, case aside; `*` stands for any run of characters (`org/*`).
    pub repositories: Vec<String>,
    /// One of these watched services.
    pub services: Vec<String>,
    /// One of these severities.
    pub severities: Vec<Severity>,
    /// Each of these labels, with this value.
    pub labels: BTreeMap<String, String>,
}

impl Conditions {
    /// Whether `event` is what they ask for.
    pub fn hold(&self, event: &Event) -> bool {
        fn any<T>(wanted: &[T], matches: impl Fn(&T) -> bool) -> bool {
            wanted.is_empty() || wanted.iter().any(matches)
        }
        any(&self.sources, |source| *source == event.source)
            && any(&self.kinds, |kind| *kind == event.kind)
            && any(&self.repositories, |pattern| {
                event.repository.as_ref().is_some_and(|name| {
                    matches_pattern(pattern.to_lowercase().as_bytes(), name.to_lowercase().as_bytes())
                })
            })
            && any(&self.services, |service| Some(service) == event.service.as_ref())
            && any(&self.severities, |severity| *severity == event.severity)
            && self.labels.iter().all(|(name, value)| event.labels.get(name) == Some(value))
    }
}

/// Whom a route mentions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mention {
    /// The roles, by id.
    pub roles: Vec<u64>,
    /// Only for events of these severities; empty: for all.
    pub severities: Vec<Severity>,
}

/// One route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Which events it takes.
    pub conditions: Conditions,
    /// Where they are shown.
    pub channels: Vec<u64>,
    /// Who is told.
    pub mention: Mention,
}

/// All routes, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// The routes; the first that matches wins.
    pub routes: Vec<Route>,
    /// Where an event goes that no route takes.
    pub fallback: Option<u64>,
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
        let Some((index, route)) = routes.find(|(_, route)| route.conditions.hold(event)) else {
            return Decision {
                route: None,
                channels: self.fallback.into_iter().collect(),
                mentions: Vec::new(),
            };
        };
        let told = route.mention.severities.is_empty() || route.mention.severities.contains(&event.severity);
        let mentions = if told { route.mention.roles.clone() } else { Vec::new() };
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
    use super::*;
    use crate::incident::tests::push_event;

    fn route(conditions: Conditions, channel: u64) -> Route {
        Route { conditions, channels: vec![channel], mention: Mention::default() }
    }

    #[test]
    fn the_first_route_that_matches_wins_and_the_fallback_takes_the_rest() {
        let routes = Routes {
            routes: vec![
                route(Conditions { kinds: vec!["release".into()], ..Conditions::default() }, 1),
                route(Conditions { repositories: vec!["harbor/*".into()], ..Conditions::default() }, 2),
                route(Conditions { sources: vec![Source::Gitea], ..Conditions::default() }, 3),
            ],
            fallback: Some(9),
        };
        let event = push_event();
        let channels = |event: &Event| routes.decide(event).channels;
        assert_eq!(channels(&event), [2]);
        assert_eq!(channels(&Event { repository: Some("Harbor/Crane".into()), ..event.clone() }), [2]);
        assert_eq!(channels(&Event { repository: Some("other/harbor".into()), ..event.clone() }), [3]);
        assert_eq!(channels(&Event { repository: None, kind: "release".into(), ..event.clone() }), [1]);

        let narrow = Routes { routes: routes.routes[..1].to_vec(), fallback: Some(9) };
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
            sources: vec![Source::Gitea],
            kinds: vec!["push".into()],
            repositories: vec!["harbor/lighthouse".into()],
            services: vec!["shop".into(), "blog".into()],
            severities: vec![Severity::Critical, Severity::Warning],
            labels: BTreeMap::from([("team".into(), "web".into())]),
        };
        assert!(all.hold(&event));
        assert!(!all.hold(&Event { service: None, ..event.clone() }));
        assert!(!all.hold(&Event { severity: Severity::Info, ..event.clone() }));
        assert!(!all.hold(&Event { labels: BTreeMap::new(), ..event.clone() }));
        assert!(!all.hold(&Event { kind: "create".into(), ..event.clone() }));
        assert!(!all.hold(&Event { repository: None, ..event }));
    }

    #[test]
    fn roles_are_mentioned_for_the_severities_that_the_route_names() {
        let mention = Mention { roles: vec![3000], severities: vec![Severity::Critical] };
        let routes = Routes {
            routes: vec![Route { channels: vec![1, 2], mention, ..Route::default() }],
            fallback: None,
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
