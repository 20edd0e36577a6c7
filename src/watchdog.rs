//! Tells systemd that Vigie lives (`sd_notify(3)`, `WatchdogSec=`). Invariant: the ping depends on the store
//! and on the supervisor's loop only; Discord's trouble never withholds it.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use crate::{clock::Clock, store::Store};

/// Says that the service is up: the store is open and the port is bound.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

/// Says that the service is stopping.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Pings at half the interval that systemd asks for, as long as the store answers, until `cancel`.
pub async fn run(store: Store, clock: Clock, cancel: CancellationToken) {
    if let Some(interval) = sd_notify::watchdog_enabled() {
        let watch = async {
            loop {
                clock.sleep(interval / 2).await;
                if answers(&store, &clock, interval / 2).await {
                    notify(&[NotifyState::Watchdog]);
                }
            }
        };
        tokio::select! {
            () = watch => {}
            () = cancel.cancelled() => {}
        }
    }
    cancel.cancelled().await;
}

/// Whether the store answers at all; that it refuses to write is not cured by a restart.
async fn answers(store: &Store, clock: &Clock, limit: Duration) -> bool {
    let answer = clock.timeout(limit, store.read(|_| Ok(()))).await;
    if answer.is_none() {
        tracing::error!(?limit, "the store does not answer; systemd is not told that all is well");
    }
    answer.is_some()
}

fn notify(states: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell, which is no error.
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd could not be told");
    }
}
