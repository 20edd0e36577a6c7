//! `vigie explain-route`: which route takes a sample body, and why the ones before it do not. Invariants: the
//! body is read as one that came over the wire would be, and routed by the same code; nothing is sent or
//! stored; what a body says can't move the terminal's cursor.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    process::ExitCode,
};

use hyper::{HeaderMap, header::HeaderValue};
use secrecy::SecretString;

use super::{CONFIG, DATA, INPUT, Sample, report};
use crate::{
    config::{self, Quiet, Route},
    event::{Event, Severity, Source},
    incident::{
        self,
        route::{Routes, Unmet},
    },
    intake::{
        self,
        hooks::{Hooks, Request},
        proof::Proof,
    },
};

/// Explains the route of each event in the sample's body; `stdin` is the body's source if it is called `-`.
///
/// # Errors
/// If what is said can't be written.
pub fn explain_route(
    sample: &Sample,
    stdin: &mut impl Read,
    out: &mut impl Write,
    err: &mut impl Write,
) -> io::Result<ExitCode> {
    let config = match config::load_without_files(&sample.config) {
        Ok(config) => config,
        Err(error) => {
            report(&error, err)?;
            return Ok(ExitCode::from(CONFIG));
        }
    };
    let mut body = Vec::new();
    let read = if sample.body.as_os_str() == "-" {
        stdin.read_to_end(&mut body).map(|_| ())
    } else {
        std::fs::read(&sample.body).map(|bytes| body = bytes)
    };
    if let Err(error) = read {
        writeln!(err, "error: {}: expected a file with a body: {error}", sample.body.display())?;
        return Ok(ExitCode::from(INPUT));
    }
    let events = match events(sample, &body) {
        Ok(events) => events,
        Err(error) => {
            writeln!(err, "error: {}", visible(&error))?;
            return Ok(ExitCode::from(DATA));
        }
    };
    let (critical, names) = (config.critical_services(), names(&config.roles));
    let fallback = config.discord.fallback_channel;
    let routes = Routes { routes: config.routes, fallback, pulse: None };
    for mut event in events {
        incident::weigh(&mut event, &critical);
        writeln!(out, "{}", visible(&facts(&event)))?;
        for line in explained(&routes, &names, &event) {
            writeln!(out, "  {}", visible(&line))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The events that the body tells of.
fn events(sample: &Sample, body: &[u8]) -> Result<Vec<Event>, String> {
    let source = source(&sample.source)?;
    let (kind, name) = (sample.kind.as_deref().unwrap_or_default(), sample.name.as_deref());
    if matches!(source, Source::Woodpecker | Source::Systemd) {
        // They have no webhooks; this is what the inbox holds of them.
        return Ok(vec![intake::read(source, kind, body)?]);
    }
    let name = match (source, name) {
        (Source::Generic, None) => return Err("expected --name with the name of a generic hook".into()),
        (_, name) => name.unwrap_or_default(),
    };
    let mut headers = HeaderMap::new();
    if source == Source::Gitea {
        let value = HeaderValue::from_str(kind).ok().filter(|value| !value.is_empty()).ok_or(
            "expected --kind with what Gitea says in its header X-Gitea-Event-Type, for example --kind push",
        )?;
        headers.insert("x-gitea-event-type", value);
    }
    let mut hooks = Hooks::default();
    hooks.set_up(source, name, Proof::Bearer(SecretString::default()));
    let request = Request { name, headers: &headers, query: None, body };
    let arrivals = hooks.find(source, name).map(|hook| hook.arrivals(&request)).transpose()?;
    arrivals
        .into_iter()
        .flatten()
        .map(|arrival| intake::read(arrival.source, &arrival.kind, &arrival.body))
        .collect()
}

/// The source of this name, if routes decide about it.
fn source(name: &str) -> Result<Source, String> {
    let mut routed = Source::ALL.into_iter().filter(|source| *source != Source::Vigie);
    routed.clone().find(|source| source.as_str() == name).ok_or_else(|| {
        let known: Vec<_> = routed.by_ref().map(Source::as_str).collect();
        format!("expected --source with one of {}, found {name:?}", known.join(", "))
    })
}

fn facts(event: &Event) -> String {
    let labels: Vec<_> = event.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let labels = if labels.is_empty() { "none".into() } else { labels.join(", ") };
    format!(
        "{} {}: severity {}, service {}, repository {}, labels {labels}",
        event.source,
        event.kind,
        event.severity.as_str(),
        event.service.as_deref().unwrap_or("none"),
        event.repository.as_deref().unwrap_or("none"),
    )
}

/// One line for each route up to the one that takes `event`, or one more for the fallback channel.
fn explained(routes: &Routes, names: &BTreeMap<u64, &str>, event: &Event) -> Vec<String> {
    let decision = routes.decide(event);
    let refusing = &routes.routes[..decision.route.unwrap_or(routes.routes.len())];
    let mut lines: Vec<_> = refusing
        .iter()
        .enumerate()
        .filter_map(|(index, route)| Some((index, Unmet::first(&route.conditions, event)?)))
        .map(|(index, unmet)| format!("routes[{index}] does not take it: {}", unmet.explain(event)))
        .collect();
    let channels: Vec<_> = decision.channels.iter().map(u64::to_string).collect();
    let channels = channels.join(", ");
    let Some((index, route)) = decision.route.and_then(|index| Some((index, routes.routes.get(index)?)))
    else {
        lines.push(format!("no route takes it: it goes to discord.fallback_channel {channels}"));
        return lines;
    };
    let mentioned: Vec<_> = decision
        .mentions
        .iter()
        .map(|role| names.get(role).map_or_else(|| role.to_string(), |name| format!("{name} ({role})")))
        .collect();
    let mentioned = if mentioned.is_empty() { "nobody".into() } else { mentioned.join(", ") };
    lines.push(format!("routes[{index}] takes it: channels {channels}; mentions {mentioned}"));
    lines.extend(quiet(route));
    lines
}

/// When the route that takes an event would hold it back.
fn quiet(route: &Route) -> Option<String> {
    let Quiet { from, to, zone, except } = route.quiet.as_ref()?;
    let zone = zone.iana_name().unwrap_or("UTC");
    let except: Vec<_> = except.iter().copied().map(Severity::as_str).collect();
    let except = if except.is_empty() { String::new() } else { format!(", except {}", except.join(", ")) };
    Some(format!("  held back from {} to {} in {zone}{except}", from.strftime("%H:%M"), to.strftime("%H:%M")))
}

fn names(roles: &BTreeMap<String, u64>) -> BTreeMap<u64, &str> {
    roles.iter().map(|(name, id)| (*id, name.as_str())).collect()
}

/// `text` without characters that a terminal acts upon.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
