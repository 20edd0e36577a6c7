//! How long to wait before the next attempt. Invariant: a wait is never longer than the maximum, never
//! shorter than half of its step, and two machines that failed together do not come back together.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    time::Duration,
};

/// Exponential back-off with jitter.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    pub(super) const fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, failures: 0 }
    }

    /// The wait after one more failure.
    pub(super) fn next(&mut self) -> Duration {
        let step = self.first.saturating_mul(2_u32.saturating_pow(self.failures)).min(self.max);
        self.failures += 1;
        let half = step / 2;
        let [jitter, ..] = random().to_le_bytes();
        half + half * u32::from(jitter) / 255
    }

    /// What was tried has worked.
    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }
}

/// A number that another process can't guess: the hash of nothing under keys that the system gave.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_maximum_and_keep_at_least_half() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(5));
        for step in [1, 2, 4, 5, 5] {
            let wait = backoff.next();
            assert!(wait >= Duration::from_secs(step) / 2 && wait <= Duration::from_secs(step), "{wait:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_secs(1));
    }
}
