//! The `resolved` part of an interaction (docs, "Resolved Data Structure"). Invariant: every id that an option,
//! a select or a target names stands here with its object, and each member's user too.

use serde_json::{Map, Value, json};

use crate::{Id, world::World};

/// Objects that the interaction's values name.
#[derive(Debug, Default)]
pub(super) struct Resolved(Map<String, Value>);

/// What an id may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Role,
    Channel,
    /// A user or a role.
    Mentionable,
}

impl Resolved {
    /// Enters what `id` names in the guild; an error says what was expected.
    pub(super) fn enter(&mut self, world: &World, guild: Id, kind: Kind, id: Id) -> Result<(), String> {
        let found = match kind {
            Kind::User => self.user(world, guild, id),
            Kind::Role => self.role(world, guild, id),
            Kind::Channel => self.channel(world, guild, id),
            Kind::Mentionable => self.user(world, guild, id).or_else(|| self.role(world, guild, id)),
        };
        found.ok_or_else(|| {
            format!("expected the id of a {kind:?} of guild {guild}, found {id}").to_lowercase()
        })
    }

    /// Enters the message that a command was run on.
    pub(super) fn message(&mut self, id: Id, object: Value) {
        self.put("messages", id, object);
    }

    /// Enters a file that came with an option.
    pub(super) fn attachment(&mut self, id: Id, object: Value) {
        self.put("attachments", id, object);
    }

    /// The object; `None` if nothing was resolved.
    pub(super) fn into_value(self) -> Option<Value> {
        if self.0.is_empty() { None } else { Some(Value::Object(self.0)) }
    }

    fn put(&mut self, kind: &str, id: Id, object: Value) {
        let map = self.0.entry(kind).or_insert_with(|| json!({}));
        map[id.to_string()] = object;
    }

    fn user(&mut self, world: &World, guild: Id, id: Id) -> Option<()> {
        let member = world.guilds.get(&guild)?.members.get(&id)?;
        let mut partial = member.partial();
        partial["permissions"] = json!(world.guild_permissions(guild, id));
        self.put("users", id, member.user.object());
        self.put("members", id, partial);
        Some(())
    }

    fn role(&mut self, world: &World, guild: Id, id: Id) -> Option<()> {
        let role = world.guilds.get(&guild)?.roles.get(&id)?.object();
        self.put("roles", id, role);
        Some(())
    }

    fn channel(&mut self, world: &World, guild: Id, id: Id) -> Option<()> {
        let channel = world.channels.get(&id).filter(|channel| channel.guild_id == guild)?;
        let mut object = channel.object();
        object["permissions"] = json!(world.permissions_in(id, world.bot.id));
        self.put("channels", id, object);
        Some(())
    }
}
