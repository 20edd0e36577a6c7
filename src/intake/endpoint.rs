//! Where webhooks come in. Invariants:
//!
//! - 2xx means stored: the answer follows the commit.
//! - Our own trouble is never a 4xx: a store that can't take an event gives 503 with `Retry-After`.
//! - A good signature is never refused for the sake of bad ones. After [`BAD_A_MINUTE`] bad ones of one
//!   client within a minute, its further bad ones get 429.
//! - Every refusal is counted and leaves a line with source, client and reason; of those that anybody can
//!   cause, a client's first, second, fourth, eighth … in a minute do.

use std::{borrow::Cow, net::IpAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::Body,
    extract::State as Shared,
    response::{IntoResponse, Response},
    routing::post,
};
use hyper::{HeaderMap, StatusCode, header};
use secrecy::SecretString;
use thiserror::Error;

use super::{
    body::{self, BodyError},
    client::Peer,
    gitea::{self, ReadError},
    signature,
    tally::Tally,
};
use crate::{
    clock::Clock,
    event::Source,
    store::{Acceptance, Arrival, Store, StoreError},
    telemetry::Metrics,
};

/// How many bad signatures of one client within a minute are answered with 401; further ones get 429.
pub const BAD_A_MINUTE: u32 = 100;

/// Delivery ids are UUIDs; one that is far longer is not kept.
const DELIVERY_AT_MOST: usize = 128;

/// What intake needs.
pub struct Intake {
    /// The key of Gitea's webhooks; `None`: none are taken.
    pub gitea: Option<SecretString>,
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
    #[error("this Vigie takes no hooks from Gitea: set [sources.gitea] secret_file")]
    NotSetUp,
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("expected the form field 'payload' with the JSON of the event, found none")]
    NoPayload,
    #[error(
        "expected in X-Gitea-Signature the HMAC-SHA256 of the payload, found {found}: \
         set the same secret in Gitea's webhook and in the file that [sources.gitea] secret_file names"
    )]
    Signature { found: &'static str, count: u32 },
    #[error(transparent)]
    Content(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::NotSetUp => StatusCode::NOT_FOUND,
            Self::Body(BodyError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(BodyError::Slow) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(BodyError::BrokenOff(_)) | Self::NoPayload | Self::Content(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Signature { count, .. } if *count > BAD_A_MINUTE => StatusCode::TOO_MANY_REQUESTS,
            Self::Signature { .. } => StatusCode::UNAUTHORIZED,
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
    Router::new().route("/hooks/gitea", post(hook)).with_state(state)
}

async fn hook(
    Shared(state): Shared<Arc<State>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let client = peer.client(&headers, &state.intake.trusted_proxies);
    match state.take(client, &headers, body).await {
        Ok(acceptance) => {
            let outcome = if acceptance == Acceptance::Repeat { "repeat" } else { "accepted" };
            state.intake.metrics.event(Source::Gitea.as_str(), outcome);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(refusal) => {
            state.intake.metrics.event(Source::Gitea.as_str(), refusal.outcome());
            state.log(client, &refusal);
            refusal.into_response()
        }
    }
}

impl State {
    async fn take(&self, client: IpAddr, headers: &HeaderMap, body: Body) -> Result<Acceptance, Refusal> {
        let key = self.intake.gitea.as_ref().ok_or(Refusal::NotSetUp)?;
        let body = body::read(headers, body, &self.intake.clock).await?;
        let signature = headers.get("x-gitea-signature").map_or(&b""[..], |value| value.as_bytes());
        let payload = payload(headers, &body);
        if !signature::is_hmac_sha256(key, payload.as_deref().unwrap_or(&body), signature) {
            let found = if signature.is_empty() { "none" } else { "another value" };
            return Err(Refusal::Signature { found, count: self.bad_signatures.count(client) });
        }
        let body = payload.ok_or(Refusal::NoPayload)?.into_owned();
        let kind = gitea::kind(headers)?;
        let event = gitea::read(&kind, &body)?;
        let delivery = gitea::delivery(headers).filter(|id| id.len() <= DELIVERY_AT_MOST);
        let (key, object) = (event.source_key, event.object);
        tracing::debug!(source = "gitea", %client, kind, key, delivery, "took a webhook");
        let arrival = Arrival { source: Source::Gitea, delivery, kind, source_key: key, object, body };
        Ok(self.intake.store.accept(arrival).await?)
    }

    fn log(&self, client: IpAddr, refusal: &Refusal) {
        let status = refusal.status().as_u16();
        let in_a_minute = match refusal {
            Refusal::Signature { count, .. } => *count,
            Refusal::NotSetUp | Refusal::Body(_) | Refusal::NoPayload => self.other_refusals.count(client),
            Refusal::Content(_) | Refusal::Store(_) => 1,
        };
        if in_a_minute.is_power_of_two() {
            tracing::warn!(source = "gitea", %client, status, in_a_minute, reason = %refusal, "refused a webhook");
        }
    }
}

/// The JSON of the event: the body, or in form mode its field `payload`, over which Gitea makes the
/// signature then (`services/webhook/deliver.go`). `None` if a form lacks it.
fn payload<'a>(headers: &HeaderMap, body: &'a [u8]) -> Option<Cow<'a, [u8]>> {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if !kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        return Some(Cow::Borrowed(body));
    }
    url::form_urlencoded::parse(body)
        .find(|(name, _)| name == "payload")
        .map(|(_, value)| Cow::Owned(value.into_owned().into_bytes()))
}
