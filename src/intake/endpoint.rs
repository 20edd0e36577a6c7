//! Where webhooks come in. Invariants:
//!
//! - 2xx means stored: the answer follows the commit.
//! - Our own trouble is never a 4xx: a store that can't take an event gives 503 with `Retry-After`.
//! - A good signature is never refused for the sake of bad ones. After [`BAD_A_MINUTE`] bad ones of one
//!   client within a minute, its further bad ones get 429.
//! - Every refusal is counted and leaves a line with source, client and reason; of those that anybody can
//!   cause, a client's first, second, fourth, eighth … in a minute do.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, RawQuery, State as Shared},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use hyper::{HeaderMap, StatusCode, header};
use thiserror::Error;

use super::{
    body::{self, BodyError},
    client::Peer,
    hooks::{self, Hooks, Request},
    proof::Unproven,
    tally::Tally,
};
use crate::{
    clock::Clock,
    crash_point::CrashPoint,
    event::Source,
    store::{Acceptance, Arrival, Store, StoreError},
    telemetry::Metrics,
};

/// How many bad signatures or tokens of one client within a minute are answered with 401; further ones get 429.
pub const BAD_A_MINUTE: u32 = 100;

/// What intake needs.
pub struct Intake {
    /// The hooks that are taken.
    pub hooks: Hooks,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Where events are stored.
    pub store: Store,
    /// Where they are counted.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
}

struct State {
    intake: Intake,
    bad_signatures: Tally,
    other_refusals: Tally,
}

/// Why a webhook was not taken. The text is meant for its sender and for the log.
#[derive(Debug, Error)]
enum Refusal {
    #[error("this Vigie takes no hooks here: set [{0}] in its configuration")]
    NotSetUp(String),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("{reason}")]
    Unproven { reason: Unproven, count: u32 },
    #[error("{0}")]
    Content(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotSetUp(_) => StatusCode::NOT_FOUND,
            Self::Body(BodyError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyError::Slow) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(BodyError::BrokenOff(_)) | Self::Content(_) => StatusCode::BAD_REQUEST,
            Self::Unproven { count, .. } if *count > BAD_A_MINUTE => StatusCode::TOO_MANY_REQUESTS,
            Self::Unproven { .. } => StatusCode::UNAUTHORIZED,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The label of the metric.
    fn outcome(&self) -> &'static str {
        match self.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            StatusCode::TOO_MANY_REQUESTS => "limited",
            StatusCode::UNAUTHORIZED => "unauthorized",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            _ => "invalid",
        }
    }

    /// After how many seconds it is worth another try.
    fn retry_after(&self) -> Option<&'static str> {
        match self.status() {
            StatusCode::TOO_MANY_REQUESTS => Some("60"),
            StatusCode::SERVICE_UNAVAILABLE => Some("10"),
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status(), format!("{self}\n")).into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(seconds));
        }
        response
    }
}

/// The routes below `/hooks`.
pub fn router(intake: Intake) -> Router {
    let [bad_signatures, other_refusals] = [(); 2].map(|()| Tally::new(intake.clock.clone()));
    let state = Arc::new(State { intake, bad_signatures, other_refusals });
    Router::new()
        .route("/hooks/gitea", hook(Source::Gitea))
        .route("/hooks/alertmanager", hook(Source::Alertmanager))
        .route("/hooks/grafana", hook(Source::Grafana))
        .route("/hooks/kuma", hook(Source::Kuma).merge(get(query_hook)))
        .route("/hooks/deploy", hook(Source::Deploy))
        .route("/hooks/generic/{name}", post(generic_hook))
        .with_state(state)
}

fn hook(source: Source) -> MethodRouter<Arc<State>> {
    post(
        move |Shared(state): Shared<Arc<State>>,
              Extension(peer): Extension<Peer>,
              headers: HeaderMap,
              body: Body| async move {
            state.answer(peer, Came { source, name: String::new(), headers, query: None, body }).await
        },
    )
}

/// Kuma's GET mode: what else stands in the body stands in the query.
async fn query_hook(
    Shared(state): Shared<Arc<State>>,
    RawQuery(query): RawQuery,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let query = Some(query.unwrap_or_default());
    state.answer(peer, Came { source: Source::Kuma, name: String::new(), headers, query, body }).await
}

async fn generic_hook(
    Shared(state): Shared<Arc<State>>,
    Path(name): Path<String>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    state.answer(peer, Came { source: Source::Generic, name, headers, query: None, body }).await
}

/// A webhook whose body is still to be read.
struct Came {
    source: Source,
    /// Which of the generic ones it is; else empty.
    name: String,
    headers: HeaderMap,
    query: Option<String>,
    body: Body,
}

impl State {
    async fn answer(&self, peer: Peer, came: Came) -> Response {
        let source = came.source;
        let client = peer.client(&came.headers, &self.intake.trusted_proxies);
        match self.take(client, came).await {
            Ok(acceptances) => {
                for acceptance in acceptances {
                    let outcome = if acceptance == Acceptance::Repeat { "repeat" } else { "accepted" };
                    self.intake.metrics.event(source.as_str(), outcome);
                }
                StatusCode::NO_CONTENT.into_response()
            }
            Err(refusal) => {
                self.intake.metrics.event(source.as_str(), refusal.outcome());
                self.log(source, client, &refusal);
                refusal.into_response()
            }
        }
    }

    async fn take(&self, client: IpAddr, came: Came) -> Result<Vec<Acceptance>, Refusal> {
        let Came { source, name, headers, query, body } = came;
        // A name that is not known is anybody's word, and belongs neither into the answer nor into the log.
        let section = || hooks::section(source, if name.is_empty() { "" } else { "NAME" });
        let hook = self.intake.hooks.find(source, &name).ok_or_else(|| Refusal::NotSetUp(section()))?;
        let body = body::read(&headers, body, &self.intake.clock).await?;
        let request = Request { name: &name, headers: &headers, query: query.as_deref(), body: &body };
        let count = || self.bad_signatures.count(client);
        hook.prove(&request).map_err(|reason| Refusal::Unproven { reason, count: count() })?;
        let arrivals = hook.arrivals(&request).map_err(Refusal::Content)?;
        for Arrival { kind, source_key, delivery, .. } in &arrivals {
            tracing::debug!(source = source.as_str(), %client, kind, source_key, delivery, "took a webhook");
        }
        let acceptances = self.intake.store.accept_all(arrivals).await?;
        CrashPoint::Accepted.reached();
        Ok(acceptances)
    }

    fn log(&self, source: Source, client: IpAddr, refusal: &Refusal) {
        let status = refusal.status().as_u16();
        let in_a_minute = match refusal {
            Refusal::Unproven { count, .. } => *count,
            Refusal::NotSetUp(_) | Refusal::Body(_) => self.other_refusals.count(client),
            Refusal::Content(_) | Refusal::Store(_) => 1,
        };
        if in_a_minute.is_power_of_two() {
            let source = source.as_str();
            tracing::warn!(source, %client, status, in_a_minute, reason = %refusal, "refused a webhook");
        }
    }
}
