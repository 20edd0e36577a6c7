//! The simulator's own clock. Invariant: nothing else in this crate reads the wall clock or sleeps, so
//! `POST /_sim/clock` moves every window, age and wait together; only where a gateway connection waits for
//! its peer, whose timers nobody moves, the machine's time counts.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::watch;

/// The machine's time plus what tests have added to it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<watch::Sender<Duration>>);

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Duration::ZERO)))
    }
}

impl Clock {
    /// Milliseconds since the Unix epoch, now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    pub fn now_ms(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + *self.0.borrow();
        i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
    }

    /// Moves the clock forward; whoever sleeps on it wakes when its time has come.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|added| *added = added.saturating_add(by));
    }

    /// Waits until `duration` has passed on this clock.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that sleeps")]
    pub async fn sleep(&self, duration: Duration) {
        let mut added = self.0.subscribe();
        let until = self.now_ms().saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
        loop {
            let left = until.saturating_sub(self.now_ms());
            let Ok(left @ 1..) = u64::try_from(left) else { return };
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left)) => {}
                // The sender lives in `self`, so this can't fail while we wait.
                _ = added.changed() => {}
            }
        }
    }

    /// Runs `future` for at most `limit`; `None` if the time ran out.
    pub async fn timeout<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        tokio::select! {
            output = future => Some(output),
            () = self.sleep(limit) => None,
        }
    }
}

/// A time as Discord writes it: `2026-11-21T10:00:00.123000+00:00`.
pub(crate) fn iso(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
    time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
