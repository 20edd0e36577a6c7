//! The HTTP server. Invariant: it stops within [`GRACE`] of being told to, whatever its clients do.

use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Sim, control, gateway, rest};

/// How long answers under way may take after the server was told to stop.
const GRACE: Duration = Duration::from_millis(500);
/// How long to wait after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a client may take to send a request's header.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the server stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener has no address.
    #[error("the listening socket gave no address: {0}")]
    Address(std::io::Error),
}

/// All routes.
pub(crate) fn router(sim: &Sim) -> Router {
    Router::new()
        .merge(rest::router(sim))
        .merge(gateway::routes())
        .merge(control::routes())
        .with_state(sim.clone())
}

impl Sim {
    /// Serves on `listener` until `shutdown` is cancelled. It may be served again then.
    pub async fn serve(&self, listener: TcpListener, shutdown: CancellationToken) -> Result<(), ServeError> {
        let address = listener.local_addr().map_err(ServeError::Address)?;
        self.gateway().open();
        self.world().origin = format!("http://{address}");
        let router = self.router();
        let tasks = TaskTracker::new();
        let abort = CancellationToken::new();
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        // Most often too many open files: a pause lets some close.
                        tracing::warn!(%error, "could not accept a connection");
                        // Whether it ended by the shutdown shows in the next turn.
                        let _ = tokio::time::timeout(PAUSE, shutdown.cancelled()).await;
                        continue;
                    }
                },
                () = shutdown.cancelled() => break,
            };
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "could not set TCP_NODELAY");
            }
            let (router, abort, shutdown) = (router.clone(), abort.clone(), shutdown.clone());
            tasks.spawn(async move {
                let service = TowerToHyperService::new(router);
                let mut builder = http1::Builder::new();
                builder.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
                let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
                tokio::pin!(connection);
                let ended = tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = abort.cancelled() => return,
                    () = shutdown.cancelled() => {
                        connection.as_mut().graceful_shutdown();
                        tokio::select! { ended = connection.as_mut() => ended, () = abort.cancelled() => return }
                    }
                };
                if let Err(error) = ended {
                    tracing::debug!(%error, "connection ended");
                }
            });
        }
        drop(listener);
        self.gateway().close();
        tasks.close();
        if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
            abort.cancel();
            tasks.wait().await;
        }
        Ok(())
    }
}
