//! The first answer to an interaction (docs, "Responding to an Interaction"). Invariant: it is taken once, within
//! 3 seconds, and only of a type that fits what the user did.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    components, event,
    record::{Answer, Interaction, Kind, State},
};
use crate::{
    Id,
    error::{ApiError, Mistakes},
    limits::{self, Checking},
    world::{Author, Draft, LOADING, Upload, World},
};

/// `EPHEMERAL` (docs, "Message Flags").
pub(super) const EPHEMERAL: u64 = 1 << 6;
/// Message types: a reply, and the answer to a slash command (docs, "Message Types").
pub(super) const REPLY: u8 = 19;
const CHAT_INPUT_COMMAND: u8 = 20;
const MAX_CHOICES: usize = 25;

/// Answers an interaction.
pub(super) fn answer(
    world: &mut World,
    state: &mut State,
    (id, token): (Id, &str),
    body: &Value,
    files: Vec<Upload>,
) -> Result<(), ApiError> {
    let interaction = state.unanswered(id, token, world.clock.now_ms())?;
    let data = body.get("data").cloned().unwrap_or(Value::Null);
    let answer = match (body["type"].as_u64(), interaction.kind) {
        (Some(4), Kind::Command | Kind::Button | Kind::Select | Kind::Modal) => {
            check(&data, files.len(), Checking::Create)?;
            let message = world.create_message(draft(world, interaction, data, files))?;
            interaction.original = Some(message);
            interaction.show(message);
            Answer::Message
        }
        (Some(5), Kind::Command | Kind::Button | Kind::Select | Kind::Modal) => {
            let mut draft = draft(world, interaction, json!({"flags": data["flags"]}), files);
            draft.flags |= LOADING;
            interaction.original = Some(world.create_message(draft)?);
            Answer::Deferred
        }
        (Some(6), Kind::Button | Kind::Select | Kind::Modal) => {
            interaction.original = Some(source(interaction)?);
            Answer::DeferredUpdate
        }
        (Some(7), Kind::Button | Kind::Select | Kind::Modal) => {
            let source = source(interaction)?;
            check(&data, files.len(), Checking::Edit)?;
            world.edit_message(interaction.channel, source, &data, files)?;
            interaction.original = Some(source);
            interaction.show(source);
            Answer::Update
        }
        (Some(8), Kind::Autocomplete) => Answer::Choices(choices(&data)?),
        (Some(9), Kind::Command | Kind::Button | Kind::Select) => {
            components::check_modal(&data)?;
            Answer::Modal(data)
        }
        _ => return Err(wrong_type()),
    };
    interaction.answer = Some(answer);
    Ok(())
}

/// A message that answers this interaction.
pub(super) fn draft(world: &World, interaction: &Interaction, body: Value, files: Vec<Upload>) -> Draft {
    let ephemeral = body["flags"].as_u64().unwrap_or(0) & EPHEMERAL != 0;
    let mut draft = Draft::new(interaction.channel, Author::User(world.bot.clone()), body);
    draft.files = files;
    draft.kind = if interaction.source.is_some() { REPLY } else { CHAT_INPUT_COMMAND };
    draft.reference = interaction.source.map(|source| reference(interaction, source));
    draft.webhook_id = Some(world.application);
    draft.application_id = Some(world.application);
    draft.interaction_metadata = Some(event::metadata(world, interaction));
    draft.ephemeral_for = ephemeral.then_some(interaction.user);
    draft
}

/// `message_reference` to a message in the interaction's channel.
pub(super) fn reference(interaction: &Interaction, message: Id) -> Value {
    json!({"type": 0, "channel_id": interaction.channel, "guild_id": interaction.guild, "message_id": message})
}

fn source(interaction: &Interaction) -> Result<Id, ApiError> {
    interaction.source.ok_or_else(wrong_type)
}

fn check(data: &Value, files: usize, checking: Checking) -> Result<(), ApiError> {
    limits::check_message(data, files, checking).map_err(|mut error| {
        // The message is one level down in a callback's body.
        error.errors = error.errors.map(|errors| json!({"data": errors}));
        error
    })
}

fn choices(data: &Value) -> Result<Value, ApiError> {
    let mut mistakes = Mistakes::default();
    let list = data["choices"].as_array();
    let length = list.map_or(usize::MAX, Vec::len);
    if length > MAX_CHOICES {
        let text = format!("Must be {MAX_CHOICES} or fewer in length.");
        mistakes.add(&["data", "choices"], "BASE_TYPE_MAX_LENGTH", text);
    }
    let fits = |text: &Value| text.as_str().is_some_and(|text| (1..=100).contains(&text.chars().count()));
    for (index, choice) in list.into_iter().flatten().enumerate() {
        let index = index.to_string();
        if !fits(&choice["name"]) {
            let text = "Must be between 1 and 100 in length.";
            mistakes.add(&["data", "choices", &index, "name"], "BASE_TYPE_BAD_LENGTH", text);
        }
        if !choice["value"].is_number() && !fits(&choice["value"]) {
            let text = "Must be a number, or between 1 and 100 in length.";
            mistakes.add(&["data", "choices", &index, "value"], "BASE_TYPE_BAD_LENGTH", text);
        }
    }
    mistakes.into_result()?;
    Ok(data["choices"].clone())
}

fn wrong_type() -> ApiError {
    let mut mistakes = Mistakes::default();
    let text = "This interaction can't be answered with this type.";
    mistakes.add(&["type"], "INTERACTION_TYPE_INVALID", text);
    let fallback = ApiError::new(StatusCode::BAD_REQUEST, 50035, "Invalid Form Body");
    mistakes.into_result().err().unwrap_or(fallback)
}

/// `InteractionCallbackResponse`, for `with_response`.
pub(super) fn response(world: &World, interaction: &Interaction) -> Value {
    let message =
        interaction.original.and_then(|id| world.channels.get(&interaction.channel)?.any_message(id));
    let mut about = json!({
        "id": interaction.id, "type": interaction.kind.number(), "channel_id": interaction.channel,
        "guild_id": interaction.guild,
    });
    if let Some(message) = message {
        about["response_message_id"] = json!(message.id);
        about["response_message_loading"] = json!(message.flags & LOADING != 0);
        about["response_message_ephemeral"] = json!(message.ephemeral_for.is_some());
    }
    let mut response = json!({"interaction": about});
    // A message stands here for types 4 and 7 only (docs, "Interaction Callback Resource Object").
    let kind = match interaction.answer {
        Some(Answer::Message) => 4,
        Some(Answer::Update) => 7,
        _ => return response,
    };
    if let Some(message) = message {
        response["resource"] = json!({"type": kind, "message": world.message_object(message)});
    }
    response
}
