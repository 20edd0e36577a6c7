//! Webhooks: create, get, execute, and their messages. The token in the path authorises; no limit of the
//! bot's applies.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{body::Call, query::is_yes};
use crate::{
    Id, Sim,
    error::{ApiError, Mistakes},
    limits::{self, Checking},
    permissions::Permissions,
    ratelimit,
    world::{Asker, Author, Draft, Webhook, World},
};

type Answer = Result<Json<Value>, ApiError>;

/// How many webhooks a channel may have (docs, error 30007).
const IN_A_CHANNEL: usize = 15;

/// Those that the bot's token authorises.
pub(super) fn bot_routes() -> Router<Sim> {
    Router::new()
        .route("/channels/{channel}/webhooks", get(of_channel).post(create))
        .route("/guilds/{guild}/webhooks", get(of_guild))
        .route("/webhooks/{id}", get(show).delete(remove))
}

/// Those that the token in the path authorises.
pub(super) fn token_routes() -> Router<Sim> {
    Router::new()
        .route("/webhooks/{id}/{token}", post(execute).get(show_with_token).delete(remove_with_token))
        .route(
            "/webhooks/{id}/{token}/messages/{message}",
            get(message).patch(edit_message).delete(delete_message),
        )
}

async fn of_channel(State(sim): State<Sim>, Path(channel): Path<Id>) -> Answer {
    let world = sim.world();
    world.bot_may(channel, Permissions::MANAGE_WEBHOOKS)?;
    let own = world.webhooks.values().filter(|w| w.channel_id == channel);
    Ok(Json(own.map(|w| world.webhook_object(w, Asker::Bot)).collect()))
}

async fn of_guild(State(sim): State<Sim>, Path(guild): Path<Id>) -> Answer {
    let world = sim.world();
    world.guild(guild)?;
    let own = world.webhooks.values().filter(|w| w.guild_id == guild);
    Ok(Json(own.map(|w| world.webhook_object(w, Asker::Bot)).collect()))
}

async fn create(State(sim): State<Sim>, Path(channel_id): Path<Id>, call: Call) -> Answer {
    let mut world = sim.world();
    world.bot_may(channel_id, Permissions::MANAGE_WEBHOOKS)?;
    let guild_id = world.channel(channel_id)?.guild_id;
    let mut mistakes = Mistakes::default();
    mistakes.required(&call.body, "name");
    mistakes.text(&call.body, &["name"], 1, 80);
    mistakes.into_result()?;
    if world.webhooks.values().filter(|w| w.channel_id == channel_id).count() >= IN_A_CHANNEL {
        return Err(ApiError::too_many_webhooks());
    }
    let id = world.next_id();
    let name = call.body["name"].as_str().unwrap_or_default().trim().to_owned();
    let webhook = Webhook { id, token: token(id), guild_id, channel_id, name, avatar: None };
    let object = world.webhook_object(&webhook, Asker::Bot);
    world.webhooks.insert(id, webhook);
    world.note(Some(guild_id), "WEBHOOKS_UPDATE", json!({"guild_id": guild_id, "channel_id": channel_id}));
    Ok(Json(object))
}

/// A token for a new webhook: the same for the same id, so that runs repeat.
pub(crate) fn token(id: Id) -> String {
    ratelimit::hex(&format!("webhook {id}"))
}

async fn show(State(sim): State<Sim>, Path(id): Path<Id>) -> Answer {
    let world = sim.world();
    let webhook = world.webhook(id)?;
    world.bot_may(webhook.channel_id, Permissions::MANAGE_WEBHOOKS)?;
    Ok(Json(world.webhook_object(webhook, Asker::Bot)))
}

async fn remove(State(sim): State<Sim>, Path(id): Path<Id>) -> Result<StatusCode, ApiError> {
    let mut world = sim.world();
    let channel = world.webhook(id)?.channel_id;
    world.bot_may(channel, Permissions::MANAGE_WEBHOOKS)?;
    world.webhooks.remove(&id);
    Ok(StatusCode::NO_CONTENT)
}

/// The webhook with this id and token; 10015, or 50027 for another token.
fn found<'a>(world: &'a World, id: &str, token: &str) -> Result<&'a Webhook, ApiError> {
    let webhook = world.webhook(id.parse().map_err(|_| ApiError::unknown_webhook())?)?;
    if webhook.token == token { Ok(webhook) } else { Err(ApiError::invalid_webhook_token()) }
}

