//! Incidents that share one message, as an embed. Invariants: each critical one is named while there is room,
//! in few words if they are many; what is not named is counted, by severity and by how it stands.

use jiff::Timestamp;

use super::{
    limits, markdown,
    message::Embed,
    page::{BLUE, GREEN, ORANGE, Page, RED},
};
use crate::{
    event::Severity,
    subject::{Digest, Group, Phase},
};

/// How long the description is at most: Discord takes 4096.
const DESCRIPTION: usize = 4000;
/// How long the title of a member is at most, and at least however many there are.
const TITLE: std::ops::RangeInclusive<usize> = 14..=100;
/// What a line has beside the title: the reference as code, a space, the line's end.
const BESIDE: usize = 14;

pub(super) fn digest(page: &Page<'_>, digest: &Digest) -> Embed {
    let open = digest.count(Phase::Open);
    let all: u64 = digest.groups.iter().map(|group| group.count).sum();
    let kind = digest.gathering.as_str();
    let title = page.say("digest-title", &[("kind", kind.into()), ("n", all.into()), ("open", open.into())]);
    let time = |at: Timestamp| format!("<t:{}:f>", at.as_second().max(0));
    let since = time(digest.since);
    let until = digest.until.map_or_else(|| since.clone(), time);
    let about = page.say(
        "digest-about",
        &[("kind", kind.into()), ("open", open.into()), ("since", since.into()), ("until", until.into())],
    );
    let going_on = digest.groups.iter().filter(|group| group.phase == Phase::Open);
    let color = match going_on.map(|group| group.severity).max() {
        Some(Severity::Critical) => RED,
        Some(Severity::Warning) => ORANGE,
        Some(Severity::Info) => BLUE,
        None => GREEN,
    };
    let groups = list(page, &digest.groups, DESCRIPTION - limits::units(&about));
    Embed { description: about + &groups, ..page.embed(color, title, None) }
}

/// The groups one below the other, within `limit` units. Heads and counts come first, then critical members
/// get what they need, and the others what is left.
fn list(page: &Page<'_>, groups: &[Group], limit: usize) -> String {
    let heads: Vec<String> = groups.iter().map(|group| head(page, group)).collect();
    let tails: Vec<String> = groups.iter().map(|group| more(page, group.count)).collect();
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
            text.push_str(&more(page, left));
        }
    }
    text
}

fn head(page: &Page<'_>, group: &Group) -> String {
    let variables = [
        ("severity", group.severity.as_str().into()),
        ("phase", group.phase.as_str().into()),
        ("n", group.count.into()),
    ];
    format!("\n\n**{}**", page.say("digest-group", &variables))
}

fn more(page: &Page<'_>, n: u64) -> String {
    format!("\n*{}*", page.say("more", &[("n", n.into())]))
}

#[cfg(test)]
mod tests;
