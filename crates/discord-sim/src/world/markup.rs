//! Who a message mentions. Invariant: only what `allowed_mentions` lets through and the author may ping
//! stands in a message's mention lists (docs, "Allowed Mentions Object").

use serde_json::Value;

use super::{Guild, Message, World};
use crate::{Id, permissions::Permissions};

/// Who is pinged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    pub(crate) users: Vec<Id>,
    pub(crate) roles: Vec<Id>,
    pub(crate) everyone: bool,
}

impl World {
    /// Works out the mentions of a message. `rights` are its author's in the channel.
    pub(crate) fn mentions(&self, message: &Message, allowed: &Value, rights: Permissions) -> Mentions {
        let Ok(guild) = self.guild(message.guild_id) else { return Mentions::default() };
        let text = text_of(message);
        let lets = |kind: &str, id: Id| {
            let listed =
                |list: &Value| list.as_array().is_some_and(|l| l.iter().any(|v| id_of(v) == Some(id)));
            allowed.is_null() || parses(allowed, kind) || listed(&allowed[kind])
        };
        let mut mentions = Mentions {
            users: marked(&text, "@"),
            roles: marked(&text, "@&"),
            everyone: (text.contains("@everyone") || text.contains("@here"))
                && rights.has(Permissions::MENTION_EVERYONE)
                && (allowed.is_null() || parses(allowed, "everyone")),
        };
        mentions.users.retain(|id| guild.members.contains_key(id) && lets("users", *id));
        mentions.roles.retain(|id| lets("roles", *id) && pingable(guild, *id, rights));
        if let Some(author) = self.replied_author(message)
            && (allowed.is_null() || allowed["replied_user"] == Value::Bool(true))
            && !mentions.users.contains(&author)
        {
            mentions.users.push(author);
        }
        mentions
    }

    fn replied_author(&self, message: &Message) -> Option<Id> {
        if message.kind != 19 {
            return None;
        }
        let target = id_of(&message.reference.as_ref()?["message_id"])?;
        Some(self.channel(message.channel_id).ok()?.messages.get(&target)?.author.user_id())
    }
}

fn pingable(guild: &Guild, role: Id, rights: Permissions) -> bool {
    role != guild.id
        && guild.roles.get(&role).is_some_and(|r| r.mentionable || rights.has(Permissions::MENTION_EVERYONE))
}

fn parses(allowed: &Value, kind: &str) -> bool {
    allowed["parse"].as_array().is_some_and(|list| list.iter().any(|v| v == kind))
}

/// An id that came as text or number.
pub(crate) fn id_of(value: &Value) -> Option<Id> {
    value.as_str().map_or_else(|| value.as_u64().map(Id), |text| text.parse().ok())
}

/// The content and every text display (component type 10).
fn text_of(message: &Message) -> String {
    fn walk(component: &Value, text: &mut String) {
        if component["type"] == 10 {
            text.push('\n');
            text.push_str(component["content"].as_str().unwrap_or_default());
        }
        for child in component["components"].as_array().into_iter().flatten() {
            walk(child, text);
        }
    }
    let mut text = message.content.clone();
    message.components.iter().for_each(|c| walk(c, &mut text));
    text
}

/// The ids in `<@1>`, `<@!1>` (prefix `@`) or `<@&1>` (prefix `@&`), each once, in order.
fn marked(text: &str, prefix: &str) -> Vec<Id> {
    let mut found = Vec::new();
    for part in text.split('<').skip(1) {
        let Some((inner, _)) = part.split_once('>') else { continue };
        let Some(digits) = inner.strip_prefix(prefix) else { continue };
        if let Ok(id) = digits.strip_prefix('!').unwrap_or(digits).parse()
            && !found.contains(&id)
        {
            found.push(id);
        }
    }
    found
}
