//! Threads: start from a message or without, members, archived ones.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post, put},
};
use serde_json::{Value, json};

use super::body::Call;
use crate::{
    Id, Sim,
    error::{ApiError, Mistakes},
    permissions::Permissions,
    world::{Channel, NewThread, World},
};

type Answer = Result<(StatusCode, Json<Value>), ApiError>;

pub(super) fn routes() -> Router<Sim> {
    Router::new()
        .route("/channels/{channel}/threads", post(start))
        .route("/channels/{channel}/messages/{message}/threads", post(start_on))
        .route("/channels/{channel}/thread-members", get(members))
        .route("/channels/{channel}/thread-members/{user}", put(join).delete(leave).get(member))
        .route("/channels/{channel}/threads/archived/public", get(archived))
}

async fn start(State(sim): State<Sim>, Path(parent): Path<Id>, call: Call) -> Answer {
    // Without a type Discord makes a private thread (docs, "Start Thread without Message").
    let kind = call.body["type"].as_u64().unwrap_or(12);
    let wanted =
        if kind == 12 { Permissions::CREATE_PRIVATE_THREADS } else { Permissions::CREATE_PUBLIC_THREADS };
    make(&mut sim.world(), parent, None, kind, wanted, &call.body)
}

async fn start_on(State(sim): State<Sim>, Path((parent, message)): Path<(Id, Id)>, call: Call) -> Answer {
    let mut world = sim.world();
    let kind = if world.channel(parent)?.kind == 5 { 10 } else { 11 };
    make(&mut world, parent, Some(message), kind, Permissions::CREATE_PUBLIC_THREADS, &call.body)
}

fn make(
    world: &mut World,
    parent: Id,
    message: Option<Id>,
    kind: u64,
    wanted: Permissions,
    body: &Value,
) -> Answer {
    world.bot_may(parent, wanted)?;
    if !matches!(world.channel(parent)?.kind, 0 | 5) {
        return Err(ApiError::wrong_channel_type());
    }
    let mut mistakes = Mistakes::default();
    mistakes.required(body, "name");
    mistakes.text(body, &["name"], 1, 100);
    mistakes.archive_duration(body);
    let kind = u8::try_from(kind).ok().filter(|kind| (10..=12).contains(kind)).unwrap_or_else(|| {
        mistakes.add(&["type"], "BASE_TYPE_CHOICES", "Value must be one of {10, 11, 12}.");
        12
    });
    let pause = body["rate_limit_per_user"].as_u64().unwrap_or(0);
    mistakes.range(&["rate_limit_per_user"], pause, 0, 21_600);
    mistakes.into_result()?;
    let minutes = body["auto_archive_duration"].as_u64().unwrap_or(4320);
    let id = world.create_thread(NewThread {
        parent,
        message,
        kind,
        name: body["name"].as_str().unwrap_or_default().to_owned(),
        auto_archive_minutes: u32::try_from(minutes).unwrap_or(4320),
        rate_limit_per_user: u32::try_from(pause).unwrap_or(0),
        invitable: body["invitable"] != json!(false),
    })?;
    Ok((StatusCode::CREATED, Json(world.thread_object(id)?)))
}

/// `@me` or an id.
fn who(world: &World, user: &str) -> Result<Id, ApiError> {
    if user == "@me" { Ok(world.bot.id) } else { user.parse().map_err(|_| ApiError::unknown_user()) }
}

fn thread(world: &World, id: Id) -> Result<&Channel, ApiError> {
    world.bot_may(id, Permissions::default())?;
    world.channel(id).and_then(|c| if c.thread.is_some() { Ok(c) } else { Err(ApiError::unknown_channel()) })
}

async fn members(State(sim): State<Sim>, Path(id): Path<Id>) -> Result<Json<Value>, ApiError> {
    let world = sim.world();
    let thread = thread(&world, id)?;
    let ids = thread.thread.iter().flat_map(|t| t.members.keys());
    Ok(Json(ids.filter_map(|user| thread.thread_member(*user)).collect()))
}

async fn member(
    State(sim): State<Sim>,
    Path((id, user)): Path<(Id, String)>,
) -> Result<Json<Value>, ApiError> {
    let world = sim.world();
    let user = who(&world, &user)?;
    thread(&world, id)?.thread_member(user).map(Json).ok_or_else(ApiError::unknown_member)
}

async fn join(State(sim): State<Sim>, Path((id, user)): Path<(Id, String)>) -> Result<StatusCode, ApiError> {
    let mut world = sim.world();
    let user = who(&world, &user)?;
    if thread(&world, id)?.thread.as_ref().is_some_and(|t| t.archived) {
        return Err(ApiError::thread_archived());
    }
    world.member(world.channel(id)?.guild_id, user)?;
    let now = world.clock.now_ms();
    if let Some(thread) = &mut world.channel_mut(id)?.thread {
        thread.members.entry(user).or_insert(now);
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn leave(State(sim): State<Sim>, Path((id, user)): Path<(Id, String)>) -> Result<StatusCode, ApiError> {
    let mut world = sim.world();
    let user = who(&world, &user)?;
    thread(&world, id)?;
    if user != world.bot.id {
        world.bot_may(id, Permissions::MANAGE_THREADS)?;
    }
    let gone = world.channel_mut(id)?.thread.as_mut().and_then(|t| t.members.remove(&user));
    gone.map(|_| StatusCode::NO_CONTENT).ok_or_else(ApiError::unknown_member)
}

async fn archived(State(sim): State<Sim>, Path(parent): Path<Id>) -> Result<Json<Value>, ApiError> {
    let world = sim.world();
    world.bot_may(parent, Permissions::READ_MESSAGE_HISTORY)?;
    let mut shut: Vec<&Channel> = world
        .channels
        .values()
        .filter(|c| c.parent == Some(parent) && c.thread.as_ref().is_some_and(|t| t.archived))
        .collect();
    shut.sort_by_key(|c| std::cmp::Reverse(c.thread.as_ref().map(|t| t.archive_changed_ms)));
    let members: Vec<Value> = shut.iter().filter_map(|c| c.thread_member(world.bot.id)).collect();
    let threads: Vec<Value> = shut.into_iter().map(Channel::object).collect();
    Ok(Json(json!({"threads": threads, "members": members, "has_more": false})))
}
