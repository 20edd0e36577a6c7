//! What those say who watch over something: rules, monitors, the service manager.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether something that was reported goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Firing {
    /// It does.
    Firing,
    /// It has ended.
    Resolved,
}

/// One alert, as it stands after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The name of its rule.
    pub name: String,
    /// Whether it fires.
    pub state: Firing,
    /// What it says in one line; often empty.
    pub summary: String,
    /// What it says at length; often empty.
    pub description: String,
    /// The values that made it fire, as the source writes them.
    pub value: Option<String>,
    /// All its labels, its name among them.
    pub labels: BTreeMap<String, String>,
    /// Where more can be read.
    pub links: AlertLinks,
    /// Since when it fires.
    pub starts_at: Option<Timestamp>,
    /// When it ended.
    pub ends_at: Option<Timestamp>,
    /// How many further alerts of its group the source left out of its report.
    pub truncated: u64,
    /// The silences and inhibitions that keep it quiet, by the source's ids.
    #[serde(default)]
    pub suppressed_by: Vec<String>,
}

/// Addresses that an alert gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertLinks {
    /// Its expression or rule at the source.
    pub source: Option<String>,
    /// What to do about it.
    pub runbook: Option<String>,
    /// Its dashboard, or a panel of that.
    pub dashboard: Option<String>,
    /// Where it can be silenced by hand.
    pub silence: Option<String>,
}

/// Whether something can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reachable {
    /// It can.
    Up,
    /// It can't.
    Down,
    /// It can't, but the monitor tries again before it says so.
    Pending,
    /// Nobody looks: work on it is announced.
    Maintenance,
}

/// What a monitor says, as it stands after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Availability {
    /// The monitor's name.
    pub monitor: String,
    /// How it looks (`http`, `ping`, `port`, …).
    pub method: String,
    /// Where it looks.
    pub target: Option<String>,
    /// What it found.
    pub state: Reachable,
    /// What it says of that.
    pub text: String,
    /// How long the answer took, in milliseconds.
    pub ping_ms: Option<u64>,
}

/// How a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitState {
    /// It failed, and the service manager does not start it again.
    Failed,
    /// It failed and is no longer counted as failed.
    Recovered,
}

/// A unit of systemd, as it stands after the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its name (`blog.service`).
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How it is.
    pub state: UnitState,
    /// Its `ActiveState` and `SubState`, as `active (running)`.
    pub active: String,
    /// Its `Result` (`exit-code`, `oom-kill`, …); empty where that is not known.
    pub result: String,
    /// How its main process ended, if that is known.
    #[serde(default)]
    pub exit: Option<Exit>,
    /// The id of the start that failed, by which the journal knows it.
    #[serde(default)]
    pub invocation: Option<String>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}
