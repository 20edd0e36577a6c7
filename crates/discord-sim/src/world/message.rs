//! Messages: making, editing and deleting them. Invariants: a message is stored whole or not at all; what it
//! looked like before each edit is kept (the newest [`KEPT_EDITS`]); an ephemeral message never shows in its
//! channel nor in a `MESSAGE_*` event. Limits are checked before, by [`crate::limits`].

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Mentions, StoredFile, User, World, markup::id_of, object};
use crate::{Id, error::ApiError};

/// How many earlier looks of a message are kept.
const KEPT_EDITS: usize = 1000;
/// How long a nonce is remembered ("the past few minutes", docs, "Create Message").
const NONCE_WINDOW_MS: i64 = 5 * 60 * 1000;
/// `LOADING`: an interaction's answer that is still to come (docs, "Message Flags").
pub(crate) const LOADING: u64 = 1 << 7;
/// The flags that whoever creates or edits a message may set: `SUPPRESS_EMBEDS`, `SUPPRESS_NOTIFICATIONS`,
/// `IS_COMPONENTS_V2`.
const SETTABLE: u64 = 1 << 2 | 1 << 12 | 1 << 15;

/// Who wrote a message.
#[derive(Clone, Debug)]
pub(crate) enum Author {
    User(User),
    Webhook { id: Id, name: String, avatar: Option<String> },
}

impl Author {
    /// The id of the user or webhook.
    pub(crate) fn user_id(&self) -> Id {
        match self {
            Self::User(user) => user.id,
            Self::Webhook { id, .. } => *id,
        }
    }
}

/// A message as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: Id,
    pub(crate) channel_id: Id,
    pub(crate) guild_id: Id,
    pub(crate) author: Author,
    /// Discord's message type.
    pub(crate) kind: u8,
    pub(crate) content: String,
    pub(crate) created_ms: i64,
    pub(crate) edited_ms: Option<i64>,
    pub(crate) tts: bool,
    pub(crate) mentions: Mentions,
    pub(crate) attachments: Vec<Value>,
    pub(crate) embeds: Vec<Value>,
    pub(crate) components: Vec<Value>,
    pub(crate) flags: u64,
    pub(crate) webhook_id: Option<Id>,
    pub(crate) application_id: Option<Id>,
    pub(crate) reference: Option<Value>,
    pub(crate) interaction_metadata: Option<Value>,
    /// The user who alone sees it.
    pub(crate) ephemeral_for: Option<Id>,
    /// How it looked before each edit, oldest first.
    pub(crate) edits: Vec<Value>,
}

/// A file that came with a request.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// The `n` of `files[n]`.
    pub(crate) index: u64,
    pub(crate) filename: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
}

/// A message to be made. `body` is the request's JSON (`content`, `embeds`, `components`, `attachments`,
/// `allowed_mentions`, `flags`, `tts`), already checked.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) channel: Id,
    pub(crate) author: Author,
    pub(crate) body: Value,
    pub(crate) files: Vec<Upload>,
    pub(crate) kind: u8,
    /// Flags beyond those that the body may set, e.g. [`LOADING`].
    pub(crate) flags: u64,
    pub(crate) reference: Option<Value>,
    pub(crate) webhook_id: Option<Id>,
    pub(crate) application_id: Option<Id>,
    pub(crate) interaction_metadata: Option<Value>,
    pub(crate) ephemeral_for: Option<Id>,
}

impl Draft {
    /// A plain message; set what else it needs.
    pub(crate) fn new(channel: Id, author: Author, body: Value) -> Self {
        Self {
            channel,
            author,
            body,
            files: Vec::new(),
            kind: 0,
            flags: 0,
            reference: None,
            webhook_id: None,
            application_id: None,
            interaction_metadata: None,
            ephemeral_for: None,
        }
    }
}

