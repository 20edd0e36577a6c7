//! What comes after the first answer, by the interaction's token (docs, "Interaction Endpoints"). Invariant: a token
//! reaches the messages of its own interaction and no others.

use serde_json::Value;

use super::{
    callback::{REPLY, draft, reference},
    record::{Answer, Interaction, State},
};
use crate::{
    Id,
    error::ApiError,
    limits::{self, Checking},
    world::{LOADING, Message, Upload, World},
};

/// Which message of an interaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Original,
    Message(Id),
}

impl Target {
    /// Reads `@original` or an id.
    pub(super) fn read(text: &str) -> Result<Self, ApiError> {
        match text {
            "@original" => Ok(Self::Original),
            id => id.parse().map(Self::Message).map_err(|_| ApiError::unknown_message()),
        }
    }

    /// The message's id, if it is one of the interaction's.
    fn id(self, interaction: &Interaction) -> Result<Id, ApiError> {
        let id = match self {
            Self::Original => interaction.original,
            Self::Message(id) => {
                Some(id).filter(|id| interaction.shown.contains(id) || interaction.original == Some(*id))
            }
        };
        id.ok_or_else(ApiError::unknown_message)
    }
}

/// The message's object.
pub(super) fn get(world: &World, state: &State, token: &str, target: Target) -> Result<Value, ApiError> {
    let interaction = state.answered(token, world.clock.now_ms())?;
    let message = message(world, interaction, target.id(interaction)?)?;
    Ok(world.message_object(message))
}

fn message<'a>(world: &'a World, interaction: &Interaction, id: Id) -> Result<&'a Message, ApiError> {
    world.channel(interaction.channel)?.any_message(id).ok_or_else(ApiError::unknown_message)
}

/// Sends another message; the first one after a deferral (type 5) takes the place of what is loading.
pub(super) fn create(
    world: &mut World,
    state: &mut State,
    token: &str,
    body: Value,
    files: Vec<Upload>,
) -> Result<Value, ApiError> {
    let interaction = state.answered_mut(token, world.clock.now_ms())?;
    limits::check_message(&body, files.len(), Checking::Create)?;
    let loading = interaction.original.filter(|_| matches!(interaction.answer, Some(Answer::Deferred)));
    let loading = loading.filter(|id| message(world, interaction, *id).is_ok_and(|m| m.flags & LOADING != 0));
    let id = if let Some(id) = loading {
        world.edit_message(interaction.channel, id, &body, files)?;
        id
    } else {
        let mut draft = draft(world, interaction, body, files);
        draft.kind = REPLY;
        draft.reference = interaction.original.map(|original| reference(interaction, original));
        world.create_message(draft)?
    };
    interaction.show(id);
    Ok(world.message_object(message(world, interaction, id)?))
}

/// Edits a message; of a deferred one this is what the user waits for.
pub(super) fn edit(
    world: &mut World,
    state: &mut State,
    (token, target): (&str, Target),
    body: &Value,
    files: Vec<Upload>,
) -> Result<Value, ApiError> {
    let interaction = state.answered_mut(token, world.clock.now_ms())?;
    let id = target.id(interaction)?;
    limits::check_message(body, files.len(), Checking::Edit)?;
    world.edit_message(interaction.channel, id, body, files)?;
    interaction.show(id);
    Ok(world.message_object(message(world, interaction, id)?))
}

/// Deletes a message.
pub(super) fn delete(
    world: &mut World,
    state: &mut State,
    token: &str,
    target: Target,
) -> Result<(), ApiError> {
    let interaction = state.answered_mut(token, world.clock.now_ms())?;
    let id = target.id(interaction)?;
    world.delete_message(interaction.channel, id)?;
    if interaction.original == Some(id) {
        interaction.original = None;
    }
    Ok(())
}
