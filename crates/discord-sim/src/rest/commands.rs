//! Application commands (docs, "Application Commands: Endpoints"). Invariants: within a scope (global or one guild)
//! a name stands once for each type; a command that is overwritten keeps its id and gets a new version.

pub(crate) mod definition;
pub(crate) mod option;
mod text;

use std::collections::HashSet;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::get,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use self::definition::{CHAT_INPUT, Definition};
use super::{body::Call, query::is_yes};
use crate::{
    Id, Sim,
    error::{ApiError, Mistakes},
    world::World,
};

/// Creates in 24 hours and scope (docs, "Application Commands: Registering a Command").
const CREATES_A_DAY: u32 = 200;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Whose commands: everyone's or one guild's.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Scope {
    #[serde(rename = "application_id")]
    application: Id,
    #[serde(rename = "guild_id")]
    guild: Option<Id>,
}

/// Which command.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Place {
    #[serde(rename = "application_id")]
    application: Id,
    #[serde(rename = "guild_id")]
    guild: Option<Id>,
    #[serde(rename = "command_id")]
    command: Id,
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    with_localizations: Option<String>,
}

/// Under `/api/v10`: global and guild commands.
pub(crate) fn routes() -> Router<Sim> {
    let mut routes = Router::new();
    for scope in ["/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}"] {
        routes = routes
            .route(&format!("{scope}/commands"), get(list).post(create).put(overwrite))
            .route(&format!("{scope}/commands/{{command_id}}"), get(one).patch(edit).delete(remove));
    }
    routes
}

impl Scope {
    fn check(self, world: &World) -> Result<Self, ApiError> {
        if self.application != world.application {
            return Err(ApiError::unknown_application());
        }
        match self.guild {
            Some(guild) if !world.guilds.contains_key(&guild) => Err(ApiError::missing_access()),
            _ => Ok(self),
        }
    }

    fn has(self, command: &Value) -> bool {
        command.get("guild_id") == self.guild.map(|id| json!(id)).as_ref()
    }

    fn same(self, world: &World, definition: &Definition) -> Option<Id> {
        let named =
            |command: &Value| command["name"] == definition.name() && command["type"] == definition.kind();
        world.commands.iter().find(|(_, command)| self.has(command) && named(command)).map(|(id, _)| *id)
    }

    /// Puts a command in under this id, with a new version.
    fn put(self, world: &mut World, id: Id, definition: &Definition) -> Value {
        let mut command = Value::Object(definition.fields().clone());
        command["id"] = json!(id);
        command["application_id"] = json!(world.application);
        command["version"] = json!(world.next_id());
        if let Some(guild) = self.guild {
            command["guild_id"] = json!(guild);
        }
        world.commands.insert(id, command.clone());
        command
    }

    /// Counts `new` creates against the day's.
    fn count(self, world: &mut World, new: usize) -> Result<(), ApiError> {
        let now = world.clock.now_ms();
        let (since, made) = world.command_creates.entry(self.guild).or_insert((now, 0));
        if now - *since >= DAY_MS {
            (*since, *made) = (now, 0);
        }
        let new = u32::try_from(new).unwrap_or(u32::MAX);
        if made.saturating_add(new) > CREATES_A_DAY {
            let text =
                format!("Max number of daily application command creates has been reached ({CREATES_A_DAY})");
            return Err(ApiError::new(StatusCode::BAD_REQUEST, 30034, text));
        }
        *made += new;
        Ok(())
    }
}

impl Place {
    /// Its scope, if the command stands there (else 10063).
    fn check(self, world: &World) -> Result<(Scope, &Value), ApiError> {
        let scope = Scope { application: self.application, guild: self.guild }.check(world)?;
        let command = world.commands.get(&self.command).filter(|command| scope.has(command));
        Ok((scope, command.ok_or_else(ApiError::unknown_command)?))
    }
}

/// How many commands of a type one scope holds (docs, "Application Commands").
fn most(kind: u64) -> usize {
    if kind == CHAT_INPUT { 100 } else { 15 }
}

fn too_many(kind: u64) -> ApiError {
    let text = format!("Maximum number of application commands reached ({})", most(kind));
    ApiError::new(StatusCode::BAD_REQUEST, 30032, text)
}

