//! Monitors and units that stand for themselves: of no service that Vigie was told of.

use super::{State, embed};
use crate::{
    render::{
        life, limits,
        message::{Embed, Field},
        page::{Layout, Page, code_span, label},
    },
    subject::{Availability, Reachable, Unit, UnitState},
};

pub(in crate::render) fn availability(page: &Page<'_>, monitor: &Availability) -> Embed {
    let state = match monitor.state {
        Reachable::Up => State::up(page.incident),
        Reachable::Down => State::Down,
        Reachable::Pending => State::Pending,
        Reachable::Maintenance => State::Maintenance,
    };
    let embed = embed(page, state, &monitor.monitor);
    Embed {
        description: page.text(&monitor.text, limits::ACCOUNT),
        fields: embed.fields.into_iter().chain(probe(page, monitor)).collect(),
        ..embed
    }
}

/// How and where a monitor looks, and how long the answer took.
pub(super) fn probe(page: &Page<'_>, monitor: &Availability) -> Vec<Field> {
    let target = monitor.target.as_deref().filter(|target| !target.trim().is_empty());
    let ping = monitor.ping_ms.map(|n| page.say("milliseconds", &[("n", n.into())]));
    [
        page.field(
            "field-target",
            target.map(|target| code_span(target, limits::FACT)).unwrap_or_default(),
            Layout::Beside,
        ),
        page.field("field-method", label(&monitor.method, limits::FACT), Layout::Beside),
        page.field("field-ping", ping.unwrap_or_default(), Layout::Beside),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(in crate::render) fn unit(page: &Page<'_>, unit: &Unit) -> Embed {
    let (icon, state) = match unit.state {
        UnitState::Failed => (life::icon(page.incident.severity), "failed"),
        UnitState::Recovered => ("✅", "recovered"),
    };
    let name = label(&unit.name, limits::NAME);
    let text = page.say("unit-title", &[("state", state.into()), ("name", name.into())]);
    let embed = page.embed(life::color(page.incident), page.title(icon, &text), None);
    Embed {
        description: page.text(&unit.description, limits::SUMMARY),
        fields: life::extent(page).into_iter().chain(outcome(page, unit)).collect(),
        ..embed
    }
}

/// How a unit is, and how it ended before that.
pub(super) fn outcome(page: &Page<'_>, unit: &Unit) -> Vec<Field> {
    let result = unit.result.trim();
    let why = page.say("unit-result", &[("result", result.into())]);
    let result = if result.is_empty() { String::new() } else { code_span(result, limits::FACT) };
    // The name of a result comes with its meaning where systemd's manual gives one.
    let result = if why.is_empty() { result } else { format!("{result} – {why}") };
    [
        page.field("field-state", label(&unit.active, limits::FACT), Layout::Beside),
        page.field("field-result", result, Layout::Beside),
    ]
    .into_iter()
    .flatten()
    .collect()
}
