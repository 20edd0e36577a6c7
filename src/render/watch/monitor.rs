//! Monitors and units that stand for themselves: of no service that Vigie was told of.

use super::{State, embed};
use crate::{
    render::{
        life, limits,
        message::{Embed, Field},
        page::{Layout, Page, code_span, label},
    },
    subject::{Availability, Exit, Reachable, Unit, UnitState},
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
        // Reset, or run to its end.
        UnitState::Recovered if unit.active.starts_with("inactive") => ("✅", "over"),
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

/// How a unit is, how it ended before that, and where more of a failure can be read.
pub(super) fn outcome(page: &Page<'_>, unit: &Unit) -> Vec<Field> {
    let result = unit.result.trim();
    let why = page.say("unit-result", &[("result", result.into())]);
    let result = if result.is_empty() { String::new() } else { code_span(result, limits::FACT) };
    // The name of a result comes with its meaning where systemd's manual gives one.
    let result = if why.is_empty() { result } else { format!("{result} – {why}") };
    let exit = unit.exit.map(|exit| match exit {
        Exit::Code(code) => page.say("unit-exit-code", &[("code", code.to_string().into())]),
        Exit::Signal(number) => {
            let variables = [("number", number.to_string().into()), ("name", signal(number).into())];
            page.say("unit-exit-signal", &variables)
        }
    });
    let failed = unit.state == UnitState::Failed;
    let journal = format!("journalctl -u {}", quoted(&unit.name));
    let journal = if failed { code_span(&journal, limits::SUMMARY) } else { String::new() };
    let invocation = unit.invocation.as_deref().map(|id| code_span(id, limits::FACT)).unwrap_or_default();
    [
        page.field("field-state", label(&unit.active, limits::FACT), Layout::Beside),
        page.field("field-result", result, Layout::Beside),
        page.field("field-exit", exit.unwrap_or_default(), Layout::Beside),
        page.field("field-journal", journal, Layout::Alone),
        page.field("field-invocation", invocation, Layout::Alone),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The unit's name as a shell takes it: a name may have a backslash, as in `dev-disk\x2d1.swap`.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@:-_.".contains(c);
    if name.chars().all(plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', "")) }
}

/// The names of the signals that end programs (signal(7)); `none` where the number says it all.
fn signal(number: i32) -> &'static str {
    match number {
        1 => "HUP",
        2 => "INT",
        3 => "QUIT",
        4 => "ILL",
        5 => "TRAP",
        6 => "ABRT",
        7 => "BUS",
        8 => "FPE",
        9 => "KILL",
        11 => "SEGV",
        13 => "PIPE",
        14 => "ALRM",
        15 => "TERM",
        24 => "XCPU",
        25 => "XFSZ",
        31 => "SYS",
        _ => "none",
    }
}
