//! `POST /_sim/interactions`: what a user does, turned into an interaction. Invariant: an interaction is made only of
//! what this user sees and may do; anything else is an error for who asked, and the bot hears nothing.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    components, event,
    options::{Reader, Stage},
    record::{self, Answer, Interaction, Kind, State, Target},
    resolved::{self, Resolved},
};
use crate::{Id, permissions::Permissions, rest::commands::definition, world::World};

/// What a user does. Which keys belong together: DESIGN.md, "Public contract".
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Act {
    pub(super) kind: Kind,
    guild_id: Option<Id>,
    channel_id: Id,
    user_id: Id,
    command: Option<String>,
    #[serde(default)]
    options: Map<String, Value>,
    focused: Option<String>,
    target_id: Option<Id>,
    message_id: Option<Id>,
    custom_id: Option<String>,
    values: Option<Value>,
    #[serde(default)]
    pub(super) wait: Wait,
}

/// What the control plane waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Wait {
    /// The first answer, 3 seconds at most.
    #[default]
    Callback,
    /// Also the first edit or follow-up after a deferral, 30 seconds at most.
    Final,
}

/// What the act means for the bot.
#[derive(Default)]
struct Meaning {
    data: Map<String, Value>,
    /// The message that the component stands on, and its object.
    message: Option<(Id, Value)>,
    trigger: Option<Value>,
    command: Option<String>,
    target: Option<Target>,
}

impl Act {
    /// Makes the interaction; the guild and the data of `INTERACTION_CREATE`.
    pub(super) fn perform(&self, world: &mut World, state: &mut State) -> Result<(Id, Id, Value), String> {
        let guild = self.check_place(world)?;
        let meaning = match self.kind {
            Kind::Command if self.target_id.is_some() => self.command_on_target(world, guild)?,
            Kind::Command | Kind::Autocomplete => self.command(world, guild)?,
            Kind::Button | Kind::Select => self.component(world, guild)?,
            Kind::Modal => self.modal(world, state, guild)?,
        };
        let id = world.next_id();
        let (source, message) = meaning.message.unzip();
        let interaction = Interaction {
            id,
            token: record::token(id),
            kind: self.kind,
            guild,
            channel: self.channel_id,
            user: self.user_id,
            created_ms: world.clock.now_ms(),
            command: meaning.command,
            target: meaning.target,
            source,
            trigger: meaning.trigger,
            answer: None,
            original: None,
            shown: Vec::new(),
        };
        let body = event::body(world, &interaction, &meaning.data, message);
        state.enter(interaction);
        Ok((id, guild, body))
    }

    fn check_place(&self, world: &World) -> Result<Id, String> {
        let (channel, user) = (self.channel_id, self.user_id);
        let guild = world.guild_of(channel).ok_or_else(|| format!("no channel {channel}"))?;
        if self.guild_id.is_some_and(|named| named != guild) {
            return Err(format!("channel {channel} is in guild {guild}, not in the one named"));
        }
        world.member(guild, user).map_err(|_| format!("user {user} is no member of guild {guild}"))?;
        if world.permissions_in(channel, user).has(Permissions::VIEW_CHANNEL) {
            Ok(guild)
        } else {
            Err(format!("user {user} can't see channel {channel}"))
        }
    }

    fn command(&self, world: &mut World, guild: Id) -> Result<Meaning, String> {
        let line = self.command.as_deref().ok_or("expected `command`, e.g. \"service restart\"")?;
        let mut words = line.trim_start_matches('/').split_whitespace();
        let name = words.next().ok_or("expected a command's name")?;
        let words: Vec<_> = words.collect();
        let files = self.options.values().filter(|given| given.is_object()).count();
        let ids: Vec<_> = std::iter::repeat_with(|| world.next_id()).take(files).collect();
        let command = find_command(world, guild, definition::CHAT_INPUT, name)?;
        self.may_use(world, command)?;
        let stage = match self.kind {
            Kind::Autocomplete => Stage::Typing(self.focused.as_deref()),
            _ => Stage::Sent,
        };
        let mut reader = Reader::new(world, guild, stage, ids);
        let definitions = command["options"].as_array().map(Vec::as_slice).unwrap_or_default();
        let options = reader.read(definitions, &words, &self.options)?;
        let (mut resolved, files) = reader.finish();
        let mut data = data_of(command);
        data.insert("options".into(), options.into());
        for (id, file) in files {
            resolved.attachment(id, world.store(self.channel_id, id, file, Some(self.user_id)));
        }
        data.extend(resolved.into_value().map(|resolved| ("resolved".to_owned(), resolved)));
        let command = Some(line.trim_start_matches('/').to_owned());
        Ok(Meaning { data, command, ..Meaning::default() })
    }

