//! How fast new incidents come on a route, and whether they share a message for that. Invariants: it depends
//! on when they were received alone, so work that is done again after a crash decides the same; what is kept
//! is bounded, whatever comes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Over how many seconds the rate is taken.
const MINUTE: i64 = 60;

/// How many seconds after the rate was last too high new incidents have messages of their own again.
const FOLDS_BACK: i64 = 120;

/// What is known of a route. Stored as JSON, so a field is only ever added, and with a default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Storm {
    /// How many came in each second of the last minute.
    recent: BTreeMap<i64, u64>,
    /// The second in which the rate was last too high, while that counts.
    above: Option<i64>,
    /// The incident that gathers the others, once there is one.
    pub(super) digest: Option<i64>,
    /// The roles that were told of this storm.
    pub(super) told: BTreeSet<u64>,
}

impl Storm {
    /// Counts a new incident. Whether it shares the message: above `limit` a minute it does, and until the rate
    /// has been lower for a while; 0 is no limit.
    pub(super) fn gathers(&mut self, received_ms: i64, limit: u64) -> bool {
        let second = received_ms.div_euclid(1000);
        // What lies far ahead was counted by a clock that was wrong.
        self.recent.retain(|then, _| (second - MINUTE + 1..=second + MINUTE).contains(then));
        *self.recent.entry(second).or_default() += 1;
        if limit > 0 && self.recent.values().sum::<u64>() > limit {
            self.above = Some(second);
        }
        let goes_on = limit > 0
            && self.above.is_some_and(|above| (second - above).unsigned_abs() < FOLDS_BACK.unsigned_abs());
        if !goes_on {
            *self = Self { recent: std::mem::take(&mut self.recent), ..Self::default() };
        }
        goes_on
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn above_the_limit_a_minute_they_share_until_it_has_been_calm_for_a_while() {
        let mut storm = Storm::default();
        let mut gathers = |second: i64| storm.gathers(second * 1000, 3);
        assert_eq!([0, 10, 20, 30, 40].map(&mut gathers), [false, false, false, true, true]);
        // One a minute is calm, but not for long enough.
        assert_eq!([100, 159].map(&mut gathers), [true, true]);
        assert_eq!([220, 280, 340].map(&mut gathers), [false, false, false]);
    }

    #[test]
    fn nought_is_no_limit() {
        let mut storm = Storm::default();
        assert!((0..10_000).all(|n| !storm.gathers(n, 0)));
    }

    proptest! {
        #[test]
        fn at_most_the_limit_has_messages_of_their_own_in_a_minute(
            steps in prop::collection::vec(0_i64..3000, 1..300), limit in 1_u64..10,
        ) {
            let mut storm = Storm::default();
            let (mut now, mut alone) = (0, Vec::new());
            for step in steps {
                now += step;
                if !storm.gathers(now, limit) {
                    alone.push(now);
                }
                prop_assert!(storm.recent.len() <= 121);
                let recent = alone.iter().filter(|then| now - **then < 59_000).count();
                prop_assert!(u64::try_from(recent).unwrap() <= limit);
            }
        }

        #[test]
        fn what_is_read_back_goes_on_as_before(steps in prop::collection::vec(-5000_i64..5000, 1..100)) {
            let (mut kept, mut now) = (Storm::default(), 0);
            for step in steps {
                now += step;
                let mut read: Storm = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
                prop_assert_eq!(read.gathers(now, 5), kept.gathers(now, 5));
                prop_assert_eq!(&read, &kept);
            }
        }
    }
}
