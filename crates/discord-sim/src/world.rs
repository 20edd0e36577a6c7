//! The state of this Discord. Invariants: it is changed under one lock only; every change that a bot or the
//! page could notice is noted as a [`Change`], in order, and goes out before the lock is released; what
//! belongs to one guild never is touched by another's requests.

mod channel;
mod grants;
mod guild;
mod markup;
mod message;
mod object;
mod thread;
mod webhook;

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use serde_json::{Value, json};

pub(crate) use self::{
    channel::{Channel, Overwrite, ThreadState},
    grants::{Grants, Privileged},
    guild::{Guild, Member, Role, User},
    markup::{Mentions, id_of},
    message::{Author, Draft, LOADING, Message, Upload},
    thread::NewThread,
    webhook::{Asker, Webhook},
};
use crate::{
    Clock, Id,
    error::ApiError,
    permissions::{self, Permissions, Say},
    snowflake::Snowflakes,
};

/// A change that goes to the gateway and to `GET /_sim/live`.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) guild_id: Option<Id>,
    pub(crate) event: &'static str,
    pub(crate) data: Value,
}

/// Everything that this Discord knows.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    ids: Snowflakes,
    /// The one application; its id is also the id of its bot user, as for every newer application.
    pub(crate) application: Id,
    pub(crate) bot: User,
    pub(crate) grants: Grants,
    pub(crate) guilds: BTreeMap<Id, Guild>,
    /// Channels and threads of all guilds.
    pub(crate) channels: BTreeMap<Id, Channel>,
    pub(crate) webhooks: BTreeMap<Id, Webhook>,
    /// Application commands as Discord returns them; those of a guild have `guild_id`.
    pub(crate) commands: BTreeMap<Id, Value>,
    /// Uploaded files by attachment id.
    pub(crate) files: HashMap<Id, StoredFile>,
    /// Commands made in each scope: since when, and how many.
    pub(crate) command_creates: HashMap<Option<Id>, (i64, u32)>,
    changes: Vec<Change>,
    /// The origin under which attachments can be fetched, e.g. `http://127.0.0.1:4000`.
    pub(crate) origin: String,
}

