//! Incident to message, within Discord's limits. Invariants, each held by a property test over arbitrary
//! subjects:
//! - no message can be refused for its size or shape: every part has a bound, and the bounds add up;
//! - what a message shows is text: nobody's words mention anyone, hide where a link leads, or change how
//!   anything after them is shown;
//! - a message ends with its incident's reference, alone in the footer or after ` · `.

mod digest;
mod forge;
pub mod limits;
pub mod markdown;
pub mod message;
pub mod news;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod snapshots;

use std::collections::BTreeSet;

use self::message::{AllowedMentions, Message};
use crate::{incident::Incident, language::Language};

/// How many roles a message mentions at most: that many fill its content (2000).
pub const ROLES: usize = 75;

/// What Discord should show for `incident`.
pub fn message(incident: &Incident, language: Language) -> Message {
    let roles: BTreeSet<u64> = incident.mentions.iter().copied().collect();
    let roles: Vec<String> = roles.iter().take(ROLES).map(u64::to_string).collect();
    let content = roles.iter().map(|role| format!("<@&{role}>")).collect::<Vec<_>>().join(" ");
    Message {
        content,
        embeds: vec![forge::embed(incident, language)],
        allowed_mentions: AllowedMentions::of(roles),
    }
}
