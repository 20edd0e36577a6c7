//! The buttons below what people can act on. Invariants: what a press needs stands in its button's custom id,
//! which every later version understands, so that old messages keep working; what has ended has no buttons.

use super::{
    markdown,
    message::{Button, Row, Style},
};
use crate::{incident::Incident, language::Language, subject::Subject};

/// Whether alerts of Alertmanager can be silenced from Discord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silencing {
    /// They can: it can be asked, and somebody may.
    Offered,
    /// They can't.
    Withheld,
}

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Says that whoever presses it looks after the incident.
    Acknowledge,
    /// Undoes that.
    Release,
    /// Silences the alert for one hour.
    SilenceHour,
    /// Silences it for four hours.
    SilenceFourHours,
    /// Asks until when it is to be silenced.
    SilenceUntil,
    /// Ends the silence.
    Unsilence,
}

/// The version of the custom ids.
const VERSION: &str = "v1";

impl Press {
    const ALL: [Self; 6] = [
        Self::Acknowledge,
        Self::Release,
        Self::SilenceHour,
        Self::SilenceFourHours,
        Self::SilenceUntil,
        Self::Unsilence,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Acknowledge => "ack",
            Self::Release => "unack",
            Self::SilenceHour => "silence-1h",
            Self::SilenceFourHours => "silence-4h",
            Self::SilenceUntil => "silence-until",
            Self::Unsilence => "unsilence",
        }
    }

    /// The custom id of this button on the message of the incident `reference`, at most 100 characters.
    pub fn custom_id(self, reference: &str) -> String {
        format!("{VERSION}:{}:{reference}", self.word())
    }

    /// The button with this custom id, and the incident's reference.
    pub fn parse(custom_id: &str) -> Option<(Self, &str)> {
        let (word, reference) = custom_id.strip_prefix(VERSION)?.strip_prefix(':')?.split_once(':')?;
        let press = Self::ALL.into_iter().find(|press| press.word() == word)?;
        Some((press, reference))
    }

    fn button(self, incident: &Incident, language: Language) -> Button {
        let (style, emoji, key) = match self {
            Self::Acknowledge => (Style::Primary, "👀", "button-acknowledge"),
            Self::Release => (Style::Secondary, "↩️", "button-release"),
            Self::SilenceHour => (Style::Secondary, "🔕", "button-silence-hour"),
            Self::SilenceFourHours => (Style::Secondary, "🔕", "button-silence-four-hours"),
            Self::SilenceUntil => (Style::Secondary, "🔕", "button-silence-until"),
            Self::Unsilence => (Style::Secondary, "🔔", "button-unsilence"),
        };
        Button::press(style, emoji, language.text(key, &[]), self.custom_id(&incident.reference))
    }
}

/// The rows below the message of `incident`.
pub fn rows(incident: &Incident, language: Language, silencing: Silencing) -> Vec<Row> {
    if !incident.can_be_acknowledged() {
        return Vec::new();
    }
    let mut presses = vec![if incident.acknowledged.is_some() { Press::Release } else { Press::Acknowledge }];
    if silencing == Silencing::Offered {
        if incident.silence.is_some() {
            presses.push(Press::Unsilence);
        } else if incident.silenceable().is_some() {
            presses.extend([Press::SilenceHour, Press::SilenceFourHours, Press::SilenceUntil]);
        }
    }
    let buttons = presses.into_iter().map(|press| press.button(incident, language));
    vec![Row::of(buttons.chain(runbook(incident, language)).collect())]
}

/// A link to what is to be done about the alert, if it names an address that Discord takes.
fn runbook(incident: &Incident, language: Language) -> Option<Button> {
    let Subject::Alert(alert) = &incident.subject else { return None };
    let url = markdown::embed_address(alert.links.runbook.as_deref()?)?;
    Some(Button::link("📖", language.text("button-runbook", &[]), url))
}

#[cfg(test)]
mod tests;
