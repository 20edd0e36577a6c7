//! What a session is told first. Invariant: READY, then a `GUILD_CREATE` for each guild, then
//! everything that happens later, with nothing between lost: the world stays locked while the session is entered.

use serde_json::{Value, json};

use super::{
    hub::{Hold, Refusal},
    payload::{Identify, Members, Shard},
};
use crate::{
    Id, Sim,
    world::{Member, World},
};

/// Members in one op 8 chunk (docs, "Gateway Events: Guild Members Chunk").
const MAX_CHUNK: usize = 1000;

/// Starts a session for an IDENTIFY. One that asks for too much costs nothing of its budget; Discord does not say
/// whether it would.
pub(super) fn start(sim: &Sim, identify: Identify, connection: u64, address: &str) -> Result<Hold, Refusal> {
    let world = sim.world();
    let shard = identify.shard;
    if sim.gateway().is_revoked(&identify.token) {
        return Err(Refusal::AuthenticationFailed);
    }
    if carried(&world, shard).count() > world.grants.guilds_per_shard {
        return Err(Refusal::ShardingRequired);
    }
    if !identify.intents.are_granted(&world.grants.privileged_intents) {
        return Err(Refusal::DisallowedIntents);
    }
    sim.gateway().identify(identify, connection, sim.clock().now_ms(), |session_id, session| {
        session.push("READY", &ready(&world, session_id, shard, address));
        for id in world.guilds.keys() {
            if let Some(guild) = world.guild_create(*id) {
                session.hear(Some(*id), "GUILD_CREATE", &guild);
            }
        }
    })
}

/// The guilds of a shard.
fn carried(world: &World, shard: Shard) -> impl Iterator<Item = Id> {
    world.guilds.keys().copied().filter(move |id| shard.carries(Some(*id)))
}

/// The data of READY (docs, "Gateway Events: Ready"). The address has no query, as Discord's has none.
fn ready(world: &World, session_id: &str, shard: Shard, address: &str) -> Value {
    let mut user = world.bot.object();
    user["verified"] = json!(true);
    user["mfa_enabled"] = json!(false);
    user["email"] = Value::Null;
    let guilds: Vec<_> = carried(world, shard).map(|id| json!({"id": id, "unavailable": true})).collect();
    json!({
        "v": 10, "user": user, "guilds": guilds, "session_id": session_id, "session_type": "normal",
        "resume_gateway_url": address, "shard": [shard.0, shard.1],
        "application": {"id": world.application, "flags": world.grants.flags()},
        "user_settings": {}, "user_settings_proto": "", "relationships": [], "private_channels": [],
        "presences": [], "guild_join_requests": [], "geo_ordered_rtc_regions": [], "auth": {}, "_trace": [],
    })
}

/// The answer to op 8; `None` without such a guild. Discord splits at 1000 members; more are not told here.
pub(super) fn members_chunk(sim: &Sim, request: &Members) -> Option<Value> {
    let world = sim.world();
    let guild = world.guilds.get(&request.guild_id)?;
    let asked: Vec<Value> = match &request.user_ids {
        None => Vec::new(),
        Some(Value::Array(ids)) => ids.clone(),
        Some(id) => vec![id.clone()],
    };
    let wanted = |member: &&Member| match &request.query {
        Some(query) => member.user.name.to_lowercase().starts_with(&query.to_lowercase()),
        None => asked.contains(&json!(member.user.id)),
    };
    let limit = if request.limit == 0 { MAX_CHUNK } else { request.limit.min(MAX_CHUNK) };
    let members: Vec<_> = guild.members.values().filter(wanted).take(limit).map(Member::object).collect();
    let missing = asked.iter().filter(|id| !members.iter().any(|member| member["user"]["id"] == **id));
    let mut chunk = json!({
        "guild_id": guild.id, "members": members, "chunk_index": 0, "chunk_count": 1,
        "not_found": missing.collect::<Vec<_>>(), "presences": [],
    });
    if let Some(nonce) = &request.nonce {
        chunk["nonce"] = json!(nonce);
    }
    Some(chunk)
}