async fn show_with_token(State(sim): State<Sim>, Path((id, token)): Path<(String, String)>) -> Answer {
    let world = sim.world();
    Ok(Json(world.webhook_object(found(&world, &id, &token)?, Asker::TokenHolder)))
}

async fn remove_with_token(
    State(sim): State<Sim>,
    Path((id, token)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let mut world = sim.world();
    let id = found(&world, &id, &token)?.id;
    world.webhooks.remove(&id);
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct Execution {
    wait: Option<String>,
    thread_id: Option<Id>,
}

/// The webhook's channel, or the thread of it that is named; 10003 for any other.
fn place(world: &World, webhook: &Webhook, thread: Option<Id>) -> Result<Id, ApiError> {
    let Some(thread) = thread else { return Ok(webhook.channel_id) };
    let parent = world.channel(thread)?.parent;
    if parent == Some(webhook.channel_id) { Ok(thread) } else { Err(ApiError::unknown_channel()) }
}

async fn execute(
    State(sim): State<Sim>,
    Path((id, token)): Path<(String, String)>,
    Query(query): Query<Execution>,
    call: Call,
) -> Result<Response, ApiError> {
    let mut world = sim.world();
    let webhook = found(&world, &id, &token)?.clone();
    let channel = place(&world, &webhook, query.thread_id)?;
    let mut mistakes = Mistakes::default();
    mistakes.text(&call.body, &["username"], 1, 80);
    mistakes.into_result()?;
    limits::check_message(&call.body, call.files.len(), Checking::Create)?;
    let name = call.body["username"].as_str().map_or(webhook.name, |name| name.trim().to_owned());
    let author = Author::Webhook { id: webhook.id, name, avatar: webhook.avatar };
    let mut body = call.body;
    if let Some(body) = body.as_object_mut() {
        // Webhook messages have no nonce (docs, "Execute Webhook").
        body.remove("nonce");
    }
    let mut draft = Draft::new(channel, author, body);
    (draft.files, draft.webhook_id) = (call.files, Some(webhook.id));
    let message = world.create_message(draft)?;
    if !is_yes(query.wait.as_deref()) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let message = world.message(channel, message)?;
    Ok(Json(world.message_object(message)).into_response())
}

#[derive(Deserialize)]
struct OfThread {
    thread_id: Option<Id>,
}

/// Where one of the webhook's own messages is; 10008 for any other.
fn own(
    world: &World,
    (id, token, message): &(String, String, Id),
    query: &OfThread,
) -> Result<(Id, Id), ApiError> {
    let webhook = found(world, id, token)?;
    let channel = place(world, webhook, query.thread_id)?;
    let message = world.message(channel, *message)?;
    if message.webhook_id == Some(webhook.id) {
        Ok((channel, message.id))
    } else {
        Err(ApiError::unknown_message())
    }
}

fn shown(world: &World, (channel, id): (Id, Id)) -> Answer {
    let message = world.message(channel, id)?;
    Ok(Json(world.message_object(message)))
}

async fn message(
    State(sim): State<Sim>,
    Path(path): Path<(String, String, Id)>,
    Query(query): Query<OfThread>,
) -> Answer {
    let world = sim.world();
    shown(&world, own(&world, &path, &query)?)
}

async fn edit_message(
    State(sim): State<Sim>,
    Path(path): Path<(String, String, Id)>,
    Query(query): Query<OfThread>,
    call: Call,
) -> Answer {
    let mut world = sim.world();
    let (channel, id) = own(&world, &path, &query)?;
    limits::check_message(&call.body, call.files.len(), Checking::Edit)?;
    world.edit_message(channel, id, &call.body, call.files)?;
    shown(&world, (channel, id))
}

async fn delete_message(
    State(sim): State<Sim>,
    Path(path): Path<(String, String, Id)>,
    Query(query): Query<OfThread>,
) -> Result<StatusCode, ApiError> {
    let mut world = sim.world();
    let (channel, id) = own(&world, &path, &query)?;
    world.delete_message(channel, id)?;
    Ok(StatusCode::NO_CONTENT)
}
