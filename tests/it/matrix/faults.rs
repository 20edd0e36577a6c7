//! The faults that Discord can have. Invariant: each kind of fault that the simulator knows is in the table, and each
//! refusal of the error taxonomy.

use std::time::Duration;

use serde_json::{Value, json};

/// What a fault means for what it strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing, in the end.
    Passes,
    /// Discord finds it invalid in this form.
    Unfit,
    /// The channel can't be used for now.
    Parks,
    /// The message is not there.
    Gone,
    /// The token is refused.
    Halts,
}

/// A fault.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) name: &'static str,
    /// The simulator's name of it.
    pub(super) kind: &'static str,
    pub(super) more: Value,
    pub(super) effect: Effect,
    /// How long Vigie's clock must go on before it is over.
    pub(super) lasts: Duration,
}

impl Fault {
    /// Whether it strikes requests, not the gateway.
    pub(super) fn strikes_requests(&self) -> bool {
        !self.kind.starts_with("gateway")
    }
}

/// All of them.
pub(super) fn all() -> Vec<Fault> {
    use Effect::{Gone, Halts, Parks, Passes, Unfit};
    let at_once = |name, kind, more, effect| Fault { name, kind, more, effect, lasts: Duration::ZERO };
    let status = |name, status: u16, code: u32, effect| {
        let more = json!({ "status": status, "error_code": code, "times": 1 });
        let lasts = if effect == Parks { Duration::from_secs(61) } else { Duration::ZERO };
        Fault { lasts, ..at_once(name, "status", more, effect) }
    };
    let limit = |name, scope: &str| {
        at_once(name, "rate_limit", json!({ "scope": scope, "retry_after": 0.3, "times": 2 }), Passes)
    };
    vec![
        at_once("late", "latency", json!({ "ms": 300, "times": 2 }), Passes),
        at_once("slow", "slow", json!({ "ms": 300, "times": 2 }), Passes),
        at_once("500", "status", json!({ "status": 500, "times": 2 }), Passes),
        at_once("503", "status", json!({ "status": 503, "times": 1 }), Passes),
        at_once("no answer", "drop_answer", json!({ "times": 2 }), Passes),
        Fault { lasts: Duration::from_secs(31), ..at_once("hangs", "hang", json!({ "times": 1 }), Passes) },
        limit("429 user", "user"),
        limit("429 shared", "shared"),
        limit("429 global", "global"),
        status("50035", 400, 50035, Unfit),
        status("160006", 400, 160_006, Unfit),
        status("30046", 400, 30046, Passes),
        status("50013", 403, 50013, Parks),
        status("50001", 403, 50001, Parks),
        status("10003", 404, 10003, Parks),
        status("10008", 404, 10008, Gone),
        status("401", 401, 0, Halts),
        at_once("closed", "gateway_close", json!({ "times": 1 }), Passes),
        at_once("silent", "gateway_silence", json!({ "ms": 500, "times": 1 }), Passes),
        at_once("reconnect", "gateway_reconnect", json!({ "times": 1 }), Passes),
    ]
}
