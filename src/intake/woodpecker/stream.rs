//! Woodpecker's event stream. Invariants: it is read as fast as it comes, because a slow reader holds up other
//! readers of the same Woodpecker; a stream that is silent for [`SILENCE`] is over; at most [`QUEUE`] events wait, and
//! more than that end the stream, since the listing that follows finds all of them.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::sse::Reader;
use crate::{
    backends::{
        AskError,
        woodpecker::{StreamEvent, Woodpecker},
    },
    clock::Clock,
    event::Source,
    intake::json,
    telemetry::Metrics,
    wire::chain,
};

/// Three times the time between two comments (`server/api/stream.go`).
pub(super) const SILENCE: Duration = Duration::from_secs(90);

const QUEUE: usize = 256;

/// An open stream. It is closed when it is dropped.
pub(super) struct Stream {
    events: mpsc::Receiver<Result<StreamEvent, String>>,
    _pump: AbortOnDropHandle<()>,
}

impl Stream {
    pub(super) async fn open(
        woodpecker: &Woodpecker,
        clock: Clock,
        metrics: Metrics,
    ) -> Result<Self, AskError> {
        let body = woodpecker.events().await?;
        let (out, events) = mpsc::channel(QUEUE);
        let pump = async move {
            let reason = pump(body, &clock, &metrics, &out).await;
            // Whoever does not listen any more needs no reason.
            let _ = out.send(Err(reason)).await;
        };
        Ok(Self { events, _pump: AbortOnDropHandle::new(tokio::spawn(pump)) })
    }

    /// The next event, or why there are no more.
    pub(super) async fn next(&mut self) -> Result<StreamEvent, String> {
        self.events.recv().await.unwrap_or_else(|| Err("its reader is gone".into()))
    }
}

/// Reads until the stream is over; why it is.
async fn pump(
    mut body: Incoming,
    clock: &Clock,
    metrics: &Metrics,
    out: &mpsc::Sender<Result<StreamEvent, String>>,
) -> String {
    let mut reader = Reader::default();
    loop {
        let frame = match clock.timeout(SILENCE, body.frame()).await {
            None => return format!("nothing came for {SILENCE:?}"),
            Some(None) => return "Woodpecker closed it".into(),
            Some(Some(Err(error))) => return chain(&error),
            Some(Some(Ok(frame))) => frame,
        };
        let Some(bytes) = frame.data_ref() else { continue };
        let events = match reader.take(bytes) {
            Ok(events) => events,
            Err(error) => return error.to_string(),
        };
        for event in events {
            match json::read("an event of Woodpecker's stream", &event) {
                Ok(event) => {
                    if out.try_send(Ok(event)).is_err() {
                        return "events come faster than they can be taken".into();
                    }
                }
                Err(reason) => {
                    let source = Source::Woodpecker.as_str();
                    metrics.event(source, "invalid");
                    tracing::warn!(
                        source,
                        reason,
                        "an event can't be read; the next listing finds what it told of"
                    );
                }
            }
        }
    }
}
