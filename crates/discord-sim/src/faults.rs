//! Faults that a test orders. Invariants: a fault with `times` strikes exactly so often; one with a guild
//! strikes that guild's requests only; HTTP faults strike in the order in which they were ordered.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::Id;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The request is carried out `ms` later.
    Latency,
    /// It is not carried out; the answer is `status` with `error_code`.
    Status,
    /// It is not carried out; the answer is a 429 with `retry_after` and `scope`.
    RateLimit,
    /// It is carried out; the connection is cut before the answer.
    DropAnswer,
    /// It is not carried out, and never answered.
    Hang,
    /// The answer's body comes in pieces over `ms`.
    Slow,
    /// Sessions are closed with `close_code` (absent: by a close frame without one).
    GatewayClose,
    /// Sessions get nothing any more, not even ACKs.
    GatewaySilence,
    /// Sessions get op 7.
    GatewayReconnect,
}

/// Which limit a `rate_limit` fault speaks of (docs, "Rate Limits: Header Format").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    #[default]
    User,
    Shared,
    Global,
}

/// Which requests a fault strikes; absent parts strike all.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Match {
    pub(crate) method: Option<String>,
    /// Below `/api/v10`; `*` stands for one segment.
    pub(crate) path: Option<String>,
}

/// A fault as ordered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) guild_id: Option<Id>,
    #[serde(rename = "match", default)]
    pub(crate) matching: Match,
    pub(crate) kind: Kind,
    pub(crate) status: Option<u16>,
    pub(crate) error_code: Option<u32>,
    #[serde(default)]
    pub(crate) scope: Scope,
    /// In seconds.
    pub(crate) retry_after: Option<f64>,
    pub(crate) close_code: Option<u16>,
    pub(crate) ms: Option<u64>,
    /// How often it still strikes; absent = until it is taken away.
    pub(crate) times: Option<u32>,
}

/// The faults in force.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Kind {
    /// Whether it strikes gateway sessions, not requests.
    pub(crate) fn is_gateway(self) -> bool {
        matches!(self, Self::GatewayClose | Self::GatewaySilence | Self::GatewayReconnect)
    }

    /// Whether no later fault can strike the same request.
    fn decides(self) -> bool {
        !matches!(self, Self::Latency | Self::Slow)
    }

    /// As it stands in `GET /_sim/log`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Status => "status",
            Self::RateLimit => "rate_limit",
            Self::DropAnswer => "drop_answer",
            Self::Hang => "hang",
            Self::Slow => "slow",
            Self::GatewayClose => "gateway_close",
            Self::GatewaySilence => "gateway_silence",
            Self::GatewayReconnect => "gateway_reconnect",
        }
    }
}

impl Match {
    fn takes(&self, method: &str, path: &str) -> bool {
        let method = self.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(method));
        method && self.path.as_ref().is_none_or(|pattern| path_matches(pattern, path))
    }
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.strip_prefix("/api/v10").unwrap_or(pattern);
    let (mut wanted, mut found) = (pattern.trim_matches('/').split('/'), path.trim_matches('/').split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(w), Some(f)) if w == "*" || w == f => {}
            _ => return false,
        }
    }
}

impl Faults {
    /// Orders one.
    pub(crate) fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    /// Takes all away, or one guild's.
    pub(crate) fn clear(&self, guild: Option<Id>) {
        self.lock().retain(|f| guild.is_some() && f.guild_id != guild);
    }

    /// Those in force.
    pub(crate) fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// The faults that strike this request (any number of delays, then at most one that decides). Each is
    /// counted.
    pub(crate) fn strike(&self, guild: Option<Id>, method: &str, path: &str) -> Vec<Fault> {
        let mut decided = false;
        self.take(|fault| {
            let strikes = !decided
                && !fault.kind.is_gateway()
                && (fault.guild_id.is_none() || fault.guild_id == guild)
                && fault.matching.takes(method, path);
            decided |= strikes && fault.kind.decides();
            strikes
        })
    }

    /// The first gateway fault of `kind` for `guild` (`None` in the fault: for all), counted.
    pub(crate) fn strike_gateway(&self, kind: Kind, guilds: &[Id]) -> Option<Fault> {
        let mut done = false;
        let struck = self.take(|fault| {
            let strikes = !done && fault.kind == kind && fault.guild_id.is_none_or(|g| guilds.contains(&g));
            done |= strikes;
            strikes
        });
        struck.into_iter().next()
    }

    /// The faults without a guild that strike the gateway's web socket handshake: those whose `match` names the
    /// path `/gateway` (which is also that of the discovery), or the method `WS`, which nothing else has.
    pub(crate) fn strike_handshake(&self) -> Vec<Fault> {
        self.take(|fault| {
            let Fault { matching, .. } = fault;
            let ws = matching.method.as_ref().is_some_and(|method| method.eq_ignore_ascii_case("ws"));
            let named = matching.path.is_some() && matching.takes("GET", "/gateway");
            (ws || named) && fault.guild_id.is_none() && !fault.kind.is_gateway()
        })
    }

    fn take(&self, mut strikes: impl FnMut(&Fault) -> bool) -> Vec<Fault> {
        let mut struck = Vec::new();
        self.lock().retain_mut(|fault| {
            if fault.times == Some(0) {
                return false;
            }
            if !strikes(fault) {
                return true;
            }
            struck.push(fault.clone());
            fault.times = fault.times.map(|left| left - 1);
            fault.times != Some(0)
        });
        struck
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
