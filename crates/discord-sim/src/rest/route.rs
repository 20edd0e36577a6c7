//! Which route a request takes. Invariant: a path has one pattern and one top-level id, whatever its ids are.

use crate::{Id, Sim};

/// A request's route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) method: String,
    /// The path below `/api/v10`, ids and tokens as `*`.
    pub(crate) pattern: String,
    /// What the limits are counted for: a channel, a guild, or a webhook with its token.
    pub(crate) major: String,
    /// What authorises it.
    pub(crate) authority: Authority,
}

/// What authorises a request (docs, per endpoint).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// Anybody may.
    Nobody,
    /// The token in the path, of a webhook or an interaction.
    PathToken,
    /// The bot's token.
    Bot,
}

impl Route {
    /// Reads `method` and the path below `/api/v10`.
    pub(crate) fn of(method: &str, path: &str) -> Self {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let has_token = matches!(parts[..], ["webhooks" | "interactions", _, _, ..]);
        let pattern = parts.iter().enumerate().fold(String::new(), |mut all, (n, part)| {
            let id = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            all.push('/');
            all.push_str(if id || (has_token && n == 2) { "*" } else { part });
            all
        });
        let major = match parts[..] {
            ["webhooks", id, token, ..] => format!("{id}/{token}"),
            ["channels" | "guilds" | "webhooks", id, ..] => id.to_owned(),
            _ => String::new(),
        };
        let authority = match parts[..] {
            ["gateway"] => Authority::Nobody,
            ["webhooks" | "interactions", _, _, ..] => Authority::PathToken,
            _ => Authority::Bot,
        };
        Self { method: method.to_owned(), pattern, major, authority }
    }

    /// Whether no bucket counts it: an interaction must be answered at once (docs, "Rate Limits").
    pub(crate) fn unlimited(&self) -> bool {
        self.pattern.starts_with("/interactions/")
    }

    /// The guild that a request is about.
    pub(crate) fn guild(sim: &Sim, path: &str) -> Option<Id> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match parts[..] {
            ["guilds", id, ..] | ["applications", _, "guilds", id, ..] => id.parse().ok(),
            ["channels", id, ..] => sim.world().guild_of(id.parse().ok()?),
            ["webhooks", id, ref rest @ ..] => {
                let hook = id.parse().ok().and_then(|id| Some(sim.world().webhooks.get(&id)?.guild_id));
                hook.or_else(|| sim.interactions().guild_of(rest.first()?))
            }
            ["interactions", _, token, ..] => sim.interactions().guild_of(token),
            _ => None,
        }
    }
}
