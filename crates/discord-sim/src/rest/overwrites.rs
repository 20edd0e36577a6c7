//! A channel's permission overwrites: put and delete.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::put,
};
use serde_json::json;

use super::body::Call;
use crate::{
    Id, Sim,
    error::{ApiError, Mistakes},
    permissions::Permissions,
    world::Overwrite,
};

pub(super) fn routes() -> Router<Sim> {
    Router::new().route("/channels/{channel}/permissions/{overwrite}", put(set).delete(remove))
}

async fn set(
    State(sim): State<Sim>,
    Path((channel, id)): Path<(Id, Id)>,
    call: Call,
) -> Result<StatusCode, ApiError> {
    let mut world = sim.world();
    world.bot_may(channel, Permissions::MANAGE_ROLES)?;
    let mut body = call.body;
    if body["type"].is_null() {
        return Err(Mistakes::one(&["type"], "BASE_TYPE_REQUIRED", "This field is required"));
    }
    body["id"] = json!(id);
    let new: Overwrite = serde_json::from_value(body)
        .map_err(|error| Mistakes::one(&["allow"], "MODEL_TYPE_CONVERT", error.to_string()))?;
    let overwrites = &mut world.channel_mut(channel)?.overwrites;
    overwrites.retain(|o| o.id != id);
    overwrites.push(new);
    world.note_channel("CHANNEL_UPDATE", channel);
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(State(sim): State<Sim>, Path((channel, id)): Path<(Id, Id)>) -> Result<StatusCode, ApiError> {
    let mut world = sim.world();
    world.bot_may(channel, Permissions::MANAGE_ROLES)?;
    let overwrites = &mut world.channel_mut(channel)?.overwrites;
    let before = overwrites.len();
    overwrites.retain(|o| o.id != id);
    if overwrites.len() == before {
        return Err(ApiError::unknown_overwrite());
    }
    world.note_channel("CHANNEL_UPDATE", channel);
    Ok(StatusCode::NO_CONTENT)
}
