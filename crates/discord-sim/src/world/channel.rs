//! Channels and threads with their objects. Invariant: a thread has `thread` set and a `parent`; nothing
//! else has `thread`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Message;
use crate::{Id, clock::iso, permissions::Permissions};

/// Announcement, public and private threads (docs, "Channel Types").
pub(crate) const THREAD_KINDS: [u8; 3] = [10, 11, 12];

/// A channel or thread.
#[derive(Clone, Debug)]
pub(crate) struct Channel {
    pub(crate) id: Id,
    pub(crate) guild_id: Id,
    /// Discord's channel type.
    pub(crate) kind: u8,
    pub(crate) name: String,
    pub(crate) topic: Option<String>,
    pub(crate) position: usize,
    pub(crate) parent: Option<Id>,
    pub(crate) nsfw: bool,
    pub(crate) rate_limit_per_user: u32,
    pub(crate) overwrites: Vec<Overwrite>,
    pub(crate) messages: BTreeMap<Id, Message>,
    /// Messages that one user alone sees; they are in no list.
    pub(crate) ephemeral: BTreeMap<Id, Message>,
    pub(crate) last_message: Option<Id>,
    pub(crate) thread: Option<ThreadState>,
}

/// What one role (type 0) or member (type 1) may do otherwise in a channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Overwrite {
    pub(crate) id: Id,
    #[serde(rename = "type", default)]
    pub(crate) kind: u8,
    #[serde(default)]
    pub(crate) allow: Permissions,
    #[serde(default)]
    pub(crate) deny: Permissions,
}

/// What only a thread has.
#[derive(Clone, Debug)]
pub(crate) struct ThreadState {
    pub(crate) owner: Id,
    pub(crate) archived: bool,
    pub(crate) locked: bool,
    pub(crate) invitable: bool,
    pub(crate) auto_archive_minutes: u32,
    pub(crate) archive_changed_ms: i64,
    pub(crate) created_ms: i64,
    pub(crate) total_sent: u32,
    /// Who joined, and when.
    pub(crate) members: BTreeMap<Id, i64>,
}

impl Channel {
    /// A message, be it ephemeral or not.
    pub(crate) fn any_message(&self, id: Id) -> Option<&Message> {
        self.messages.get(&id).or_else(|| self.ephemeral.get(&id))
    }

    /// The channel object.
    pub(crate) fn object(&self) -> Value {
        let mut channel = json!({
            "id": self.id, "type": self.kind, "guild_id": self.guild_id, "name": self.name,
            "parent_id": self.parent, "last_message_id": self.last_message, "flags": 0,
            "rate_limit_per_user": self.rate_limit_per_user,
        });
        let Some(thread) = &self.thread else {
            channel["topic"] = json!(self.topic);
            channel["position"] = json!(self.position);
            channel["permission_overwrites"] = json!(self.overwrites);
            channel["nsfw"] = json!(self.nsfw);
            return channel;
        };
        channel["owner_id"] = json!(thread.owner);
        channel["message_count"] = json!(self.messages.values().filter(|m| m.kind != 21).count());
        channel["total_message_sent"] = json!(thread.total_sent);
        channel["member_count"] = json!(thread.members.len());
        let mut metadata = json!({
            "archived": thread.archived, "locked": thread.locked,
            "auto_archive_duration": thread.auto_archive_minutes,
            "archive_timestamp": iso(thread.archive_changed_ms), "create_timestamp": iso(thread.created_ms),
        });
        if self.kind == 12 {
            metadata["invitable"] = json!(thread.invitable);
        }
        channel["thread_metadata"] = metadata;
        channel
    }

    /// The thread member object of `user`.
    pub(crate) fn thread_member(&self, user: Id) -> Option<Value> {
        let joined = self.thread.as_ref()?.members.get(&user)?;
        Some(json!({"id": self.id, "user_id": user, "join_timestamp": iso(*joined), "flags": 0}))
    }
}
