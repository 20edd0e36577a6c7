//! How many refused requests Vigie allows itself. Discord bans an address that draws 10,000 answers of
//! 401, 403 or 429 (a 429 of shared scope does not count) in 10 minutes
//! (<https://docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans>).
//! Invariant: in no 10 minutes do more than [`ALLOWED`] such answers come, those of requests that are still
//! on their way included; past it, nothing is sent until the oldest is 10 minutes old.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;

use crate::clock::later;

/// The span over which Discord counts.
pub(super) const WINDOW: Duration = Duration::from_mins(10);

/// 5 % of what Discord allows: others may share the address.
pub(super) const ALLOWED: usize = 500;

/// The refused requests of the last [`WINDOW`].
#[derive(Debug, Default)]
pub(super) struct Budget(VecDeque<Timestamp>);

/// Whether a request may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Yes.
    Granted,
    /// Not before the answer of another request is known.
    AfterAnswer,
    /// Not before this time.
    NotBefore(Timestamp),
}

impl Budget {
    /// Whether one more request may go out beside those `in_flight`, should all of them be refused.
    pub(super) fn admit(&mut self, in_flight: usize, now: Timestamp) -> Admission {
        match self.exhausted_until(now) {
            Some(until) => Admission::NotBefore(until),
            None if self.0.len() + in_flight < ALLOWED => Admission::Granted,
            None => Admission::AfterAnswer,
        }
    }

    /// When sending may go on, if the budget is spent.
    pub(super) fn exhausted_until(&mut self, now: Timestamp) -> Option<Timestamp> {
        while self.0.front().is_some_and(|&oldest| later(oldest, WINDOW) <= now) {
            self.0.pop_front();
        }
        let oldest = *self.0.front()?;
        (self.0.len() >= ALLOWED).then(|| later(oldest, WINDOW))
    }

    /// Counts an answer that Discord counts.
    pub(super) fn spend(&mut self, now: Timestamp) {
        self.0.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    proptest! {
        /// Requests start and are all refused, some of them late: the worst that Discord can do.
        #[test]
        fn no_ten_minutes_see_more_refusals_than_allowed(steps in prop::collection::vec((0_i64..4_000, 0_usize..8), 1..1500)) {
            let mut budget = Budget::default();
            let (mut now, mut in_flight) = (0, 0);
            let mut refusals = Vec::new();
            for (pause, answers) in steps {
                now += pause;
                for _ in 0..answers.min(in_flight) {
                    in_flight -= 1;
                    budget.spend(at(now));
                    refusals.push(now);
                }
                while in_flight < 8 && budget.admit(in_flight, at(now)) == Admission::Granted {
                    in_flight += 1;
                }
            }
            let window = i64::try_from(WINDOW.as_millis()).unwrap();
            for end in 0..refusals.len() {
                let start = refusals.partition_point(|&ms| ms <= refusals[end] - window);
                prop_assert!(end - start < ALLOWED);
            }
        }
    }

    #[test]
    fn a_spent_budget_says_when_sending_goes_on() {
        let mut budget = Budget::default();
        for ms in 0..500 {
            assert_eq!(budget.admit(0, at(ms)), Admission::Granted);
            budget.spend(at(ms));
        }
        assert_eq!(budget.admit(0, at(500)), Admission::NotBefore(at(600_000)));
        assert_eq!(budget.admit(0, at(600_000)), Admission::Granted);
        assert_eq!(budget.admit(1, at(600_000)), Admission::AfterAnswer);
    }
}
