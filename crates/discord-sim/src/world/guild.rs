//! Guilds, roles, members, users, and their objects as the API gives them. Invariant: a guild's everyone
//! role has the guild's id, and the bot is a member by one managed role.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::{World, channel::THREAD_KINDS};
use crate::{Id, clock::iso, permissions::Permissions};

/// A guild.
#[derive(Clone, Debug)]
pub(crate) struct Guild {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) owner: Id,
    pub(crate) roles: BTreeMap<Id, Role>,
    pub(crate) members: BTreeMap<Id, Member>,
    pub(crate) joined_ms: i64,
    /// What was sent with `enforce_nonce`: (author, nonce) to the message's channel, id and time.
    pub(crate) nonces: HashMap<(Id, String), (Id, Id, i64)>,
}

/// A role.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) permissions: Permissions,
    pub(crate) color: u32,
    pub(crate) position: usize,
    pub(crate) mentionable: bool,
    pub(crate) hoist: bool,
    /// The bot whose role this is.
    pub(crate) managed_for: Option<Id>,
}

/// A user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) bot: bool,
}

/// A user in a guild.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) user: User,
    pub(crate) nick: Option<String>,
    pub(crate) locale: String,
    pub(crate) roles: Vec<Id>,
    pub(crate) joined_ms: i64,
}

impl User {
    /// The user object.
    pub(crate) fn object(&self) -> Value {
        let mut user = json!({
            "id": self.id, "username": self.name, "global_name": null, "discriminator": "0", "avatar": null,
            "public_flags": 0, "flags": 0, "primary_guild": null, "avatar_decoration_data": null,
            "collectibles": null, "banner": null, "accent_color": null,
        });
        if self.bot {
            // Bots keep a discriminator (docs, "Username changes").
            user["bot"] = json!(true);
            user["discriminator"] = json!(format!("{:04}", self.id.0 % 9999 + 1));
        }
        user
    }
}

impl Member {
    /// The member object without the user, as it stands in message events.
    pub(crate) fn partial(&self) -> Value {
        json!({
            "roles": self.roles, "nick": self.nick, "avatar": null, "banner": null, "premium_since": null,
            "joined_at": iso(self.joined_ms), "communication_disabled_until": null, "pending": false,
            "deaf": false, "mute": false, "flags": 0,
        })
    }

    /// The member object.
    pub(crate) fn object(&self) -> Value {
        let mut member = self.partial();
        member["user"] = self.user.object();
        member
    }
}

impl Role {
    /// The role object.
    pub(crate) fn object(&self) -> Value {
        let mut role = json!({
            "id": self.id, "name": self.name, "permissions": self.permissions, "position": self.position,
            "color": self.color,
            "colors": {"primary_color": self.color, "secondary_color": null, "tertiary_color": null},
            "hoist": self.hoist, "managed": self.managed_for.is_some(), "mentionable": self.mentionable,
            "icon": null, "unicode_emoji": null, "flags": 0, "description": null,
        });
        if let Some(bot) = self.managed_for {
            role["tags"] = json!({"bot_id": bot});
        }
        role
    }
}

impl Guild {
    /// The guild object of `GET /guilds/{id}`.
    pub(crate) fn object(&self) -> Value {
        let roles: Vec<Value> = self.roles.values().map(Role::object).collect();
        json!({
            "id": self.id, "name": self.name, "icon": null, "description": null, "home_header": null,
            "splash": null, "discovery_splash": null, "features": [], "banner": null, "owner_id": self.owner,
            "application_id": null, "region": "us-west", "afk_channel_id": null, "afk_timeout": 300,
            "system_channel_id": null, "system_channel_flags": 0, "widget_enabled": false,
            "widget_channel_id": null, "verification_level": 0, "roles": roles,
            "default_message_notifications": 0, "mfa_level": 0, "explicit_content_filter": 0,
            "max_presences": null, "max_members": 500_000, "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25, "vanity_url_code": null, "premium_tier": 0,
            "premium_subscription_count": 0, "preferred_locale": "en-US", "rules_channel_id": null,
            "safety_alerts_channel_id": null, "public_updates_channel_id": null,
            "premium_progress_bar_enabled": false, "nsfw": false, "nsfw_level": 0, "emojis": [],
            "stickers": [], "incidents_data": null,
        })
    }
}

impl World {
    /// The data of `GUILD_CREATE` (docs, "Gateway Events: Guild Create").
    pub(crate) fn guild_create(&self, id: Id) -> Option<Value> {
        let guild = self.guilds.get(&id)?;
        let mut data = guild.object();
        let (threads, channels): (Vec<_>, Vec<_>) =
            self.channels.values().filter(|c| c.guild_id == id).partition(|c| THREAD_KINDS.contains(&c.kind));
        let objects =
            |list: Vec<&super::Channel>| -> Vec<Value> { list.iter().map(|c| c.object()).collect() };
        data["channels"] = json!(objects(channels));
        data["threads"] = json!(objects(
            threads.into_iter().filter(|c| c.thread.as_ref().is_some_and(|t| !t.archived)).collect()
        ));
        data["members"] = guild.members.values().map(Member::object).collect();
        data["member_count"] = json!(guild.members.len());
        data["joined_at"] = json!(iso(guild.joined_ms));
        data["large"] = json!(false);
        data["unavailable"] = json!(false);
        for key in
            ["voice_states", "presences", "stage_instances", "guild_scheduled_events", "soundboard_sounds"]
        {
            data[key] = json!([]);
        }
        Some(data)
    }
}
