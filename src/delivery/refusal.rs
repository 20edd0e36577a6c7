//! Why a channel takes no messages from the bot. Invariant: each reason says what a person must do, in every
//! language; what says it is the same text each time, so that it can be told from news.

use fluent_bundle::FluentValue;

use crate::{language::Language, reason::Reason};

/// Why a channel takes no messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such channel.
    Missing,
    /// The bot can't see it.
    Unseen,
    /// It is no text channel.
    NoText,
    /// The bot may not write there.
    Forbidden,
    /// The bot can't read what was written, so it can't know whether a message of unknown outcome is there.
    NoHistory,
    /// Discord refuses for another reason.
    Other,
}

/// A channel whose messages wait for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The channel.
    pub channel: u64,
    /// What is wrong with it.
    pub refusal: Refusal,
}

impl Refusal {
    /// What is wrong and what to do.
    pub const fn reason(self) -> Reason {
        match self {
            Self::Missing => Reason::new("refusal-missing"),
            Self::Unseen => Reason::new("refusal-unseen"),
            Self::NoText => Reason::new("refusal-no-text"),
            Self::Forbidden => Reason::new("refusal-forbidden"),
            Self::NoHistory => Reason::new("refusal-no-history"),
            Self::Other => Reason::new("refusal-other"),
        }
    }
}

impl Complaint {
    /// Its heading.
    pub fn title(self, language: Language) -> String {
        language.text("refused-title", &[])
    }

    /// Which channel it is, what is wrong and what to do.
    pub fn text(self, language: Language) -> String {
        let channel = FluentValue::from(self.channel.to_string());
        let why = FluentValue::from(self.refusal.reason().text(language));
        language.text("refused-text", &[("channel", channel), ("why", why)])
    }
}
