//! What people are told of what they did. Invariant: it also says how things stand, so that a second press
//! tells as much as the first.

use fluent_bundle::FluentValue;
use jiff::Timestamp;

use super::until::Bad;
use crate::{
    incident::action::{Deed, Outcome, Verdict},
    language::Language,
};

/// How much of a reason is told, and of what somebody typed.
const TOLD: usize = 600;

/// What became of `deed`.
pub(super) fn verdict(deed: Deed, verdict: &Verdict, language: Language) -> String {
    let say = |key: &str, variables: &[(&str, FluentValue<'_>)]| language.text(key, variables);
    match &verdict.outcome {
        Outcome::Done | Outcome::Already => {}
        Outcome::UnderWay => return say("action-under-way", &[]),
        Outcome::Over => return say("action-over", &[]),
        Outcome::Unknown => return say("action-unknown", &[]),
        Outcome::Unsilenceable => return say("action-unsilenceable", &[]),
        Outcome::Refused(why) => {
            return say("action-refused", &[("reason", told(&why.text(language)).into())]);
        }
        Outcome::Unsure(why) => return say("action-unsure", &[("reason", told(&why.text(language)).into())]),
    }
    let first = verdict.outcome == Outcome::Done;
    match (deed, &verdict.acknowledged, &verdict.silence) {
        (Deed::Acknowledge, Some(_), _) if first => say("action-acknowledged", &[]),
        (Deed::Acknowledge, Some(known), _) => {
            say("action-acknowledged-already", &[("who", user(known.by)), ("when", ago(known.at))])
        }
        (Deed::Silence { .. }, _, Some(silence)) => {
            let key = if first { "action-silenced" } else { "action-silenced-already" };
            say(
                key,
                &[("who", user(silence.by)), ("until", full(silence.until)), ("when", ago(silence.until))],
            )
        }
        (Deed::Acknowledge | Deed::Release, ..) if first => say("action-released", &[]),
        (Deed::Acknowledge | Deed::Release, ..) => say("action-released-already", &[]),
        (Deed::Silence { .. } | Deed::Unsilence, ..) if first => say("action-unsilenced", &[]),
        (Deed::Silence { .. } | Deed::Unsilence, ..) => say("action-unsilenced-already", &[]),
    }
}

/// Why `text` is no time until which there can be silence, and what would be.
pub(super) fn no_time(bad: Bad, text: &str, language: Language) -> String {
    let key = match bad {
        Bad::Unreadable => "until-unreadable",
        Bad::Past => "until-past",
        Bad::TooFar => "until-too-far",
    };
    let why = language.text(key, &[("text", told(text).into())]);
    format!("{why}\n{}", language.text("until-expected", &[]))
}

/// `text` as code, cut.
fn told(text: &str) -> String {
    let cut: String = text.chars().take(TOLD).collect();
    crate::render::markdown::code(&cut)
}

fn user(id: u64) -> FluentValue<'static> {
    format!("<@{id}>").into()
}

fn ago(at: Timestamp) -> FluentValue<'static> {
    crate::render::markdown::ago(at).into()
}

/// Date and time, as each reader's Discord tells them.
fn full(at: Timestamp) -> FluentValue<'static> {
    format!("<t:{}:f>", at.as_second()).into()
}
