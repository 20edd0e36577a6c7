//! The data of `INTERACTION_CREATE` (docs, "Interaction Object"). Invariant: complete, as a guild's bot gets it; a
//! library that needs a field finds it (serenity 0.12 drops an event that lacks one, at DEBUG).

use serde_json::{Map, Value, json};

use super::record::{Interaction, Kind, Target};
use crate::{rest::commands::definition, world::World};

/// The default of what a user may attach (docs, "Reference: Uploading Files"), in bytes.
const ATTACHMENT_SIZE_LIMIT: u64 = 10 * 1024 * 1024;

impl Kind {
    /// Discord's interaction type.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Command => 2,
            Self::Button | Self::Select => 3,
            Self::Autocomplete => 4,
            Self::Modal => 5,
        }
    }
}

/// The event's data; `message` is what the component stands on.
pub(super) fn body(
    world: &World,
    interaction: &Interaction,
    data: &Map<String, Value>,
    message: Option<Value>,
) -> Value {
    let (guild, channel, user) = (interaction.guild, interaction.channel, interaction.user);
    let mut member = world.member(guild, user).map(crate::world::Member::object).unwrap_or_default();
    let permissions = world.permissions_in(channel, user);
    member["permissions"] = json!(permissions);
    let mut place = world.channels.get(&channel).map(crate::world::Channel::object).unwrap_or_default();
    place["permissions"] = json!(permissions);
    let locale = world.member(guild, user).map(|member| member.locale.clone()).unwrap_or_default();
    let mut body = json!({
        "id": interaction.id, "application_id": world.application, "type": interaction.kind.number(),
        "token": interaction.token, "version": 1, "data": data,
        "guild_id": guild, "guild": {"id": guild, "locale": "en-US", "features": []},
        "channel_id": channel, "channel": place, "member": member, "locale": locale, "guild_locale": "en-US",
        "app_permissions": world.permissions_in(channel, world.bot.id), "entitlements": [],
        "authorizing_integration_owners": {"0": guild}, "context": 0,
        "attachment_size_limit": ATTACHMENT_SIZE_LIMIT,
    });
    if let Some(message) = message {
        body["message"] = message;
    }
    body
}

/// `interaction_metadata` of the messages that come of it (docs, "Message Interaction Metadata Object").
pub(super) fn metadata(world: &World, interaction: &Interaction) -> Value {
    let user = world.member(interaction.guild, interaction.user).map(|member| member.user.object());
    let mut metadata = json!({
        "id": interaction.id, "type": interaction.kind.number(), "user": user.unwrap_or_default(),
        "authorizing_integration_owners": {"0": interaction.guild},
    });
    match (&interaction.trigger, interaction.source) {
        (Some(trigger), _) => metadata["triggering_interaction_metadata"] = trigger.clone(),
        (None, Some(source)) => metadata["interacted_message_id"] = json!(source),
        (None, None) => {
            if let Some(name) = &interaction.command {
                metadata["name"] = json!(name);
                metadata["command_type"] = json!(definition::CHAT_INPUT);
            }
        }
    }
    match interaction.target {
        Some(Target::User(id)) => {
            metadata["command_type"] = json!(definition::USER);
            metadata["target_user"] =
                json!(world.member(interaction.guild, id).map(|member| member.user.object()).ok());
        }
        Some(Target::Message(id)) => {
            metadata["command_type"] = json!(definition::MESSAGE);
            metadata["target_message_id"] = json!(id);
        }
        None => {}
    }
    metadata
}