impl World {
    /// Stores a message and tells the gateway; 10003 without the channel, 50083 in a locked thread.
    pub(crate) fn create_message(&mut self, draft: Draft) -> Result<Id, ApiError> {
        self.wake_thread(draft.channel)?;
        let id = self.next_id();
        let nonce = draft.body["nonce"].clone();
        let mut message = Message {
            id,
            channel_id: draft.channel,
            guild_id: self.channel(draft.channel)?.guild_id,
            author: draft.author,
            kind: draft.kind,
            content: String::new(),
            created_ms: self.clock.now_ms(),
            edited_ms: None,
            tts: draft.body["tts"] == json!(true),
            mentions: Mentions::default(),
            attachments: Vec::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            flags: draft.flags,
            webhook_id: draft.webhook_id,
            application_id: draft.application_id,
            reference: draft.reference,
            interaction_metadata: draft.interaction_metadata,
            ephemeral_for: draft.ephemeral_for,
            edits: Vec::new(),
        };
        if message.ephemeral_for.is_some() {
            message.flags |= 1 << 6;
        }
        self.write(&mut message, &draft.body, draft.files);
        self.remember_nonce(&message, &nonce);
        let channel = self.channel_mut(draft.channel)?;
        if message.ephemeral_for.is_some() {
            channel.ephemeral.insert(id, message);
            return Ok(id);
        }
        channel.last_message = Some(id);
        channel.messages.insert(id, message);
        // The starter message (type 21) is not counted.
        if let Some(thread) = channel.thread.as_mut().filter(|_| draft.kind != 21) {
            thread.total_sent += 1;
        }
        self.note_created(draft.channel, id, &nonce);
        Ok(id)
    }

    /// Changes what `body` names, keeps how it looked before, and tells the gateway. A body that would leave
    /// nothing to show is 50006. The first edit of a [`LOADING`] message fills it and does not count as one.
    pub(crate) fn edit_message(
        &mut self,
        channel: Id,
        id: Id,
        body: &Value,
        files: Vec<Upload>,
    ) -> Result<(), ApiError> {
        let now = self.clock.now_ms();
        if self.channel(channel)?.thread.as_ref().is_some_and(|t| t.archived) {
            return Err(ApiError::thread_archived());
        }
        let mut message =
            self.channel(channel)?.any_message(id).ok_or_else(ApiError::unknown_message)?.clone();
        let before = object::look(&message, now);
        let kept = message.attachments.clone();
        let mut pending = message.clone();
        pending.flags &= !LOADING;
        object::write_text(&mut pending, body);
        let kept_files = retained(&message, body).len() + files.len();
        if kept_files == 0 && object::is_empty(&pending) {
            return Err(ApiError::empty_message());
        }
        let filled = message.flags & LOADING != 0;
        message.flags &= !LOADING;
        self.write(&mut message, body, files);
        for gone in kept.iter().filter(|a| !message.attachments.iter().any(|b| b["id"] == a["id"])) {
            if let Some(id) = id_of(&gone["id"]) {
                self.files.remove(&id);
            }
        }
        if !filled {
            message.edited_ms = Some(now);
            message.edits.push(before);
            if message.edits.len() > KEPT_EDITS {
                message.edits.remove(0);
            }
        }
        let ephemeral = message.ephemeral_for.is_some();
        let place = self.channel_mut(channel)?;
        if ephemeral {
            place.ephemeral.insert(id, message);
        } else {
            place.messages.insert(id, message);
            self.note_message("MESSAGE_UPDATE", channel, id);
        }
        Ok(())
    }

    /// Takes a message away and tells the gateway; 10008 if there is none.
    pub(crate) fn delete_message(&mut self, channel: Id, id: Id) -> Result<(), ApiError> {
        let place = self.channel_mut(channel)?;
        let guild_id = place.guild_id;
        let shown = place.messages.remove(&id);
        let message =
            place.ephemeral.remove(&id).or_else(|| shown.clone()).ok_or_else(ApiError::unknown_message)?;
        for id in message.attachments.iter().filter_map(|a| id_of(&a["id"])) {
            self.files.remove(&id);
        }
        if shown.is_some() {
            let data = json!({"id": id, "channel_id": channel, "guild_id": guild_id});
            self.note(Some(guild_id), "MESSAGE_DELETE", data);
        }
        Ok(())
    }

