//! Interactions: made through the control plane, answered by callbacks and follow-ups. Invariant: the world's lock is
//! taken before the registry's, and neither is held while something is waited for.

mod callback;
mod components;
mod event;
mod followup;
mod options;
mod record;
mod request;
mod resolved;

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

pub(crate) use self::record::Registry;
use self::{
    followup::Target,
    record::{ANSWER_MS, Answer, Interaction},
    request::{Act, Wait},
};
use crate::{
    Id, Sim, control,
    error::ApiError,
    rest::{body::Call, query::is_yes},
    world::{APPLICATION, World},
};

/// How long `"wait":"final"` waits in all.
const FINAL: Duration = Duration::from_secs(30);

/// Under `/api/v10`: callbacks, `@original` and follow-ups of an interaction's token. The application's own id
/// in the path tells them from webhooks.
pub(crate) fn rest_routes() -> Router<Sim> {
    let webhook = format!("/webhooks/{APPLICATION}/{{token}}");
    Router::new()
        .route("/interactions/{id}/{token}/callback", post(callback))
        .route(&webhook, post(follow_up))
        .route(
            &format!("{webhook}/messages/{{message}}"),
            get(get_message).patch(edit_message).delete(delete_message),
        )
}

/// Under `/_sim`: making interactions and looking at them.
pub(crate) fn control_routes() -> Router<Sim> {
    Router::new().route("/interactions", post(make)).route("/interactions/{id}", get(look))
}

#[derive(Debug, Deserialize)]
struct CallbackQuery {
    with_response: Option<String>,
}

async fn callback(
    State(sim): State<Sim>,
    Path((id, token)): Path<(Id, String)>,
    Query(query): Query<CallbackQuery>,
    call: Call,
) -> Result<Response, ApiError> {
    let mut world = sim.world();
    let mut state = sim.interactions().state();
    callback::answer(&mut world, &mut state, (id, &token), &call.body, call.files)?;
    sim.interactions().notify();
    if !is_yes(query.with_response.as_deref()) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let interaction = state.interactions.get(&id).ok_or_else(ApiError::unknown_interaction)?;
    Ok(Json(callback::response(&world, interaction)).into_response())
}

async fn follow_up(
    State(sim): State<Sim>,
    Path(token): Path<String>,
    call: Call,
) -> Result<Json<Value>, ApiError> {
    let mut world = sim.world();
    let message =
        followup::create(&mut world, &mut sim.interactions().state(), &token, call.body, call.files)?;
    sim.interactions().notify();
    Ok(Json(message))
}

async fn get_message(
    State(sim): State<Sim>,
    Path((token, message)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let world = sim.world();
    followup::get(&world, &sim.interactions().state(), &token, Target::read(&message)?).map(Json)
}

async fn edit_message(
    State(sim): State<Sim>,
    Path((token, message)): Path<(String, String)>,
    call: Call,
) -> Result<Json<Value>, ApiError> {
    let mut world = sim.world();
    let target = (token.as_str(), Target::read(&message)?);
    let message =
        followup::edit(&mut world, &mut sim.interactions().state(), target, &call.body, call.files)?;
    sim.interactions().notify();
    Ok(Json(message))
}

async fn delete_message(
    State(sim): State<Sim>,
    Path((token, message)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let mut world = sim.world();
    followup::delete(&mut world, &mut sim.interactions().state(), &token, Target::read(&message)?)?;
    sim.interactions().notify();
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /_sim/interactions`.
async fn make(State(sim): State<Sim>, request: Request) -> Result<Json<Value>, Response> {
    let act: Act = control::read(request).await?;
    let id = {
        let mut world = sim.world();
        let performed = act.perform(&mut world, &mut sim.interactions().state());
        let (id, guild, data) = performed.map_err(|error| control::refuse(&error))?;
        sim.gateway().dispatch(Some(guild), "INTERACTION_CREATE", &data);
        id
    };
    let registry = sim.interactions();
    let answered = registry.wait(id, |interaction| interaction.answer.is_some());
    let patience = Duration::from_millis(ANSWER_MS.unsigned_abs());
    let in_time = sim.clock().timeout(patience, answered).await.is_some();
    if !in_time || act.wait == Wait::Callback {
        return view(&sim, id).map(Json).map_err(|error| control::missing(&error));
    }
    let in_time = sim.clock().timeout(FINAL, registry.wait(id, Interaction::is_final)).await.is_some();
    let mut view = view(&sim, id).map_err(|error| control::missing(&error))?;
    if !in_time {
        view["error"] = json!("no edit or follow-up came within 30 seconds of the deferral");
    }
    Ok(Json(view))
}

/// `GET /_sim/interactions/{id}`.
async fn look(State(sim): State<Sim>, Path(id): Path<Id>) -> Result<Json<Value>, Response> {
    view(&sim, id).map(Json).map_err(|error| control::missing(&error))
}

/// What the user sees of it.
fn view(sim: &Sim, id: Id) -> Result<Value, ApiError> {
    let world = sim.world();
    let state = sim.interactions().state();
    let interaction = state.interactions.get(&id).ok_or_else(ApiError::unknown_interaction)?;
    let messages = shown(&world, interaction);
    let late = world.clock.now_ms() - interaction.created_ms >= ANSWER_MS;
    let error = (interaction.answer.is_none() && late).then_some("The application did not respond");
    let (mut modal, mut choices) = (Value::Null, Value::Null);
    match &interaction.answer {
        Some(Answer::Modal(shown)) => modal = shown.clone(),
        Some(Answer::Choices(shown)) => choices = shown.clone(),
        _ => {}
    }
    Ok(json!({
        "id": id, "deferred": interaction.is_deferred(), "ephemeral": is_ephemeral(&world, interaction),
        "messages": messages, "modal": modal, "choices": choices, "error": error,
    }))
}

fn shown(world: &World, interaction: &Interaction) -> Vec<Value> {
    let see = |id: &Id| request::seen_message(world, interaction.channel, interaction.user, *id);
    interaction.shown.iter().filter_map(see).collect()
}

fn is_ephemeral(world: &World, interaction: &Interaction) -> bool {
    let original =
        interaction.original.and_then(|id| world.channels.get(&interaction.channel)?.any_message(id));
    original.is_some_and(|message| message.ephemeral_for.is_some())
}
