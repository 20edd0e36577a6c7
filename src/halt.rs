//! The decision to leave Discord alone for good: a token that Discord refuses, or a gateway close that
//! forbids to come back. Invariants: it is made once, by whoever sees the cause first, and never taken
//! back while the process lives; intake goes on.

use std::sync::{Arc, OnceLock};

use tokio_util::sync::CancellationToken;

use crate::{
    health::{Condition, Health, Part},
    reason::Reason,
};

/// Why and what to do, when Discord answers 401 to the bot's token.
pub const TOKEN_REFUSED: Reason = Reason::new("halt-token");

/// Whether Discord is to be left alone, shared by the session and the sender.
#[derive(Clone, Debug)]
pub struct Halt {
    reason: Arc<OnceLock<Reason>>,
    halted: CancellationToken,
    health: Health,
}

impl Halt {
    /// Not halted; tells `health` when it is.
    pub fn new(health: Health) -> Self {
        Self { reason: Arc::default(), halted: CancellationToken::new(), health }
    }

    /// Stops all traffic with Discord. `reason` says what Discord answered and what a person must do.
    pub fn halt(&self, reason: Reason) {
        if self.reason.set(reason.clone()).is_ok() {
            tracing::error!(%reason, "stopped talking to Discord for good; webhooks are still taken and stored");
            self.health.set(Part::Gateway, Condition::Failed(reason.clone()));
            self.health.set(Part::Delivery, Condition::Failed(reason));
            self.halted.cancel();
        }
    }

    /// Why, if it was decided.
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.get()
    }

    /// Waits for the decision.
    pub async fn halted(&self) {
        self.halted.cancelled().await;
    }
}
