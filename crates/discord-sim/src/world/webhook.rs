//! Webhooks. Invariant: a webhook posts to the channel it stands in, or to a thread of it.

use serde_json::{Value, json};

use super::World;
use crate::Id;

/// An incoming webhook.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) id: Id,
    pub(crate) token: String,
    pub(crate) guild_id: Id,
    pub(crate) channel_id: Id,
    pub(crate) name: String,
    pub(crate) avatar: Option<String>,
}

/// Who asks for a webhook: its owner's bot, or whoever has its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    Bot,
    TokenHolder,
}

impl World {
    /// The webhook object; its creator is told to the bot only (docs, "Get Webhook with Token").
    pub(crate) fn webhook_object(&self, webhook: &Webhook, asker: Asker) -> Value {
        let mut object = json!({
            "id": webhook.id, "type": 1, "application_id": self.application, "avatar": webhook.avatar,
            "channel_id": webhook.channel_id, "guild_id": webhook.guild_id, "name": webhook.name,
            "token": webhook.token,
            "url": format!("{}/api/webhooks/{}/{}", self.origin, webhook.id, webhook.token),
        });
        if asker == Asker::Bot {
            object["user"] = self.bot.object();
        }
        object
    }
}