async fn list(
    State(sim): State<Sim>,
    Path(scope): Path<Scope>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Value>, ApiError> {
    let world = sim.world();
    scope.check(&world)?;
    let mut commands: Vec<_> =
        world.commands.values().filter(|command| scope.has(command)).cloned().collect();
    if !is_yes(query.with_localizations.as_deref()) {
        commands.iter_mut().for_each(drop_localizations);
    }
    Ok(Json(commands.into()))
}

fn drop_localizations(part: &mut Value) {
    if let Some(part) = part.as_object_mut() {
        part.retain(|key, _| !key.ends_with("_localizations"));
        for nested in part.values_mut().filter_map(Value::as_array_mut) {
            nested.iter_mut().for_each(drop_localizations);
        }
    }
}

async fn create(
    State(sim): State<Sim>,
    Path(scope): Path<Scope>,
    call: Call,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let mut world = sim.world();
    scope.check(&world)?;
    let definition = Definition::new(&call.body)?;
    if let Some(id) = scope.same(&world, &definition) {
        return Ok((StatusCode::OK, Json(scope.put(&mut world, id, &definition))));
    }
    let kind = definition.kind();
    let others = world.commands.values().filter(|command| scope.has(command) && command["type"] == kind);
    if others.count() >= most(kind) {
        return Err(too_many(kind));
    }
    scope.count(&mut world, 1)?;
    let id = world.next_id();
    Ok((StatusCode::CREATED, Json(scope.put(&mut world, id, &definition))))
}

async fn overwrite(
    State(sim): State<Sim>,
    Path(scope): Path<Scope>,
    call: Call,
) -> Result<Json<Value>, ApiError> {
    let mut world = sim.world();
    scope.check(&world)?;
    let Value::Array(bodies) = call.body else {
        let mut mistakes = Mistakes::default();
        mistakes.add(&[], "BASE_TYPE_BAD_TYPE", "Only iterables may be used in a ListType");
        mistakes.into_result()?;
        return Err(ApiError::invalid_json());
    };
    let definitions = definitions(&bodies)?;
    let kept: Vec<_> = definitions.iter().map(|definition| scope.same(&world, definition)).collect();
    scope.count(&mut world, kept.iter().filter(|id| id.is_none()).count())?;
    world.commands.retain(|_, command| !scope.has(command));
    let mut commands = Vec::new();
    for (definition, id) in definitions.iter().zip(kept) {
        let id = id.unwrap_or_else(|| world.next_id());
        commands.push(scope.put(&mut world, id, definition));
    }
    Ok(Json(commands.into()))
}

/// A whole list, with every mistake of every command.
fn definitions(bodies: &[Value]) -> Result<Vec<Definition>, ApiError> {
    let mut mistakes = Mistakes::default();
    let mut names = HashSet::new();
    let mut definitions = Vec::new();
    for (index, body) in bodies.iter().enumerate() {
        let index = index.to_string();
        let definition = Definition::read(body, &[&index], &mut mistakes);
        if !names.insert((definition.kind(), definition.name().to_owned())) {
            let text = "Application command names must be unique";
            mistakes.add(&[&index], "APPLICATION_COMMANDS_DUPLICATE_NAME", text);
        }
        definitions.push(definition);
    }
    mistakes.into_result()?;
    let of = |kind| definitions.iter().filter(|definition| definition.kind() == kind).count();
    match (1..=3).find(|kind| of(*kind) > most(*kind)) {
        Some(kind) => Err(too_many(kind)),
        None => Ok(definitions),
    }
}

async fn one(State(sim): State<Sim>, Path(place): Path<Place>) -> Result<Json<Value>, ApiError> {
    let world = sim.world();
    let (_, command) = place.check(&world)?;
    Ok(Json(command.clone()))
}

async fn edit(State(sim): State<Sim>, Path(place): Path<Place>, call: Call) -> Result<Json<Value>, ApiError> {
    let mut world = sim.world();
    let (scope, command) = place.check(&world)?;
    let definition = Definition::new(command)?.patched(call.body.as_object().unwrap_or(&Map::new()))?;
    if scope.same(&world, &definition).is_some_and(|id| id != place.command) {
        let mut mistakes = Mistakes::default();
        let text = "Application command names must be unique";
        mistakes.add(&["name"], "APPLICATION_COMMANDS_DUPLICATE_NAME", text);
        mistakes.into_result()?;
    }
    Ok(Json(scope.put(&mut world, place.command, &definition)))
}

async fn remove(State(sim): State<Sim>, Path(place): Path<Place>) -> Result<StatusCode, ApiError> {
    let mut world = sim.world();
    place.check(&world)?;
    world.commands.remove(&place.command);
    Ok(StatusCode::NO_CONTENT)
}
