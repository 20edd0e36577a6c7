//! The control plane under `/_sim`. Invariants: it is not the API (no token, no limits, no faults, not logged);
//! whatever it refuses is told as `{"error": "…"}` with what was expected.

mod guilds;
mod page;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, Request, State},
    http::{StatusCode, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::{get, patch, post},
};
use futures_util::{Stream, stream};
use http_body_util::{BodyExt, Limited};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use crate::{
    Id, Sim,
    error::ApiError,
    faults::Fault,
    interactions,
    world::{Grants, Message, Overwrite, Privileged, World},
};

/// The largest body that the control plane reads.
const BODY_BYTES: usize = 4 << 20;

/// All of `/_sim`.
pub(crate) fn routes() -> Router<Sim> {
    let routes = interactions::control_routes()
        .route("/reset", post(reset))
        .route("/guilds", get(guilds::list).post(guilds::make))
        .route("/guilds/{guild}/commands", get(guilds::commands))
        .route("/channels/{channel}", patch(change_channel).delete(remove_channel))
        .route("/channels/{channel}/messages", get(messages))
        .route("/faults", get(faults).post(order_fault).delete(clear_faults))
        .route("/application", get(application).post(grant))
        .route("/clock", get(clock).post(move_clock))
        .route("/log", get(log))
        .route("/live", get(live))
        .route("/actions", get(actions));
    Router::new().nest("/_sim", routes).merge(page::routes())
}

/// Reads a JSON body; an empty one as `{}`.
pub(crate) async fn read<T: DeserializeOwned>(request: Request) -> Result<T, Response> {
    let body = Limited::new(request.into_body(), BODY_BYTES).collect().await;
    let bytes = body.map_err(|error| refuse(&format!("the body could not be read: {error}")))?.to_bytes();
    let bytes = if bytes.is_empty() { b"{}" } else { &bytes[..] };
    serde_json::from_slice(bytes).map_err(|error| refuse(&format!("the body is not as expected: {error}")))
}

/// 400 with the reason.
pub(crate) fn refuse(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response()
}

/// 404 with the reason.
pub(crate) fn missing(error: &ApiError) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"error": error.message}))).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OneGuild {
    guild_id: Option<Id>,
}

/// Forgets everything, or one guild with its faults, limits and interactions.
async fn reset(State(sim): State<Sim>, request: Request) -> Result<Json<Value>, Response> {
    let OneGuild { guild_id } = read(request).await?;
    forget(&sim, &mut sim.world(), guild_id);
    sim.gateway().reset(guild_id);
    sim.gateway().faults_cleared();
    Ok(Json(json!({})))
}

