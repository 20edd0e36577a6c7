//! Guilds: the guild, its channels, roles and members.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Id, Sim,
    error::{ApiError, Mistakes},
    world::{Channel, Member, Role},
};

type Answer = Result<Json<Value>, ApiError>;

pub(super) fn routes() -> Router<Sim> {
    Router::new()
        .route("/guilds/{guild}", get(guild))
        .route("/guilds/{guild}/channels", get(channels))
        .route("/guilds/{guild}/roles", get(roles))
        .route("/guilds/{guild}/roles/{role}", get(role))
        .route("/guilds/{guild}/members", get(members))
        .route("/guilds/{guild}/members/{user}", get(member))
        .route("/guilds/{guild}/threads/active", get(active_threads))
}

#[derive(Deserialize)]
struct WithCounts {
    with_counts: Option<String>,
}

async fn guild(State(sim): State<Sim>, Path(id): Path<Id>, Query(query): Query<WithCounts>) -> Answer {
    let world = sim.world();
    let guild = world.guild(id)?;
    let mut object = guild.object();
    if query.with_counts.is_some_and(|v| matches!(v.as_str(), "true" | "True" | "1")) {
        object["approximate_member_count"] = json!(guild.members.len());
        object["approximate_presence_count"] = json!(guild.members.len());
    }
    Ok(Json(object))
}

async fn channels(State(sim): State<Sim>, Path(id): Path<Id>) -> Answer {
    let world = sim.world();
    world.guild(id)?;
    let own = world.channels.values().filter(|c| c.guild_id == id && c.thread.is_none());
    Ok(Json(own.map(Channel::object).collect()))
}

async fn roles(State(sim): State<Sim>, Path(id): Path<Id>) -> Answer {
    Ok(Json(sim.world().guild(id)?.roles.values().map(Role::object).collect()))
}

async fn role(State(sim): State<Sim>, Path((id, role)): Path<(Id, Id)>) -> Answer {
    let world = sim.world();
    let role = world.guild(id)?.roles.get(&role).ok_or_else(ApiError::unknown_role)?;
    Ok(Json(role.object()))
}

#[derive(Deserialize)]
struct Page {
    limit: Option<u64>,
    after: Option<Id>,
}

async fn members(State(sim): State<Sim>, Path(id): Path<Id>, Query(page): Query<Page>) -> Answer {
    let limit = page.limit.unwrap_or(1);
    let mut mistakes = Mistakes::default();
    mistakes.range(&["limit"], limit, 1, 1000);
    mistakes.into_result()?;
    let world = sim.world();
    let after = page.after.unwrap_or_default();
    let list = world.guild(id)?.members.values().filter(|m| m.user.id > after).map(Member::object);
    Ok(Json(list.take(usize::try_from(limit).unwrap_or(1000)).collect()))
}

async fn member(State(sim): State<Sim>, Path((id, user)): Path<(Id, String)>) -> Answer {
    let world = sim.world();
    // `@me` is for OAuth2 tokens; a bot asks by its id.
    let user = user.parse().map_err(|_| ApiError::unknown_member())?;
    Ok(Json(world.member(id, user)?.object()))
}

async fn active_threads(State(sim): State<Sim>, Path(id): Path<Id>) -> Answer {
    let world = sim.world();
    world.guild(id)?;
    let open = world.channels.values().filter(|c| c.guild_id == id);
    let open: Vec<&Channel> = open.filter(|c| c.thread.as_ref().is_some_and(|t| !t.archived)).collect();
    let members = open.iter().filter_map(|c| c.thread_member(world.bot.id));
    let members: Vec<Value> = members.collect();
    let threads: Vec<Value> = open.into_iter().map(Channel::object).collect();
    Ok(Json(json!({"threads": threads, "members": members, "has_more": false})))
}
