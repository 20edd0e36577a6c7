//! Incidents that share one message, as an embed. Invariants: each critical one is named while there is room,
//! in few words if they are many; what is not named is counted, by severity and by how it stands.

use fluent_bundle::FluentValue;
use jiff::Timestamp;

use super::{
    limits, markdown,
    message::{Embed, Footer},
};
use crate::{
    event::Severity,
    incident::Incident,
    language::Language,
    subject::{Digest, Group, Phase},
};

const BLUE: u32 = 0x0009_69da;
const GREEN: u32 = 0x002d_a44e;
const RED: u32 = 0x00cf_222e;
const YELLOW: u32 = 0x00d4_a72c;

/// How long the description is at most: Discord takes 4096.
const DESCRIPTION: usize = 4000;
/// How long the title of a member is at most, and at least however many there are.
const TITLE: std::ops::RangeInclusive<usize> = 14..=100;
/// What a line has beside the title: the reference as code, a space, the line's end.
const BESIDE: usize = 14;

pub(super) fn embed(incident: &Incident, digest: &Digest, language: Language) -> Embed {
    let open = digest.count(Phase::Open);
    let all: u64 = digest.groups.iter().map(|group| group.count).sum();
    let title = language.text(
        "digest-title",
        &[("kind", digest.gathering.as_str().into()), ("n", all.into()), ("open", open.into())],
    );
    let time = |at: Timestamp| FluentValue::from(format!("<t:{}:f>", at.as_second().max(0)));
    let until = digest.until.unwrap_or(digest.since);
    let about = language.text(
        "digest-about",
        &[
            ("kind", digest.gathering.as_str().into()),
            ("open", open.into()),
            ("since", time(digest.since)),
            ("until", time(until)),
        ],
    );
    let worst =
        digest.groups.iter().filter(|group| group.phase == Phase::Open).map(|group| group.severity).max();
    Embed {
        title,
        description: format!(
            "{about}{}",
            list(&digest.groups, DESCRIPTION - limits::units(&about), language)
        ),
        color: match worst {
            Some(Severity::Critical) => RED,
            Some(Severity::Warning) => YELLOW,
            Some(Severity::Info) => BLUE,
            None => GREEN,
        },
        footer: Footer { text: incident.reference.clone() },
        timestamp: incident.updated.max(Timestamp::UNIX_EPOCH),
        ..Embed::default()
    }
}

/// The groups one below the other, within `limit` units. Heads and counts come first, then critical members
/// get what they need, and the others what is left.
fn list(groups: &[Group], limit: usize, language: Language) -> String {
    let heads: Vec<String> = groups.iter().map(|group| head(group, language)).collect();
    let tails: Vec<String> = groups.iter().map(|group| more(group.count, language)).collect();
    let mut room = limit.saturating_sub(heads.iter().chain(&tails).map(|text| limits::units(text)).sum());
    let critical: usize = groups
        .iter()
        .filter(|group| group.severity == Severity::Critical)
        .map(|group| group.members.len())
        .sum();
    let each = (room / critical.max(1)).saturating_sub(BESIDE).clamp(*TITLE.start(), *TITLE.end());
    let mut text = String::new();
    // Groups come with the critical ones first.
    for (group, head) in groups.iter().zip(heads) {
        let longest = if group.severity == Severity::Critical { each } else { *TITLE.end() };
        text.push_str(&head);
        let mut left = group.count;
        for member in &group.members {
            let title = limits::shorten(&member.title, longest, |_| "…".into(), markdown::inline);
            let line = format!("\n{} {title}", markdown::code(&member.reference));
            let Some(less) = room.checked_sub(limits::units(&line)) else { break };
            room = less;
            left = left.saturating_sub(1);
            text.push_str(&line);
        }
        if left > 0 {
            text.push_str(&more(left, language));
        }
    }
    text
}

fn head(group: &Group, language: Language) -> String {
    let variables = [
        ("severity", group.severity.as_str().into()),
        ("phase", group.phase.as_str().into()),
        ("n", group.count.into()),
    ];
    format!("\n\n**{}**", language.text("digest-group", &variables))
}

fn more(n: u64, language: Language) -> String {
    format!("\n*{}*", language.text("more", &[("n", n.into())]))
}

#[cfg(test)]
mod tests;
