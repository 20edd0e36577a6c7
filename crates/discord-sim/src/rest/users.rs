//! The bot and its application: `/users/@me`, `/applications/@me`, `/oauth2/applications/@me`.

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use serde_json::{Value, json};

use crate::{
    Id, Sim,
    error::ApiError,
    world::{User, World},
};

pub(super) fn routes() -> Router<Sim> {
    Router::new()
        .route("/users/@me", get(me))
        .route("/users/@me/guilds", get(guilds))
        .route("/users/{user}", get(user))
        .route("/applications/@me", get(application))
        .route("/oauth2/applications/@me", get(application))
}

/// The data of the bot's own user, as `GET /users/@me` and READY give it.
pub(crate) fn own_user(world: &World) -> Value {
    let mut user = world.bot.object();
    user["mfa_enabled"] = json!(false);
    user["verified"] = json!(true);
    user["email"] = Value::Null;
    user["locale"] = json!("en-US");
    user["premium_type"] = json!(0);
    user["bio"] = json!("");
    user
}

async fn me(State(sim): State<Sim>) -> Json<Value> {
    Json(own_user(&sim.world()))
}

async fn guilds(State(sim): State<Sim>) -> Json<Value> {
    let world = sim.world();
    let list = world.guilds.values().map(|guild| {
        json!({
            "id": guild.id, "name": guild.name, "icon": null, "banner": null, "owner": false,
            "permissions": world.guild_permissions(guild.id, world.bot.id), "features": [],
        })
    });
    Json(list.collect())
}

async fn user(State(sim): State<Sim>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    let id: Id = id.parse().map_err(|_| ApiError::unknown_user())?;
    let world = sim.world();
    let found = world.guilds.values().find_map(|g| g.members.get(&id)).map(|m| m.user.object());
    let own = (id == world.bot.id).then(|| world.bot.object());
    own.or(found).map(Json).ok_or_else(ApiError::unknown_user)
}

async fn application(State(sim): State<Sim>) -> Json<Value> {
    let world = sim.world();
    let flags = world.grants.flags();
    let owner = User { id: Id(world.application.0 + 1), name: "owner".into(), bot: false };
    Json(json!({
        "id": world.application, "name": world.bot.name, "icon": null, "description": "", "type": null,
        "bot": world.bot.object(), "bot_public": true, "bot_require_code_grant": false,
        // Ed25519 keys have 32 bytes; this one signs nothing, interactions come by the gateway.
        "verify_key": "0".repeat(64), "flags": flags, "flags_new": flags.to_string(), "redirect_uris": [],
        "interactions_endpoint_url": null, "role_connections_verification_url": null,
        "owner": owner.object(), "approximate_guild_count": world.guilds.len(),
        "approximate_user_install_count": 0, "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0, "team": null, "eligible_oauth2_scopes": [], "summary": "", "hook": true,
    }))
}