fn forget(sim: &Sim, world: &mut World, guild: Option<Id>) {
    let guilds: Vec<Id> = guild.map_or_else(|| world.guilds.keys().copied().collect(), |id| vec![id]);
    for id in guilds {
        let mut majors = vec![id.to_string()];
        majors.extend(world.channels.values().filter(|c| c.guild_id == id).map(|c| c.id.to_string()));
        majors.extend(world.webhooks.values().filter(|w| w.guild_id == id).map(|w| w.id.to_string()));
        sim.limits().reset(Some(&majors));
        world.remove_guild(id);
    }
    if guild.is_none() {
        world.grants = Grants::default();
        world.commands.clear();
        world.command_creates.clear();
        sim.limits().reset(None);
        sim.log().clear();
    }
    sim.faults().clear(guild);
    sim.interactions().reset(guild);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelChange {
    overwrites: Option<Vec<Overwrite>>,
    name: Option<String>,
}

async fn change_channel(
    State(sim): State<Sim>,
    Path(id): Path<Id>,
    request: Request,
) -> Result<Json<Value>, Response> {
    let change: ChannelChange = read(request).await?;
    let mut world = sim.world();
    let channel = world.channel_mut(id).map_err(|e| missing(&e))?;
    if let Some(overwrites) = change.overwrites {
        channel.overwrites = overwrites;
    }
    if let Some(name) = change.name {
        channel.name = name;
    }
    world.note_channel("CHANNEL_UPDATE", id);
    world.seen(id).map(Json).map_err(|e| missing(&e))
}

async fn remove_channel(State(sim): State<Sim>, Path(id): Path<Id>) -> Result<Json<Value>, Response> {
    sim.world().remove_channel(id).map_err(|e| missing(&e))?;
    Ok(Json(json!({})))
}

async fn messages(State(sim): State<Sim>, Path(id): Path<Id>) -> Result<Json<Value>, Response> {
    let world = sim.world();
    let channel = world.channel(id).map_err(|e| missing(&e))?;
    let with_edits = |message: &Message| {
        let mut object = world.message_object(message);
        object["sim"] = json!({"edits": message.edits});
        object
    };
    Ok(Json(channel.messages.values().map(with_edits).collect()))
}

async fn faults(State(sim): State<Sim>) -> Json<Value> {
    Json(json!(sim.faults().list()))
}

async fn order_fault(State(sim): State<Sim>, request: Request) -> Result<Json<Value>, Response> {
    let fault: Fault = read(request).await?;
    if fault.status.is_some_and(|status| !(400..=599).contains(&status)) {
        return Err(refuse("`status` must be from 400 to 599"));
    }
    if fault.retry_after.is_some_and(|seconds| !seconds.is_finite() || seconds < 0.0) {
        return Err(refuse("`retry_after` must be a number of seconds, 0 or more"));
    }
    let answer = json!(fault);
    sim.faults().add(fault);
    sim.gateway().fault_ordered();
    Ok(Json(answer))
}

async fn clear_faults(State(sim): State<Sim>, Query(one): Query<OneGuild>) -> Json<Value> {
    sim.faults().clear(one.guild_id);
    sim.gateway().faults_cleared();
    Json(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    privileged_intents: Option<BTreeSet<Privileged>>,
    guilds_per_shard: Option<usize>,
}

async fn application(State(sim): State<Sim>) -> Json<Value> {
    Json(json!(sim.world().grants))
}

/// Changes what sessions that begin later may ask for; those that are there go on.
async fn grant(State(sim): State<Sim>, request: Request) -> Result<Json<Value>, Response> {
    let Grant { privileged_intents, guilds_per_shard } = read(request).await?;
    let mut world = sim.world();
    if let Some(intents) = privileged_intents {
        world.grants.privileged_intents = intents;
    }
    if let Some(guilds) = guilds_per_shard {
        world.grants.guilds_per_shard = guilds;
    }
    Ok(Json(json!(world.grants)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: u64,
}

async fn clock(State(sim): State<Sim>) -> Json<Value> {
    Json(json!({"now_ms": sim.clock().now_ms()}))
}

async fn move_clock(State(sim): State<Sim>, request: Request) -> Result<Json<Value>, Response> {
    let Advance { advance_ms } = read(request).await?;
    sim.clock().advance(Duration::from_millis(advance_ms));
    Ok(clock(State(sim)).await)
}

async fn log(State(sim): State<Sim>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], Body::from(sim.log().json())).into_response()
}

async fn actions(State(sim): State<Sim>) -> Json<Value> {
    Json(json!(sim.actions()))
}

/// Every change as it happens. A follower that falls behind gets `{"event":"LAGGED"}` and should look anew.
async fn live(State(sim): State<Sim>) -> Sse<impl Stream<Item = Result<Event, std::convert::Infallible>>> {
    let changes = stream::unfold(sim.live().subscribe(), async |mut changes| {
        let line: Arc<str> = match changes.recv().await {
            Ok(line) => line,
            Err(RecvError::Lagged(_)) => r#"{"event":"LAGGED","guild_id":null,"data":null}"#.into(),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(Event::default().data(&*line)), changes))
    });
    Sse::new(changes).keep_alive(KeepAlive::default())
}
