//! Messages: create, list, get, edit, delete.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::Call;
use crate::{
    Id, Sim,
    error::{ApiError, Mistakes},
    limits::{self, Checking},
    permissions::Permissions,
    world::{Author, Draft, Message, World, id_of},
};

type Answer = Result<Json<Value>, ApiError>;

pub(super) fn routes() -> Router<Sim> {
    Router::new()
        .route("/channels/{channel}/messages", get(list).post(create))
        .route("/channels/{channel}/messages/{message}", get(show).patch(edit).delete(remove))
        .route("/channels/{channel}/messages/bulk-delete", post(bulk_delete))
}

/// What writing into this channel takes.
fn to_write(world: &World, channel: Id, call: &Call) -> Result<Permissions, ApiError> {
    let place = world.channel(channel)?;
    let send = if place.thread.is_some() {
        Permissions::SEND_MESSAGES_IN_THREADS
    } else {
        Permissions::SEND_MESSAGES
    };
    Ok(if call.files.is_empty() { send } else { send | Permissions::ATTACH_FILES })
}

async fn create(State(sim): State<Sim>, Path(channel): Path<Id>, call: Call) -> Answer {
    let mut world = sim.world();
    let wanted = to_write(&world, channel, &call)?;
    world.bot_may(channel, wanted)?;
    // Categories and forums hold no messages.
    if matches!(world.channel(channel)?.kind, 4 | 15 | 16) {
        return Err(ApiError::wrong_channel_type());
    }
    limits::check_message(&call.body, call.files.len(), Checking::Create)?;
    let (bot, nonce) = (world.bot.clone(), call.body["nonce"].clone());
    let guild = world.channel(channel)?.guild_id;
    if call.body["enforce_nonce"] == json!(true)
        && let Some((place, id)) = world.by_nonce(guild, bot.id, &nonce)
    {
        return created(&world, place, id, &nonce);
    }
    let (kind, reference) = reply(&world, channel, &call.body)?;
    let mut draft = Draft::new(channel, Author::User(bot), call.body);
    (draft.files, draft.kind, draft.reference) = (call.files, kind, reference);
    if world.permissions_in(channel, world.bot.id).has(Permissions::EMBED_LINKS) {
        let id = world.create_message(draft)?;
        return created(&world, channel, id, &nonce);
    }
    // Without EMBED_LINKS Discord posts the message and leaves its embeds out.
    draft.body["embeds"] = json!([]);
    limits::check_message(&draft.body, draft.files.len(), Checking::Create)?;
    let id = world.create_message(draft)?;
    created(&world, channel, id, &nonce)
}

/// The answer to a create: the only one that has the nonce.
fn created(world: &World, channel: Id, id: Id, nonce: &Value) -> Answer {
    let message = world.message(channel, id)?;
    let mut object = world.message_object(message);
    if !nonce.is_null() {
        object["nonce"] = nonce.clone();
    }
    Ok(Json(object))
}

/// Type and reference of a reply; a target that is gone is 50035 unless `fail_if_not_exists` is false.
fn reply(world: &World, channel: Id, body: &Value) -> Result<(u8, Option<Value>), ApiError> {
    let Some(target) = id_of(&body["message_reference"]["message_id"]) else { return Ok((0, None)) };
    let place = id_of(&body["message_reference"]["channel_id"]).unwrap_or(channel);
    let exists = world.channel(place).is_ok_and(|c| c.messages.contains_key(&target));
    if !exists {
        if body["message_reference"]["fail_if_not_exists"] == json!(false) {
            return Ok((0, None));
        }
        let path = ["message_reference"];
        return Err(Mistakes::one(&path, "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message"));
    }
    world.bot_may(channel, Permissions::READ_MESSAGE_HISTORY)?;
    let reference = json!({
        "type": 0, "channel_id": place, "guild_id": world.guild_of(place), "message_id": target,
    });
    Ok((19, Some(reference)))
}

