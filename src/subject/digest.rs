//! What stands for many incidents in one message.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Severity;

/// Why incidents share a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gathering {
    /// Too many came at once.
    Storm,
    /// They came in quiet hours.
    Quiet,
    /// Discord could not be reached for long.
    Backlog,
}

impl Gathering {
    /// Its name in the language files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Storm => "storm",
            Self::Quiet => "quiet",
            Self::Backlog => "backlog",
        }
    }
}

/// Where a member stands. Ordered as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It goes on.
    Open,
    /// It has ended.
    Ended,
    /// It was only said.
    Said,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 3] = [Self::Open, Self::Ended, Self::Said];

    /// Its name in the store and in the language files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ended => "ended",
            Self::Said => "said",
        }
    }
}

/// Incidents that share one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Why they do.
    pub gathering: Gathering,
    /// Since when they are gathered.
    pub since: Timestamp,
    /// When that ended or will end, where it is known.
    pub until: Option<Timestamp>,
    /// All of them, the worst that goes on first; none is empty.
    pub groups: Vec<Group>,
}

impl Digest {
    /// How many there are in this phase.
    pub fn count(&self, phase: Phase) -> u64 {
        self.groups.iter().filter(|group| group.phase == phase).map(|group| group.count).sum()
    }
}

/// Those of one severity in one phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// How much they matter.
    pub severity: Severity,
    /// Where they stand.
    pub phase: Phase,
    /// How many there are.
    pub count: u64,
    /// The first of them: of critical ones as many as a message could name, of others a few.
    pub members: Vec<Member>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its incident's reference.
    pub reference: String,
    /// What it is about.
    pub title: String,
}
