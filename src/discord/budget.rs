//! How often a session may begin. Discord allows 1000 IDENTIFYs in 24 hours and resets the token of a bot
//! that exceeds them (docs, "Gateway: Identifying"). Invariants: the last few are left for people; Vigie's
//! own count holds even if Discord's is not to be believed; starts are spaced as `max_concurrency` 1 asks.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;
use serenity::model::gateway::SessionStartLimit;

/// Own IDENTIFYs in [`WINDOW`] after which Vigie waits whatever Discord says: half of what is allowed.
const OWN_LIMIT: usize = 500;
/// The time over which IDENTIFYs are counted.
const WINDOW: Duration = Duration::from_hours(24);
/// What is left of Discord's count for people who look for the fault.
const RESERVE: u64 = 20;

/// The IDENTIFYs of this process.
#[derive(Debug)]
pub(super) struct Budget {
    spacing: Duration,
    starts: VecDeque<Timestamp>,
}

impl Budget {
    pub(super) const fn new(spacing: Duration) -> Self {
        Self { spacing, starts: VecDeque::new() }
    }

    /// How long the next session must wait, given what Discord said just now; zero if it may begin.
    pub(super) fn wait(&mut self, limit: &SessionStartLimit, now: Timestamp) -> Duration {
        while self.starts.front().is_some_and(|start| since(*start, now) >= WINDOW) {
            self.starts.pop_front();
        }
        let until = |start: &Timestamp, age: Duration| age.saturating_sub(since(*start, now));
        let own = match self.starts.front() {
            Some(oldest) if self.starts.len() >= OWN_LIMIT => until(oldest, WINDOW),
            _ => Duration::ZERO,
        };
        let theirs = if limit.remaining <= RESERVE.min(limit.total / 10) {
            // A second more, so that the count has surely been reset when it is asked for again.
            Duration::from_millis(limit.reset_after) + Duration::from_secs(1)
        } else {
            Duration::ZERO
        };
        let spacing = self.starts.back().map_or(Duration::ZERO, |newest| until(newest, self.spacing));
        own.max(theirs).max(spacing)
    }

    /// A session begins.
    pub(super) fn spend(&mut self, now: Timestamp) {
        self.starts.push_back(now);
    }
}

/// A clock that was set back counts as no time passed.
fn since(start: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(start).try_into().unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::later;

    fn limit(remaining: u64) -> SessionStartLimit {
        serde_json::from_value(serde_json::json!({
            "total": 1000, "remaining": remaining, "reset_after": 60_000, "max_concurrency": 1
        }))
        .unwrap()
    }

    #[test]
    fn the_last_identifies_of_the_day_are_left_for_people() {
        let mut budget = Budget::new(Duration::from_secs(5));
        assert_eq!(budget.wait(&limit(1000), Timestamp::UNIX_EPOCH), Duration::ZERO);
        assert_eq!(budget.wait(&limit(20), Timestamp::UNIX_EPOCH), Duration::from_secs(61));
    }

    #[test]
    fn two_sessions_begin_at_least_the_spacing_apart() {
        let mut budget = Budget::new(Duration::from_secs(5));
        budget.spend(Timestamp::UNIX_EPOCH);
        let now = later(Timestamp::UNIX_EPOCH, Duration::from_secs(2));
        assert_eq!(budget.wait(&limit(1000), now), Duration::from_secs(3));
    }

    #[test]
    fn the_own_count_holds_though_discord_says_that_all_is_left() {
        let mut budget = Budget::new(Duration::ZERO);
        for _ in 0..OWN_LIMIT {
            budget.spend(Timestamp::UNIX_EPOCH);
        }
        let now = later(Timestamp::UNIX_EPOCH, Duration::from_hours(1));
        assert_eq!(budget.wait(&limit(1000), now), Duration::from_hours(23));
        assert_eq!(budget.wait(&limit(1000), later(now, Duration::from_hours(23))), Duration::ZERO);
    }
}
