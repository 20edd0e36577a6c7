//! What Vigie serves over HTTP. Invariants: nothing but a webhook changes anything; the page, the metrics
//! and the reasons of `/readyz` answer local callers only, until there is a login.

pub mod page;
pub mod server;
pub mod state;

use axum::{Router, routing::get};
use hyper::StatusCode;
use jiff::Timestamp;

use crate::{clock::Clock, health::Health, store::Store, telemetry::Metrics};

pub use self::server::{BindError, Limits, Server};

/// What the pages show.
#[derive(Clone)]
pub struct Site {
    /// How the parts are.
    pub health: Health,
    /// The counts.
    pub metrics: Metrics,
    /// What counts what waits.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// When Vigie started.
    pub started: Timestamp,
}

/// All routes; `hooks` are those of [`crate::intake::endpoint`].
pub fn router(site: Site, hooks: Router) -> Router {
    Router::new()
        .route("/", get(page::show))
        .route("/style.css", get(page::style))
        .route("/healthz", get(state::healthz))
        .route("/readyz", get(state::readyz))
        .route("/metrics", get(state::metrics))
        .with_state(site)
        .merge(hooks)
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is nothing here; hooks: POST /hooks/gitea\n") })
}