/// An uploaded file that can be fetched back.
#[derive(Clone, Debug)]
pub(crate) struct StoredFile {
    pub(crate) channel: Id,
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

/// The id of the application and its bot.
pub(crate) const APPLICATION: Id = Id(900_000_000_000_000_001);

impl World {
    /// An empty Discord.
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            ids: Snowflakes::default(),
            application: APPLICATION,
            bot: User { id: APPLICATION, name: "vigie".into(), bot: true },
            grants: Grants::default(),
            guilds: BTreeMap::new(),
            channels: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            commands: BTreeMap::new(),
            files: HashMap::new(),
            command_creates: HashMap::new(),
            changes: Vec::new(),
            origin: String::new(),
        }
    }

    /// A fresh id.
    pub(crate) fn next_id(&mut self) -> Id {
        self.ids.next(self.clock.now_ms())
    }

    /// Notes a change, to be sent when the lock is released.
    pub(crate) fn note(&mut self, guild_id: Option<Id>, event: &'static str, data: Value) {
        self.changes.push(Change { guild_id, event, data });
    }

    /// Takes what was noted.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The guild, or 10004.
    pub(crate) fn guild(&self, id: Id) -> Result<&Guild, ApiError> {
        self.guilds.get(&id).ok_or_else(ApiError::unknown_guild)
    }

    /// The channel or thread, or 10003.
    pub(crate) fn channel(&self, id: Id) -> Result<&Channel, ApiError> {
        self.channels.get(&id).ok_or_else(ApiError::unknown_channel)
    }

    /// The channel or thread, or 10003.
    pub(crate) fn channel_mut(&mut self, id: Id) -> Result<&mut Channel, ApiError> {
        self.channels.get_mut(&id).ok_or_else(ApiError::unknown_channel)
    }

    /// The message that everybody in the channel sees, or 10003 or 10008.
    pub(crate) fn message(&self, channel: Id, id: Id) -> Result<&Message, ApiError> {
        self.channel(channel)?.messages.get(&id).ok_or_else(ApiError::unknown_message)
    }

    /// The member, or 10007.
    pub(crate) fn member(&self, guild: Id, user: Id) -> Result<&Member, ApiError> {
        self.guild(guild)?.members.get(&user).ok_or_else(ApiError::unknown_member)
    }

    /// The webhook, or 10015.
    pub(crate) fn webhook(&self, id: Id) -> Result<&Webhook, ApiError> {
        self.webhooks.get(&id).ok_or_else(ApiError::unknown_webhook)
    }

    /// What a member may do in the guild as a whole; nothing, if there is no such member.
    pub(crate) fn guild_permissions(&self, guild: Id, user: Id) -> Permissions {
        let Some((guild, member)) = self.guilds.get(&guild).and_then(|g| Some((g, g.members.get(&user)?)))
        else {
            return Permissions::default();
        };
        if guild.owner == user {
            return Permissions::ALL;
        }
        let roles = std::iter::once(&guild.id).chain(&member.roles);
        let base =
            roles.filter_map(|id| guild.roles.get(id)).fold(Permissions(0), |all, r| all | r.permissions);
        if base.has(Permissions::ADMINISTRATOR) { Permissions::ALL } else { base }
    }

    /// What a member may do in a channel; a thread has its parent's overwrites.
    pub(crate) fn permissions_in(&self, channel: Id, user: Id) -> Permissions {
        let Some(channel) = self.channels.get(&channel) else { return Permissions::default() };
        let place = if channel.thread.is_some() {
            channel.parent.and_then(|parent| self.channels.get(&parent)).unwrap_or(channel)
        } else {
            channel
        };
        let base = self.guild_permissions(channel.guild_id, user);
        let roles = self.member(channel.guild_id, user).map(|m| m.roles.as_slice()).unwrap_or_default();
        let says = place.overwrites.iter().filter_map(|o| {
            let say = match o.kind {
                0 if o.id == channel.guild_id => Say::Everyone,
                0 if roles.contains(&o.id) => Say::Role,
                1 if o.id == user => Say::Member,
                _ => return None,
            };
            Some((say, o.allow, o.deny))
        });
        permissions::in_channel(base, &says)
    }

    /// Whether the bot may see the channel (else 50001) and do `wanted` there (else 50013).
    pub(crate) fn bot_may(&self, channel: Id, wanted: Permissions) -> Result<(), ApiError> {
        let found = self.channel(channel)?;
        let has = self.permissions_in(found.id, self.bot.id);
        if !has.has(Permissions::VIEW_CHANNEL) {
            return Err(ApiError::missing_access());
        }
        if has.has(wanted) { Ok(()) } else { Err(ApiError::missing_permissions()) }
    }

    /// The guild that a channel belongs to.
    pub(crate) fn guild_of(&self, channel: Id) -> Option<Id> {
        self.channels.get(&channel).map(|c| c.guild_id)
    }

    /// The channel or thread as the bot sees it.
    pub(crate) fn seen(&self, id: Id) -> Result<Value, ApiError> {
        if self.channel(id)?.thread.is_some() {
            self.thread_object(id)
        } else {
            Ok(self.channel(id)?.object())
        }
    }

    /// Notes a channel's event with its object.
    pub(crate) fn note_channel(&mut self, event: &'static str, id: Id) {
        if let Ok(object) = self.seen(id) {
            self.note(self.guild_of(id), event, object);
        }
    }

    /// Takes a channel or thread away, with its threads, webhooks and files.
    pub(crate) fn remove_channel(&mut self, id: Id) -> Result<(), ApiError> {
        let object = self.seen(id)?;
        let channel = self.channel(id)?;
        let (guild_id, is_thread) = (channel.guild_id, channel.thread.is_some());
        self.channels.retain(|_, c| c.id != id && !(c.thread.is_some() && c.parent == Some(id)));
        self.webhooks.retain(|_, w| w.channel_id != id);
        let channels = &self.channels;
        self.files.retain(|_, f| channels.contains_key(&f.channel));
        self.note(Some(guild_id), if is_thread { "THREAD_DELETE" } else { "CHANNEL_DELETE" }, object);
        Ok(())
    }

    /// Takes a guild away with all that belongs to it.
    pub(crate) fn remove_guild(&mut self, id: Id) {
        if self.guilds.remove(&id).is_none() {
            return;
        }
        self.channels.retain(|_, c| c.guild_id != id);
        self.webhooks.retain(|_, w| w.guild_id != id);
        self.commands.retain(|_, c| c["guild_id"] != json!(id));
        self.command_creates.remove(&Some(id));
        let channels = &self.channels;
        self.files.retain(|_, f| channels.contains_key(&f.channel));
        self.note(Some(id), "GUILD_DELETE", json!({"id": id}));
    }
}
