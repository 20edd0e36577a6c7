//! Channels and threads as such: get, change, delete.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};

use super::body::Call;
use crate::{
    Id, Sim,
    error::{ApiError, Mistakes},
    permissions::Permissions,
    world::{Overwrite, World, id_of},
};

type Answer = Result<Json<Value>, ApiError>;

pub(super) fn routes() -> Router<Sim> {
    Router::new()
        .route("/channels/{channel}", get(show).patch(change).delete(remove))
        .route("/channels/{channel}/typing", post(typing))
}

async fn show(State(sim): State<Sim>, Path(id): Path<Id>) -> Answer {
    let world = sim.world();
    world.bot_may(id, Permissions::default())?;
    Ok(Json(world.seen(id)?))
}

async fn typing(State(sim): State<Sim>, Path(id): Path<Id>) -> Result<StatusCode, ApiError> {
    sim.world().bot_may(id, Permissions::SEND_MESSAGES)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn change(State(sim): State<Sim>, Path(id): Path<Id>, call: Call) -> Answer {
    let mut world = sim.world();
    let is_thread = world.channel(id)?.thread.is_some();
    if is_thread {
        change_thread(&mut world, id, &call.body)?;
    } else {
        world.bot_may(id, Permissions::MANAGE_CHANNELS)?;
        check(&call.body)?;
        let body = &call.body;
        let overwrites = overwrites(body)?;
        let channel = world.channel_mut(id)?;
        if let Some(topic) = body.get("topic") {
            channel.topic = topic.as_str().map(str::to_owned);
        }
        if let Some(parent) = body.get("parent_id") {
            channel.parent = id_of(parent);
        }
        if let Some(nsfw) = body["nsfw"].as_bool() {
            channel.nsfw = nsfw;
        }
        if let Some(position) = body["position"].as_u64() {
            channel.position = usize::try_from(position).unwrap_or(0);
        }
        if let Some(overwrites) = overwrites {
            channel.overwrites = overwrites;
        }
        plain(&mut world, id, body)?;
        world.note_channel("CHANNEL_UPDATE", id);
    }
    Ok(Json(world.seen(id)?))
}

/// Name and slow mode, which channels and threads share.
fn plain(world: &mut World, id: Id, body: &Value) -> Result<(), ApiError> {
    let channel = world.channel_mut(id)?;
    if let Some(name) = body["name"].as_str() {
        name.clone_into(&mut channel.name);
    }
    if let Some(seconds) = body["rate_limit_per_user"].as_u64() {
        channel.rate_limit_per_user = u32::try_from(seconds).unwrap_or(0);
    }
    Ok(())
}

/// A bot changes its own threads; others' need `MANAGE_THREADS`, and so does a lock (docs, "Modify Channel").
fn change_thread(world: &mut World, id: Id, body: &Value) -> Result<(), ApiError> {
    let channel = world.channel(id)?;
    let Some(thread) = &channel.thread else { return Err(ApiError::wrong_channel_type()) };
    let own = thread.owner == world.bot.id;
    let locks = body.get("locked").is_some() || (thread.locked && body["archived"] == json!(false));
    let wanted = match (own, locks) {
        (true, false) => Permissions::default(),
        _ => Permissions::MANAGE_THREADS,
    };
    world.bot_may(id, wanted)?;
    check(body)?;
    if thread.archived && body["archived"] != json!(false) {
        return Err(ApiError::thread_archived());
    }
    if let Some(archived) = body["archived"].as_bool() {
        world.archive_thread(id, archived)?;
    }
    if let Some(thread) = &mut world.channel_mut(id)?.thread {
        if let Some(locked) = body["locked"].as_bool() {
            thread.locked = locked;
        }
        if let Some(minutes) = body["auto_archive_duration"].as_u64() {
            thread.auto_archive_minutes = u32::try_from(minutes).unwrap_or(1440);
        }
        if let Some(invitable) = body["invitable"].as_bool() {
            thread.invitable = invitable;
        }
    }
    plain(world, id, body)?;
    world.note_channel("THREAD_UPDATE", id);
    Ok(())
}

/// Limits of a channel's fields (docs, "Modify Channel").
fn check(body: &Value) -> Result<(), ApiError> {
    let mut mistakes = Mistakes::default();
    mistakes.text(body, &["name"], 1, 100);
    mistakes.text(body, &["topic"], 0, 1024);
    if let Some(seconds) = body["rate_limit_per_user"].as_u64() {
        mistakes.range(&["rate_limit_per_user"], seconds, 0, 21_600);
    }
    mistakes.archive_duration(body);
    mistakes.into_result()
}

fn overwrites(body: &Value) -> Result<Option<Vec<Overwrite>>, ApiError> {
    let Some(list) = body.get("permission_overwrites").filter(|v| !v.is_null()) else { return Ok(None) };
    serde_json::from_value(list.clone())
        .map(Some)
        .map_err(|error| Mistakes::one(&["permission_overwrites"], "MODEL_TYPE_CONVERT", error.to_string()))
}

async fn remove(State(sim): State<Sim>, Path(id): Path<Id>) -> Answer {
    let mut world = sim.world();
    let wanted = match &world.channel(id)?.thread {
        Some(_) => Permissions::MANAGE_THREADS,
        None => Permissions::MANAGE_CHANNELS,
    };
    world.bot_may(id, wanted)?;
    let shown = world.seen(id)?;
    world.remove_channel(id)?;
    Ok(Json(shown))
}
