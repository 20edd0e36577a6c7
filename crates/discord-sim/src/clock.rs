//! The simulator's own clock. Invariant: whatever Discord decides by time (ids, windows, ages, waits, faults) goes by
//! it, so `POST /_sim/clock` moves them all together; only sockets keep the machine's time.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use tokio::sync::watch;

/// The machine's time, or one that stands still, plus what tests have added to it. Clones are one clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Since the Unix epoch; absent means that the machine's clock runs.
    stands_at: Option<Duration>,
    added: Arc<watch::Sender<Duration>>,
}

impl Clock {
    /// A clock that stands at `since_epoch` (since the Unix epoch) until it is advanced: with it, the same
    /// requests in the same order get the same ids and times. Nothing times out on it unless it is moved.
    pub fn standing(since_epoch: Duration) -> Self {
        Self { stands_at: Some(since_epoch), ..Self::default() }
    }

    /// Milliseconds since the Unix epoch, now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    pub fn now_ms(&self) -> i64 {
        let machine = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = self.stands_at.unwrap_or_else(machine).saturating_add(*self.added.borrow());
        i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
    }

    /// Moves the clock forward; whoever sleeps on it wakes when its time has come.
    pub fn advance(&self, by: Duration) {
        self.added.send_modify(|added| *added = added.saturating_add(by));
    }

    /// Waits until `duration` has passed on this clock.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that sleeps")]
    pub async fn sleep(&self, duration: Duration) {
        let mut added = self.added.subscribe();
        let until = self.now_ms().saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX));
        loop {
            let left = until.saturating_sub(self.now_ms());
            let Ok(left @ 1..) = u64::try_from(left) else { return };
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left)), if self.stands_at.is_none() => {}
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

/// A time as clients write it. One without a zone is UTC: Uptime Kuma writes `2026-11-21 10:00:00.123`, and its
/// messages are shown.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| civil().map(|time| time.timestamp()))
}
