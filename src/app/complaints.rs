//! Says in the fallback channel which channels refuse messages. Invariant: of the fallback channel itself
//! nothing is said there, since nobody could read it; the log and `/readyz` do.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{delivery::Complaint, intake::own, language::Language, store::Store};

/// What stores complaints, so that they go the way of every event.
pub(super) struct Complaints {
    pub(super) store: Store,
    pub(super) language: Language,
    pub(super) fallback: u64,
}

impl Complaints {
    /// Runs until `cancel`.
    pub(super) async fn run(self, mut heard: mpsc::Receiver<Complaint>, cancel: CancellationToken) {
        while let Some(Some(complaint)) = cancel.run_until_cancelled(heard.recv()).await {
            if complaint.channel == self.fallback {
                continue;
            }
            let (title, text) = (complaint.title(self.language), complaint.text(self.language));
            if let Err(error) = self.store.accept(own::complaint(&title, &text)).await {
                tracing::warn!(%error, channel = complaint.channel, "a complaint could not be stored");
            }
        }
        // Delivery is gone first only if it panicked, and then the supervisor ends everything.
        cancel.cancelled().await;
    }
}
