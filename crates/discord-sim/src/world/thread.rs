//! Making threads. Invariants: at most one thread a message, and a thread on a message has its id (docs,
//! "Start Thread from Message").

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Author, Channel, Draft, ThreadState, World};
use crate::{Id, error::ApiError};

/// What a new thread is made of.
#[derive(Clone, Debug)]
pub(crate) struct NewThread {
    pub(crate) parent: Id,
    /// The message that it hangs on, if any.
    pub(crate) message: Option<Id>,
    pub(crate) kind: u8,
    pub(crate) name: String,
    pub(crate) auto_archive_minutes: u32,
    pub(crate) rate_limit_per_user: u32,
    pub(crate) invitable: bool,
}

impl World {
    /// Makes a thread of the bot's; 160004 if the message has one.
    pub(crate) fn create_thread(&mut self, new: NewThread) -> Result<Id, ApiError> {
        let guild_id = self.channel(new.parent)?.guild_id;
        let id = match new.message {
            Some(message) if !self.channel(new.parent)?.messages.contains_key(&message) => {
                return Err(ApiError::unknown_message());
            }
            Some(message) if self.channels.contains_key(&message) => return Err(ApiError::thread_exists()),
            Some(message) => message,
            None => self.next_id(),
        };
        let (now, owner) = (self.clock.now_ms(), self.bot.id);
        let thread = ThreadState {
            owner,
            archived: false,
            locked: false,
            invitable: new.invitable,
            auto_archive_minutes: new.auto_archive_minutes,
            archive_changed_ms: now,
            created_ms: now,
            total_sent: 0,
            members: BTreeMap::from([(owner, now)]),
        };
        let channel = Channel {
            id,
            guild_id,
            kind: new.kind,
            name: new.name,
            topic: None,
            position: 0,
            parent: Some(new.parent),
            nsfw: false,
            rate_limit_per_user: new.rate_limit_per_user,
            overwrites: Vec::new(),
            messages: BTreeMap::new(),
            ephemeral: BTreeMap::new(),
            last_message: None,
            thread: Some(thread),
        };
        let mut data = channel.object();
        data["newly_created"] = json!(true);
        if let Some(member) = channel.thread_member(owner) {
            data["member"] = member;
        }
        self.channels.insert(id, channel);
        self.note(Some(guild_id), "THREAD_CREATE", data);
        self.announce_thread(new.parent, new.message, id)?;
        Ok(id)
    }

    /// What shows the thread in the channels: a flag on its message, or a message of type 18.
    fn announce_thread(&mut self, parent: Id, message: Option<Id>, thread: Id) -> Result<(), ApiError> {
        let author = Author::User(self.bot.clone());
        let guild = self.guild_of(parent);
        if let Some(message) = message {
            if let Some(message) = self.channel_mut(parent)?.messages.get_mut(&message) {
                message.flags |= 1 << 5;
            }
            self.note_message("MESSAGE_UPDATE", parent, message);
            let mut starter = Draft::new(thread, author, json!({}));
            starter.kind = 21;
            starter.reference =
                Some(json!({"type": 0, "channel_id": parent, "guild_id": guild, "message_id": message}));
            self.create_message(starter)?;
        } else if self.channel(thread)?.kind != 12 {
            let content = json!({"content": self.channel(thread)?.name});
            let mut notice = Draft::new(parent, author, content);
            notice.kind = 18;
            notice.reference = Some(json!({"type": 0, "channel_id": thread, "guild_id": guild}));
            self.create_message(notice)?;
        }
        Ok(())
    }

    /// Opens or shuts a thread; the caller tells it.
    pub(crate) fn archive_thread(&mut self, id: Id, archived: bool) -> Result<(), ApiError> {
        let now = self.clock.now_ms();
        if let Some(thread) = &mut self.channel_mut(id)?.thread
            && thread.archived != archived
        {
            thread.archived = archived;
            thread.archive_changed_ms = now;
        }
        Ok(())
    }

    /// The thread object as `THREAD_*` answers and events give it to the bot.
    pub(crate) fn thread_object(&self, id: Id) -> Result<Value, ApiError> {
        let channel = self.channel(id)?;
        let mut data = channel.object();
        if let Some(member) = channel.thread_member(self.bot.id) {
            data["member"] = member;
        }
        Ok(data)
    }
}
