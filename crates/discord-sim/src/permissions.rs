//! Who may do what. Invariant: computed as Discord documents it (docs, "Permissions: Permission
//! Overwrites"): base from roles, then overwrites of `@everyone`, of the roles together, of the member.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A set of permission bits; a decimal string on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Permissions(pub(crate) u64);

impl Permissions {
    pub(crate) const ADMINISTRATOR: Self = Self(1 << 3);
    pub(crate) const MANAGE_CHANNELS: Self = Self(1 << 4);
    pub(crate) const VIEW_CHANNEL: Self = Self(1 << 10);
    pub(crate) const SEND_MESSAGES: Self = Self(1 << 11);
    pub(crate) const MANAGE_MESSAGES: Self = Self(1 << 13);
    pub(crate) const EMBED_LINKS: Self = Self(1 << 14);
    pub(crate) const ATTACH_FILES: Self = Self(1 << 15);
    pub(crate) const READ_MESSAGE_HISTORY: Self = Self(1 << 16);
    pub(crate) const MENTION_EVERYONE: Self = Self(1 << 17);
    pub(crate) const MANAGE_ROLES: Self = Self(1 << 28);
    pub(crate) const MANAGE_WEBHOOKS: Self = Self(1 << 29);
    pub(crate) const USE_APPLICATION_COMMANDS: Self = Self(1 << 31);
    pub(crate) const MANAGE_THREADS: Self = Self(1 << 34);
    pub(crate) const CREATE_PUBLIC_THREADS: Self = Self(1 << 35);
    pub(crate) const CREATE_PRIVATE_THREADS: Self = Self(1 << 36);
    pub(crate) const SEND_MESSAGES_IN_THREADS: Self = Self(1 << 38);

    /// Every bit that Discord has given a meaning (0 to 50 without 47 and 48, 52).
    pub(crate) const ALL: Self = Self((((1 << 51) - 1) & !(0b11 << 47)) | 1 << 52);
    /// What a bot invited with everything has, short of Administrator (which overwrites can't touch).
    pub(crate) const BOT: Self = Self(Self::ALL.0 & !Self::ADMINISTRATOR.0);
    /// What `@everyone` may do in a new guild: look, talk, react, use commands and threads.
    pub(crate) const EVERYONE: Self = Self(
        1 << 6
            | Self::VIEW_CHANNEL.0
            | Self::SEND_MESSAGES.0
            | Self::EMBED_LINKS.0
            | Self::ATTACH_FILES.0
            | Self::READ_MESSAGE_HISTORY.0
            | 1 << 18
            | 1 << 26
            | Self::USE_APPLICATION_COMMANDS.0
            | Self::CREATE_PUBLIC_THREADS.0
            | Self::CREATE_PRIVATE_THREADS.0
            | 1 << 37
            | Self::SEND_MESSAGES_IN_THREADS.0,
    );

    /// Whether every bit of `wanted` is set.
    pub(crate) fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// This set with `deny` taken away and then `allow` added.
    fn overwritten(self, allow: Self, deny: Self) -> Self {
        Self(self.0 & !deny.0 | allow.0)
    }
}

impl std::ops::BitOr for Permissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Wire {
            Number(u64),
            Text(String),
        }
        match Wire::deserialize(deserializer)? {
            Wire::Number(bits) => Ok(Self(bits)),
            Wire::Text(text) => text.parse().map(Self).map_err(|_| {
                de::Error::custom(format_args!("expected permission bits in decimal, found {text:?}"))
            }),
        }
    }
}

/// One overwrite's say for the one whose permissions are asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Say {
    Everyone,
    Role,
    Member,
}

/// Applies channel overwrites to a base.
pub(crate) fn in_channel(
    base: Permissions,
    says: &(impl Iterator<Item = (Say, Permissions, Permissions)> + Clone),
) -> Permissions {
    if base.has(Permissions::ADMINISTRATOR) {
        return Permissions::ALL;
    }
    let merged = |wanted: fn(Say) -> bool| {
        says.clone()
            .filter(|(say, ..)| wanted(*say))
            .fold((Permissions(0), Permissions(0)), |(a, d), (_, allow, deny)| (a | allow, d | deny))
    };
    let (allow, deny) = merged(|say| matches!(say, Say::Everyone));
    let everyone = base.overwritten(allow, deny);
    let (allow, deny) = merged(|say| matches!(say, Say::Role));
    let roles = everyone.overwritten(allow, deny);
    let (allow, deny) = merged(|say| matches!(say, Say::Member));
    let all = roles.overwritten(allow, deny);
    if all.has(Permissions::VIEW_CHANNEL) { all } else { Permissions(0) }
}