    /// What an author's nonce already made in this guild, within the window: its channel and id.
    pub(crate) fn by_nonce(&self, guild: Id, author: Id, nonce: &Value) -> Option<(Id, Id)> {
        let (channel, message, at) = self.guilds.get(&guild)?.nonces.get(&(author, nonce_text(nonce)?))?;
        (self.clock.now_ms() - at < NONCE_WINDOW_MS).then_some((*channel, *message))
    }

    fn remember_nonce(&mut self, message: &Message, nonce: &Value) {
        let now = self.clock.now_ms();
        let Some(text) = nonce_text(nonce) else { return };
        if let Some(guild) = self.guilds.get_mut(&message.guild_id) {
            if guild.nonces.len() >= 4096 {
                guild.nonces.retain(|_, (.., at)| now - *at < NONCE_WINDOW_MS);
            }
            guild.nonces.insert((message.author.user_id(), text), (message.channel_id, message.id, now));
        }
    }

    /// A message to an archived thread opens it, unless it is locked.
    fn wake_thread(&mut self, channel: Id) -> Result<(), ApiError> {
        let Some(thread) = &self.channel(channel)?.thread else { return Ok(()) };
        match (thread.archived, thread.locked) {
            (false, _) => Ok(()),
            (true, true) => Err(ApiError::thread_archived()),
            (true, false) => {
                self.archive_thread(channel, false)?;
                self.note_channel("THREAD_UPDATE", channel);
                Ok(())
            }
        }
    }

    /// Puts what `body` names into the message, stores its files, resolves `attachment://` and mentions.
    fn write(&mut self, message: &mut Message, body: &Value, files: Vec<Upload>) {
        object::write_text(message, body);
        if let Some(flags) = body["flags"].as_u64() {
            message.flags = message.flags & !(1 << 2) | flags & SETTABLE;
        }
        self.write_files(message, body, files);
        object::resolve(message);
        let rights = match message.author {
            Author::User(ref user) => self.permissions_in(message.channel_id, user.id),
            // Webhooks ping as @everyone's overwrites let them; the simulator lets them all.
            Author::Webhook { .. } => crate::permissions::Permissions::BOT,
        };
        message.mentions = self.mentions(message, &body["allowed_mentions"], rights);
    }

    fn write_files(&mut self, message: &mut Message, body: &Value, files: Vec<Upload>) {
        message.attachments = retained(message, body);
        let list = body["attachments"].as_array();
        for file in files {
            let about = list.and_then(|l| l.iter().find(|a| id_of(&a["id"]) == Some(Id(file.index))));
            let id = self.next_id();
            let name = about.and_then(|a| a["filename"].as_str()).unwrap_or(&file.filename);
            let file = Upload { filename: name.to_owned(), ..file };
            let mut attachment = self.store(message.channel_id, id, file, message.ephemeral_for);
            if let Some(text) = about.and_then(|a| a["description"].as_str()) {
                attachment["description"] = json!(text);
            }
            message.attachments.push(attachment);
        }
    }

    /// Stores a file, to be fetched back; its attachment object.
    pub(crate) fn store(&mut self, channel: Id, id: Id, file: Upload, ephemeral: Option<Id>) -> Value {
        let name = object::safe_name(&file.filename);
        let url = format!("{}/attachments/{channel}/{id}/{name}", self.origin);
        let attachment = object::attachment(id, &name, &url, &file, ephemeral);
        let Upload { content_type, bytes, .. } = file;
        self.files.insert(id, StoredFile { channel, name, content_type, bytes });
        attachment
    }
}

/// The files that `body` leaves on the message: all if it names none, else those in its list.
fn retained(message: &Message, body: &Value) -> Vec<Value> {
    let Some(named) = body.get("attachments") else { return message.attachments.clone() };
    let ids: Vec<_> = named.as_array().into_iter().flatten().filter_map(|a| id_of(&a["id"])).collect();
    let stays = |a: &&Value| id_of(&a["id"]).is_some_and(|id| ids.contains(&id));
    message.attachments.iter().filter(stays).cloned().collect()
}

/// A nonce as its key: Discord takes text and integers.
fn nonce_text(nonce: &Value) -> Option<String> {
    nonce.as_str().map(str::to_owned).or_else(|| nonce.as_i64().map(|n| n.to_string()))
}
