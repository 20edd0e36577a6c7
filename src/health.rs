//! How each part of Vigie is, in words that a person can act on. Invariant: a part that is not `Ok`
//! says why and what to do; `/readyz`, the page and `/status` all show this and nothing else, the first two in English,
//! `/status` in the caller's language.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use crate::reason::Reason;

/// A part of Vigie whose state people ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The SQLite file.
    Store,
    /// The session with Discord's gateway.
    Gateway,
    /// Sending messages by Discord's REST API.
    Delivery,
    /// The right to be the bot; without a lease configured it counts as held.
    Lease,
    /// Asking sources for what was missed; there only where one is asked.
    Sources,
}

impl Part {
    /// Its name in `/readyz`, on the page and in commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Gateway => "gateway",
            Self::Delivery => "delivery",
            Self::Lease => "lease",
            Self::Sources => "sources",
        }
    }
}

/// How a part is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "lowercase")]
pub enum Condition {
    /// It works.
    Ok,
    /// There is none here, which is as good as one that works.
    Unconfigured(Reason),
    /// It works, but someone should look.
    Warning(Reason),
    /// It does not work yet, or not at the moment; it mends itself.
    Waiting(Reason),
    /// It does not work and a person must act.
    Failed(Reason),
}

impl Condition {
    /// Whether the part does its work.
    pub const fn is_ready(&self) -> bool {
        self.is_well() || matches!(self, Self::Warning(_))
    }

    /// Whether nobody need look at it.
    pub const fn is_well(&self) -> bool {
        matches!(self, Self::Ok | Self::Unconfigured(_))
    }

    /// Why it is not `Ok`.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Ok => None,
            Self::Unconfigured(reason)
            | Self::Warning(reason)
            | Self::Waiting(reason)
            | Self::Failed(reason) => Some(reason),
        }
    }
}

/// The state of all parts, shared.
#[derive(Clone, Debug)]
pub struct Health(Arc<Mutex<BTreeMap<Part, Condition>>>);

impl Default for Health {
    fn default() -> Self {
        let starting = || Condition::Waiting(Reason::new("starting"));
        Self(Arc::new(Mutex::new(BTreeMap::from([
            (Part::Store, starting()),
            (Part::Gateway, starting()),
            (Part::Delivery, Condition::Ok),
            (Part::Lease, Condition::Unconfigured(Reason::new("lease-none"))),
        ]))))
    }
}

impl Health {
    /// Says how `part` is now; `true` if that is a change.
    pub fn set(&self, part: Part, condition: Condition) -> bool {
        self.parts().insert(part, condition.clone()) != Some(condition)
    }

    /// How `part` is.
    pub fn get(&self, part: Part) -> Condition {
        self.parts().get(&part).cloned().unwrap_or(Condition::Ok)
    }

    /// How every part is.
    pub fn snapshot(&self) -> BTreeMap<Part, Condition> {
        self.parts().clone()
    }

    fn parts(&self) -> MutexGuard<'_, BTreeMap<Part, Condition>> {
        // A map of plain values is whole whatever panicked while holding it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
