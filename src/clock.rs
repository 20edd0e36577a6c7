//! Where time comes from. Invariant: nothing else in Vigie reads the wall clock or sleeps, so a test
//! that owns the clock owns every deadline, retry and retention step.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::watch;

/// A source of time: the machine's, or one that a test moves.
#[derive(Clone, Debug)]
pub struct Clock(Inner);

#[derive(Clone, Debug)]
enum Inner {
    System,
    Manual(Arc<watch::Sender<Timestamp>>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Inner::System)
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self(Inner::Manual(Arc::new(watch::Sender::new(start))))
    }

    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Inner::System => Timestamp::now(),
            Inner::Manual(time) => *time.borrow(),
        }
    }

    /// The time now, in milliseconds since the Unix epoch: the form in which the store keeps times.
    pub fn now_ms(&self) -> i64 {
        self.now().as_millisecond()
    }

    /// Waits until `duration` has passed on this clock.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that sleeps")]
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Inner::System => tokio::time::sleep(duration).await,
            Inner::Manual(time) => {
                let mut time = time.subscribe();
                let until = later(*time.borrow_and_update(), duration);
                // The sender lives in `self`, so the wait can't end by its loss.
                let _ = time.wait_for(|now| *now >= until).await;
            }
        }
    }

    /// Waits until this clock shows `until`; not at all if it does.
    pub async fn sleep_until(&self, until: Timestamp) {
        let left = Duration::try_from(until.duration_since(self.now())).unwrap_or_default();
        self.sleep(left).await;
    }

    /// Runs `future` for at most `limit`; `None` if the time ran out.
    pub async fn timeout<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        tokio::select! {
            output = future => Some(output),
            () = self.sleep(limit) => None,
        }
    }

    /// Moves a manual clock; the machine's clock is left alone.
    pub fn advance(&self, by: Duration) {
        if let Inner::Manual(time) = &self.0 {
            time.send_modify(|now| *now = later(*now, by));
        }
    }
}

/// `from` plus `by`, or the end of time.
pub fn later(from: Timestamp, by: Duration) -> Timestamp {
    from.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_when_their_time_has_come() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep(Duration::from_mins(1)).await;
                clock.now()
            }
        });
        while !sleeper.is_finished() {
            clock.advance(Duration::from_secs(20));
            tokio::task::yield_now().await;
        }
        assert!(sleeper.await.unwrap() >= Timestamp::from_second(60).unwrap());
    }

    #[tokio::test]
    async fn a_timeout_says_none_when_the_time_ran_out() {
        let clock = Clock::system();
        assert_eq!(clock.timeout(Duration::from_millis(1), std::future::pending::<()>()).await, None);
        assert_eq!(clock.timeout(Duration::from_mins(1), async { 7 }).await, Some(7));
    }
}
