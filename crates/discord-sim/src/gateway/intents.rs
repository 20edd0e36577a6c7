//! What a session has asked to hear (docs, "Gateway: Gateway Intents"). Invariant: an event that no listed
//! intent covers reaches every session.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{Id, world::Privileged};

/// The intents of one IDENTIFY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Intents(u64);

impl Privileged {
    const fn bit(self) -> u64 {
        match self {
            Self::GuildMembers => GUILD_MEMBERS,
            Self::GuildPresences => GUILD_PRESENCES,
            Self::MessageContent => MESSAGE_CONTENT,
        }
    }
}

const GUILDS: u64 = 1;
const GUILD_MEMBERS: u64 = 1 << 1;
const GUILD_PRESENCES: u64 = 1 << 8;
const GUILD_MESSAGES: u64 = 1 << 9;
const DIRECT_MESSAGES: u64 = 1 << 12;
const MESSAGE_CONTENT: u64 = 1 << 15;

/// Every bit that Discord has given a meaning: 0 to 16, 20, 21, 24, 25.
const KNOWN: u64 = ((1 << 17) - 1) | (0b11 << 20) | (0b11 << 24);

/// What `MESSAGE_CONTENT` keeps from those who lack it; texts become empty, lists too.
const CONTENT: [&str; 4] = ["content", "embeds", "attachments", "components"];

impl Intents {
    /// `None` if a bit has no meaning (close code 4013).
    pub(crate) fn new(bits: u64) -> Option<Self> {
        (bits & !KNOWN == 0).then_some(Self(bits))
    }

    /// Whether each privileged one among them is `granted` (else close code 4014).
    pub(crate) fn are_granted(self, granted: &BTreeSet<Privileged>) -> bool {
        Privileged::ALL.iter().all(|intent| granted.contains(intent) || !self.has(intent.bit()))
    }

    fn has(self, bit: u64) -> bool {
        self.0 & bit != 0
    }

    /// Whether the session hears `event`.
    pub(crate) fn cover(self, event: &str, guild: Option<Id>) -> bool {
        let needed = match event {
            "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE" | "CHANNEL_PINS_UPDATE" => GUILDS,
            "THREAD_MEMBERS_UPDATE" => GUILDS | GUILD_MEMBERS,
            "WEBHOOKS_UPDATE" => 1 << 5,
            "PRESENCE_UPDATE" => GUILD_PRESENCES,
            "MESSAGE_CREATE" | "MESSAGE_UPDATE" | "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => match guild {
                Some(_) => GUILD_MESSAGES,
                None => DIRECT_MESSAGES,
            },
            _ if event.starts_with("GUILD_MEMBER_") => GUILD_MEMBERS,
            _ if ["CHANNEL_", "THREAD_", "GUILD_ROLE_"].iter().any(|kind| event.starts_with(kind)) => GUILDS,
            _ => return true,
        };
        self.has(needed)
    }

    /// Takes out of `data` what these intents don't allow, for a bot with the user id `bot`.
    pub(crate) fn prune(self, event: &str, data: &mut Value, bot: Id) {
        let bot = bot.to_string();
        match event {
            "GUILD_CREATE" if !self.has(GUILD_PRESENCES) => {
                if let Some(members) = data["members"].as_array_mut() {
                    members.retain(|member| member["user"]["id"] == bot.as_str());
                }
                data["presences"] = json!([]);
            }
            "MESSAGE_CREATE" | "MESSAGE_UPDATE" if !self.has(MESSAGE_CONTENT) && !is_told(data, &bot) => {
                for key in CONTENT {
                    match data.get_mut(key) {
                        Some(Value::String(text)) => text.clear(),
                        Some(Value::Array(list)) => list.clear(),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether the bot sees a message's content anyway: its own, one that mentions it, one outside guilds.
fn is_told(message: &Value, bot: &str) -> bool {
    let mentioned = message["mentions"].as_array().is_some_and(|all| all.iter().any(|u| u["id"] == bot));
    message["author"]["id"] == bot || mentioned || message.get("guild_id").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_hears_what_its_intents_cover_and_interactions_always() {
        let guild = Some(Id(1));
        let none = Intents::new(0).unwrap();
        assert!(none.cover("INTERACTION_CREATE", guild));
        assert!(!none.cover("GUILD_CREATE", guild));
        assert!(!none.cover("THREAD_CREATE", guild));
        assert!(Intents::new(GUILDS).unwrap().cover("CHANNEL_DELETE", guild));
        assert!(Intents::new(GUILD_MESSAGES).unwrap().cover("MESSAGE_CREATE", guild));
        assert!(!Intents::new(GUILD_MESSAGES).unwrap().cover("MESSAGE_CREATE", None));
        assert_eq!(Intents::new(1 << 17), None);
    }

    #[test]
    fn the_content_of_others_needs_its_intent() {
        let message = |author: &str| json!({"guild_id": "1", "author": {"id": author}, "content": "hi"});
        let seen = |intents: u64, author| {
            let mut data = message(author);
            Intents::new(intents).unwrap().prune("MESSAGE_CREATE", &mut data, Id(7));
            data["content"].as_str().unwrap().to_owned()
        };
        assert_eq!(seen(GUILD_MESSAGES, "8"), "");
        assert_eq!(seen(GUILD_MESSAGES, "7"), "hi");
        assert_eq!(seen(GUILD_MESSAGES | MESSAGE_CONTENT, "8"), "hi");
    }
}
