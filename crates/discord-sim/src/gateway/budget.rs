//! How often a bot may IDENTIFY (docs, "Gateway: Session Start Limit object"). Invariant: within any window no
//! more sessions are started than the window's limit.

use serde_json::{Value, json};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// IDENTIFYs in 24 hours.
const TOTAL: u32 = 1000;
/// IDENTIFYs in [`CONCURRENCY_MS`].
const MAX_CONCURRENCY: u32 = 1;
const CONCURRENCY_MS: i64 = 5000;

/// The identify budget of one token.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// Started at the first IDENTIFY, in ms since the Unix epoch.
    day_started: i64,
    used: u32,
    window_started: Option<i64>,
    in_window: u32,
}

/// What the budget says to an IDENTIFY.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Start,
    /// More than `max_concurrency` in 5 seconds: op 9, the client waits and tries again.
    TooFast,
    /// The day's budget is spent: Discord resets the token and ends all its sessions.
    Spent,
}

impl Budget {
    /// Counts one IDENTIFY.
    pub(crate) fn identify(&mut self, now_ms: i64) -> Verdict {
        if self.window_started.is_none_or(|start| now_ms - start >= CONCURRENCY_MS) {
            self.window_started = Some(now_ms);
            self.in_window = 0;
        }
        if self.in_window >= MAX_CONCURRENCY {
            return Verdict::TooFast;
        }
        if self.used == 0 || now_ms - self.day_started >= DAY_MS {
            self.day_started = now_ms;
            self.used = 0;
        }
        if self.used >= TOTAL {
            return Verdict::Spent;
        }
        self.in_window += 1;
        self.used += 1;
        Verdict::Start
    }

    /// `session_start_limit` of `GET /gateway/bot`.
    pub(crate) fn limit(&self, now_ms: i64) -> Value {
        let left = DAY_MS - (now_ms - self.day_started);
        let (used, reset_after) = if self.used > 0 && left > 0 { (self.used, left) } else { (0, 0) };
        json!({"total": TOTAL, "remaining": TOTAL - used, "reset_after": reset_after,
               "max_concurrency": MAX_CONCURRENCY})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_session_in_five_seconds_and_a_thousand_a_day() {
        let mut budget = Budget::default();
        let mut now = 1_000_000;
        assert_eq!(budget.identify(now), Verdict::Start);
        assert_eq!(budget.identify(now + 4999), Verdict::TooFast);
        for _ in 1..TOTAL {
            now += CONCURRENCY_MS;
            assert_eq!(budget.identify(now), Verdict::Start);
        }
        assert_eq!(budget.limit(now)["remaining"], 0);
        assert_eq!(budget.identify(now + CONCURRENCY_MS), Verdict::Spent);
        assert_eq!(budget.identify(1_000_000 + DAY_MS), Verdict::Start);
        assert_eq!(budget.limit(1_000_000 + DAY_MS)["remaining"], TOTAL - 1);
    }
}
