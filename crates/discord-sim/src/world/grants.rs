//! What Discord lets the application do. Invariant: READY and REST tell the same flags, and they follow the grants.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// An intent that Discord must grant (docs, "Gateway: Privileged Intents").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Privileged {
    GuildPresences,
    GuildMembers,
    MessageContent,
}

impl Privileged {
    pub(crate) const ALL: [Self; 3] = [Self::GuildPresences, Self::GuildMembers, Self::MessageContent];

    /// The application's flag for a grant to a bot in few guilds (docs, "Application Flags").
    const fn flag(self) -> u64 {
        match self {
            Self::GuildPresences => 1 << 13,
            Self::GuildMembers => 1 << 15,
            Self::MessageContent => 1 << 19,
        }
    }
}

/// What the application may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Grants {
    pub(crate) privileged_intents: BTreeSet<Privileged>,
    /// How many guilds one session may carry (docs, "Gateway: Sharding").
    pub(crate) guilds_per_shard: usize,
}

impl Default for Grants {
    fn default() -> Self {
        Self { privileged_intents: Privileged::ALL.into(), guilds_per_shard: 2500 }
    }
}

impl Grants {
    /// `flags` of the application object.
    pub(crate) fn flags(&self) -> u64 {
        self.privileged_intents.iter().map(|intent| intent.flag()).sum()
    }
}