#[derive(Deserialize)]
struct Page {
    before: Option<Id>,
    after: Option<Id>,
    around: Option<Id>,
    limit: Option<u64>,
}

async fn list(State(sim): State<Sim>, Path(channel): Path<Id>, Query(page): Query<Page>) -> Answer {
    let world = sim.world();
    world.bot_may(channel, Permissions::default())?;
    let wanted = page.limit.unwrap_or(50);
    let mut mistakes = Mistakes::default();
    mistakes.range(&["limit"], wanted, 1, 100);
    mistakes.into_result()?;
    if !world.permissions_in(channel, world.bot.id).has(Permissions::READ_MESSAGE_HISTORY) {
        return Ok(Json(json!([])));
    }
    let messages = &world.channel(channel)?.messages;
    let limit = usize::try_from(wanted).unwrap_or(100);
    let mut found: Vec<&Message> = match (page.around, page.before, page.after) {
        (Some(around), ..) => {
            let mut found: Vec<_> = messages.range(..around).rev().take(limit / 2).map(|(_, m)| m).collect();
            let room = limit - limit / 2;
            found.extend(messages.range(around..).take(room).map(|(_, m)| m));
            found
        }
        (_, Some(before), _) => messages.range(..before).rev().take(limit).map(|(_, m)| m).collect(),
        (_, _, Some(after)) => {
            messages.range(Id(after.0.saturating_add(1))..).take(limit).map(|(_, m)| m).collect()
        }
        _ => messages.values().rev().take(limit).collect(),
    };
    // Newest first, whichever way it was asked (docs, "Get Channel Messages").
    found.sort_unstable_by_key(|m| std::cmp::Reverse(m.id));
    Ok(Json(found.into_iter().map(|m| world.message_object(m)).collect()))
}

async fn show(State(sim): State<Sim>, Path((channel, id)): Path<(Id, Id)>) -> Answer {
    let world = sim.world();
    world.bot_may(channel, Permissions::default())?;
    if !world.permissions_in(channel, world.bot.id).has(Permissions::READ_MESSAGE_HISTORY) {
        return Err(ApiError::missing_access());
    }
    let message = world.message(channel, id)?;
    Ok(Json(world.message_object(message)))
}

async fn edit(State(sim): State<Sim>, Path((channel, id)): Path<(Id, Id)>, call: Call) -> Answer {
    let mut world = sim.world();
    world.bot_may(channel, Permissions::default())?;
    let message = world.message(channel, id)?;
    if message.author.user_id() != world.bot.id {
        return Err(ApiError::edit_of_another());
    }
    limits::check_message(&call.body, call.files.len(), Checking::Edit)?;
    world.edit_message(channel, id, &call.body, call.files)?;
    let message = world.message(channel, id)?;
    Ok(Json(world.message_object(message)))
}

async fn remove(State(sim): State<Sim>, Path((channel, id)): Path<(Id, Id)>) -> Result<StatusCode, ApiError> {
    let mut world = sim.world();
    world.bot_may(channel, Permissions::default())?;
    let message = world.message(channel, id)?;
    if message.author.user_id() != world.bot.id {
        world.bot_may(channel, Permissions::MANAGE_MESSAGES)?;
    }
    world.delete_message(channel, id)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn bulk_delete(
    State(sim): State<Sim>,
    Path(channel): Path<Id>,
    call: Call,
) -> Result<StatusCode, ApiError> {
    let mut world = sim.world();
    world.bot_may(channel, Permissions::MANAGE_MESSAGES)?;
    let ids: Vec<Id> = call.body["messages"].as_array().into_iter().flatten().filter_map(id_of).collect();
    let mut mistakes = Mistakes::default();
    mistakes.items(&["messages"], ids.len(), 2, 100);
    mistakes.into_result()?;
    for id in ids {
        // What is gone already is no mistake here (docs, "Bulk Delete Messages").
        if world.channel(channel)?.messages.contains_key(&id) {
            world.delete_message(channel, id)?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}