    /// A user or message command, chosen from the menu of its target.
    fn command_on_target(&self, world: &World, guild: Id) -> Result<Meaning, String> {
        let name =
            self.command.as_deref().ok_or("expected `command`, the name of a user or message command")?;
        let id = self.target_id.unwrap_or_default();
        let mut resolved = Resolved::default();
        let (target, kind) = if world.member(guild, id).is_ok() {
            resolved.enter(world, guild, resolved::Kind::User, id)?;
            (Target::User(id), definition::USER)
        } else {
            let message = seen_message(world, self.channel_id, self.user_id, id);
            resolved.message(id, message.ok_or_else(|| {
                format!("expected the id of a member or of a message that user {} sees in channel {}, found {id}", self.user_id, self.channel_id)
            })?);
            (Target::Message(id), definition::MESSAGE)
        };
        let command = find_command(world, guild, kind, name)?;
        self.may_use(world, command)?;
        if !self.options.is_empty() {
            return Err("user and message commands take no options".into());
        }
        let mut data = data_of(command);
        data.insert("target_id".into(), json!(id));
        data.extend(resolved.into_value().map(|resolved| ("resolved".to_owned(), resolved)));
        Ok(Meaning { data, command: Some(name.to_owned()), target: Some(target), ..Meaning::default() })
    }

    fn may_use(&self, world: &World, command: &Value) -> Result<(), String> {
        let has = world.permissions_in(self.channel_id, self.user_id);
        if !has.has(Permissions::USE_APPLICATION_COMMANDS) {
            return Err(format!("user {} may not use application commands here", self.user_id));
        }
        // "0" means nobody but administrators (docs, "Application Commands: Permissions").
        match command["default_member_permissions"].as_str().and_then(|bits| bits.parse().ok()) {
            Some(0) if !has.has(Permissions::ADMINISTRATOR) => {
                Err("only administrators see this command".into())
            }
            Some(bits) if !has.has(Permissions(bits)) => {
                Err(format!("user {} lacks permissions {bits} that this command needs", self.user_id))
            }
            _ => Ok(()),
        }
    }

    fn component(&self, world: &World, guild: Id) -> Result<Meaning, String> {
        let id = self.message_id.ok_or("expected `message_id`")?;
        let custom_id = self.custom_id.as_deref().ok_or("expected `custom_id`")?;
        let message = seen_message(world, self.channel_id, self.user_id, id).ok_or_else(|| {
            format!("user {} sees no message {id} in channel {}", self.user_id, self.channel_id)
        })?;
        let component = components::find(&message["components"], custom_id)
            .ok_or_else(|| format!("message {id} has no component {custom_id:?}"))?;
        let data = if self.kind == Kind::Button {
            components::press(component)?
        } else {
            let values = self.values.clone().unwrap_or(json!([]));
            let values: Vec<String> =
                serde_json::from_value(values).map_err(|_| "expected `values`, a list of strings")?;
            components::select(world, guild, component, &values)?
        };
        Ok(Meaning { data, message: Some((id, message)), ..Meaning::default() })
    }

    fn modal(&self, world: &World, state: &State, guild: Id) -> Result<Meaning, String> {
        let custom_id = self.custom_id.as_deref().ok_or("expected `custom_id`")?;
        let shown = state.interactions.values().rev().find_map(|interaction| match &interaction.answer {
            Some(Answer::Modal(modal))
                if interaction.user == self.user_id && modal["custom_id"] == custom_id =>
            {
                Some((interaction, modal))
            }
            _ => None,
        });
        let (opener, modal) =
            shown.ok_or_else(|| format!("user {} was shown no modal {custom_id:?}", self.user_id))?;
        let given = match &self.values {
            None => Map::new(),
            Some(Value::Object(values)) => values.clone(),
            Some(_) => return Err("expected `values`, an object of texts by custom id".into()),
        };
        let data = components::submit(world, guild, modal, &given)?;
        let message =
            opener.source.and_then(|id| Some((id, seen_message(world, opener.channel, self.user_id, id)?)));
        let trigger = Some(event::metadata(world, opener));
        Ok(Meaning { data, message, trigger, command: opener.command.clone(), ..Meaning::default() })
    }
}

/// What an interaction's data says of its command.
fn data_of(command: &Value) -> Map<String, Value> {
    let told = ["id", "name", "type", "guild_id"];
    told.into_iter().filter_map(|key| Some((key.to_owned(), command.get(key)?.clone()))).collect()
}

/// The guild's command of this type and name, or the global one.
fn find_command<'a>(world: &'a World, guild: Id, kind: u64, name: &str) -> Result<&'a Value, String> {
    let named: Vec<_> = world.commands.values().filter(|c| c["name"] == name && c["type"] == kind).collect();
    let of_guild = named.iter().find(|command| command["guild_id"] == json!(guild));
    let global = named.iter().find(|command| command.get("guild_id").is_none());
    of_guild.or(global).copied().ok_or_else(|| {
        let known =
            world.commands.values().filter(|c| c.get("guild_id").is_none_or(|id| *id == json!(guild)));
        let known: Vec<_> = known.filter_map(|command| command["name"].as_str()).collect();
        format!("no command {name:?} of type {kind} in guild {guild}; registered: [{}]", known.join(", "))
    })
}

/// The object of a message that this user sees.
pub(super) fn seen_message(world: &World, channel: Id, user: Id, id: Id) -> Option<Value> {
    let message = world.channels.get(&channel)?.any_message(id)?;
    let seen = message.ephemeral_for.is_none_or(|only| only == user);
    seen.then(|| world.message_object(message))
}
