//! Making guilds. Invariants: a guild is made whole or not at all; one that exists is replaced; ids that another
//! guild uses are refused.

use std::collections::{BTreeMap, HashMap, HashSet};

use axum::{
    Json,
    extract::{Request, State},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Id, Sim,
    permissions::Permissions,
    rest::webhooks,
    world::{Asker, Channel, Guild, Member, Overwrite, Role, User, Webhook, World},
};

/// A guild as ordered; ids may be left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GuildOrder {
    id: Option<Id>,
    #[serde(default = "GuildOrder::name")]
    name: String,
    owner_id: Option<Id>,
    #[serde(default)]
    channels: Vec<ChannelOrder>,
    #[serde(default)]
    roles: Vec<RoleOrder>,
    #[serde(default)]
    members: Vec<MemberOrder>,
    #[serde(default)]
    webhooks: Vec<WebhookOrder>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelOrder {
    id: Option<Id>,
    name: String,
    #[serde(rename = "type", default)]
    kind: u8,
    topic: Option<String>,
    parent_id: Option<Id>,
    #[serde(default)]
    nsfw: bool,
    #[serde(default)]
    overwrites: Vec<Overwrite>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleOrder {
    id: Option<Id>,
    name: String,
    #[serde(default)]
    permissions: Permissions,
    #[serde(default)]
    color: u32,
    #[serde(default)]
    mentionable: bool,
    #[serde(default)]
    hoist: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberOrder {
    id: Option<Id>,
    name: String,
    #[serde(default = "MemberOrder::locale")]
    locale: String,
    nick: Option<String>,
    #[serde(default)]
    roles: Vec<Id>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookOrder {
    id: Option<Id>,
    token: Option<String>,
    channel_id: Id,
    #[serde(default = "WebhookOrder::name")]
    name: String,
}

impl GuildOrder {
    fn name() -> String {
        "guild".into()
    }
}

impl MemberOrder {
    fn locale() -> String {
        "en-US".into()
    }
}

impl WebhookOrder {
    fn name() -> String {
        "webhook".into()
    }
}

/// `POST /_sim/guilds`.
pub(super) async fn make(State(sim): State<Sim>, request: Request) -> Result<Json<Value>, Response> {
    let order: GuildOrder = super::read(request).await?;
    let mut world = sim.world();
    order.check(&world).map_err(|error| super::refuse(&error))?;
    if let Some(id) = order.id {
        super::forget(&sim, &mut world, Some(id));
    }
    let id = order.carry_out(&mut world);
    if let Some(data) = world.guild_create(id) {
        world.note(Some(id), "GUILD_CREATE", data);
    }
    Ok(Json(object(&world, id)))
}

/// `GET /_sim/guilds`.
pub(super) async fn list(State(sim): State<Sim>) -> Json<Value> {
    let world = sim.world();
    Json(world.guilds.keys().map(|id| object(&world, *id)).collect())
}

/// A guild with everything that was ordered; threads too.
fn object(world: &World, id: Id) -> Value {
    let mut object = world.guild_create(id).unwrap_or_default();
    let hooks = world.webhooks.values().filter(|w| w.guild_id == id);
    object["webhooks"] = hooks.map(|w| world.webhook_object(w, Asker::TokenHolder)).collect();
    if let Some(guild) = world.guilds.get(&id) {
        let members = guild.members.values().map(|m| {
            let mut member = m.object();
            member["locale"] = json!(m.locale);
            member
        });
        object["members"] = members.collect();
    }
    object
}

impl GuildOrder {
    fn check(&self, world: &World) -> Result<(), String> {
        let mut seen = HashSet::new();
        let channels = self.channels.iter().filter_map(|c| c.id);
        let hooks = self.webhooks.iter().filter_map(|w| w.id);
        if let Some(id) = channels.clone().chain(hooks.clone()).find(|id| !seen.insert(*id)) {
            return Err(format!("the id {id} is given twice"));
        }
        let taken =
            |guild: Id, id: Id| (self.id != Some(guild)).then(|| format!("{id} belongs to guild {guild}"));
        let channel = channels.filter_map(|id| taken(world.channels.get(&id)?.guild_id, id));
        let hook = hooks.filter_map(|id| taken(world.webhooks.get(&id)?.guild_id, id));
        if let Some(error) = channel.chain(hook).next() {
            return Err(error);
        }
        for member in &self.members {
            if let Some(role) =
                member.roles.iter().find(|role| !self.roles.iter().any(|r| r.id == Some(**role)))
            {
                return Err(format!(
                    "member {:?} has the role {role}, which is not among `roles`",
                    member.name
                ));
            }
        }
        let stray = self.webhooks.iter().find(|w| !self.channels.iter().any(|c| c.id == Some(w.channel_id)));
        stray.map_or(Ok(()), |w| Err(format!("webhook channel {} is not among `channels`", w.channel_id)))
    }

    fn carry_out(self, world: &mut World) -> Id {
        let id = self.id.unwrap_or_else(|| world.next_id());
        let now = world.clock.now_ms();
        let roles = roles(self.roles, id, world);
        let bot_role = roles.values().find(|r| r.managed_for.is_some()).map(|r| r.id);
        let mut members = BTreeMap::new();
        let bot = Member {
            user: world.bot.clone(),
            nick: None,
            locale: "en-US".into(),
            roles: bot_role.into_iter().collect(),
            joined_ms: now,
        };
        members.insert(bot.user.id, bot);
        for order in self.members {
            let user = User { id: order.id.unwrap_or_else(|| world.next_id()), name: order.name, bot: false };
            let MemberOrder { nick, locale, roles, .. } = order;
            members.insert(user.id, Member { user, nick, locale, roles, joined_ms: now });
        }
        let owner = self.owner_id.unwrap_or_else(|| world.next_id());
        members.entry(owner).or_insert_with(|| Member {
            user: User { id: owner, name: "owner".into(), bot: false },
            nick: None,
            locale: "en-US".into(),
            roles: Vec::new(),
            joined_ms: now,
        });
        let guild =
            Guild { id, name: self.name, owner, roles, members, joined_ms: now, nonces: HashMap::new() };
        world.guilds.insert(id, guild);
        for (position, order) in self.channels.into_iter().enumerate() {
            let channel = order.channel(id, position, world);
            world.channels.insert(channel.id, channel);
        }
        for order in self.webhooks {
            let hook = order.id.unwrap_or_else(|| world.next_id());
            let webhook = Webhook {
                id: hook,
                token: order.token.unwrap_or_else(|| webhooks::token(hook)),
                guild_id: id,
                channel_id: order.channel_id,
                name: order.name,
                avatar: None,
            };
            world.webhooks.insert(hook, webhook);
        }
        id
    }
}

/// `@everyone`, the ordered ones, and the bot's, lowest first.
fn roles(orders: Vec<RoleOrder>, guild: Id, world: &mut World) -> BTreeMap<Id, Role> {
    let plain = |id, name: &str, permissions, position| Role {
        id,
        name: name.to_owned(),
        permissions,
        color: 0,
        position,
        mentionable: false,
        hoist: false,
        managed_for: None,
    };
    let mut roles = BTreeMap::from([(guild, plain(guild, "@everyone", Permissions::EVERYONE, 0))]);
    for (position, order) in orders.into_iter().enumerate() {
        let id = order.id.unwrap_or_else(|| world.next_id());
        let RoleOrder { name, permissions, color, mentionable, hoist, .. } = order;
        let position = if id == guild { 0 } else { position + 1 };
        let role = Role { color, mentionable, hoist, ..plain(id, &name, permissions, position) };
        roles.insert(id, role);
    }
    let id = world.next_id();
    let bot =
        Role { managed_for: Some(world.bot.id), ..plain(id, &world.bot.name, Permissions::BOT, roles.len()) };
    roles.insert(id, bot);
    roles
}

impl ChannelOrder {
    fn channel(self, guild_id: Id, position: usize, world: &mut World) -> Channel {
        Channel {
            id: self.id.unwrap_or_else(|| world.next_id()),
            guild_id,
            kind: self.kind,
            name: self.name,
            topic: self.topic,
            position,
            parent: self.parent_id,
            nsfw: self.nsfw,
            rate_limit_per_user: 0,
            overwrites: self.overwrites,
            messages: BTreeMap::new(),
            ephemeral: BTreeMap::new(),
            last_message: None,
            thread: None,
        }
    }
}
