//! How Vigie is, for programs. Invariant: reasons and figures are for local callers; whoever comes through
//! a proxy learns no more than whether Vigie is ready.

use std::collections::BTreeMap;

use axum::{
    Extension, Json,
    extract::{FromRequestParts, Query, State},
    response::{IntoResponse, Response},
};
use hyper::{HeaderMap, StatusCode, header, http::request::Parts};
use serde::{Deserialize, Serialize};

use super::Site;
use crate::{
    health::{Condition, Part},
    intake::client::Peer,
};

/// Answers are about now.
pub(super) const NO_STORE: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// Proof that the caller is local. Others get 403.
pub struct Local;

impl<S: Sync> FromRequestParts<S> for Local {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let local = parts.extensions.get::<Peer>().is_some_and(|peer| peer.is_local(&parts.headers));
        local.then_some(Self).ok_or((
            StatusCode::FORBIDDEN,
            "only local callers see this: ask 127.0.0.1 on the machine itself, not through a proxy\n",
        ))
    }
}

/// `GET /healthz`: the process answers.
pub async fn healthz() -> Response {
    (NO_STORE, "ok\n").into_response()
}

/// The query of `/readyz`.
#[derive(Debug, Deserialize)]
pub struct For {
    r#for: Option<String>,
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parts: BTreeMap<Part, Condition>,
}

/// `GET /readyz`: whether store, gateway and lease work; with `?for=intake`, whether events can be stored.
pub async fn readyz(
    State(site): State<Site>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Query(query): Query<For>,
) -> Response {
    let asked: &[Part] = match query.r#for.as_deref() {
        None => &[Part::Store, Part::Gateway, Part::Lease],
        Some("intake") => &[Part::Store],
        Some(_) => {
            return (StatusCode::BAD_REQUEST, "expected for=intake, or no for at all\n").into_response();
        }
    };
    let mut parts: BTreeMap<_, _> = asked.iter().map(|part| (*part, site.health.get(*part))).collect();
    let ready = parts.values().all(Condition::is_ready);
    if !peer.is_local(&headers) {
        parts.clear();
    }
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, NO_STORE, Json(Readiness { ready, parts })).into_response()
}

/// `GET /metrics`, in the OpenMetrics text format 1.0.
pub async fn metrics(_: Local, State(site): State<Site>) -> Response {
    const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    measure(&site).await;
    match site.metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, TYPE)], NO_STORE, text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written down");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Brings the counts up to date; without the store they stay as they were, and its health says why.
pub(super) async fn measure(site: &Site) {
    if let Err(error) = site.store.measure().await {
        tracing::debug!(%error, "the counts are some seconds old");
    }
}
