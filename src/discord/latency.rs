//! How long Discord's gateway takes to answer. Invariant: holds the newest measure of the present session
//! only.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The time between a heartbeat and its acknowledgement, shared.
#[derive(Clone, Debug, Default)]
pub(super) struct Latency(Arc<AtomicU64>);

impl Latency {
    /// The newest measure; `None` before the session's first.
    pub(super) fn get(&self) -> Option<Duration> {
        Some(self.0.load(Ordering::Relaxed)).filter(|micros| *micros > 0).map(Duration::from_micros)
    }

    pub(super) fn set(&self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.store(micros.max(1), Ordering::Relaxed);
    }
}
