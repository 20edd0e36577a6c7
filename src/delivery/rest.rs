//! Requests to Discord's REST API v10. Invariants:
//! - every request carries the bot's token, has a time-out, and goes to the configured origin only;
//! - none goes out against a rate limit, past the budget of refused requests, or after a halt;
//! - an error says whether the request may have acted nevertheless.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::{
    buckets::{Buckets, Limits, Permit, Route, Scope, seconds},
    error::{Acted, RestError, SetupError},
    file::File,
};
use crate::{
    clock::Clock,
    halt::{Halt, TOKEN_REFUSED},
    reason::Reason,
    telemetry::{Metrics, StatusLabel},
    wire::{Wire, chain},
};

/// The origin of the real Discord.
pub fn discord() -> Url {
    #[expect(clippy::expect_used, reason = "the text is a URL")]
    "https://discord.com".parse().expect("the text is a URL")
}

/// How a bot must present itself (<https://docs.discord.com/developers/reference#user-agent>); without
/// it, Cloudflare refuses the request.
pub const AGENT: &str =
    concat!("DiscordBot (", env!("CARGO_PKG_REPOSITORY"), ", ", env!("CARGO_PKG_VERSION"), ")");

/// The largest answer that is read. A page of 100 messages stays well under it.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;

/// How often a request is sent again after a 429 before its caller is told. Each waits as long as told.
const RATE_LIMIT_TRIES: u32 = 5;

/// How long Cloudflare is left alone if it refuses without saying for how long.
const CLOUDFLARE_WAIT: Duration = Duration::from_mins(1);

/// An interaction's or webhook's own token is wrong or has run out; the bot's is fine.
const INVALID_WEBHOOK_TOKEN: u64 = 50027;

/// What [`Rest`] needs.
pub struct RestSettings {
    /// Where Discord is; `/api/v10` is appended. Plain HTTP is spoken only if it says `http`.
    pub origin: Url,
    /// The bot's token, without `Bot `.
    pub token: SecretString,
    /// How Vigie presents itself: [`AGENT`].
    pub user_agent: String,
    /// Where time comes from.
    pub clock: Clock,
    /// Where requests are counted.
    pub metrics: Metrics,
    /// Told when Discord refuses the token; asked before each request.
    pub halt: Halt,
    /// How long a TCP connection may take.
    pub connect_timeout: Duration,
    /// How long a whole request may take, its wait for a rate limit aside.
    pub request_timeout: Duration,
}

/// The sender: cheap to clone, all clones share connections and limits.
#[derive(Clone)]
pub struct Rest {
    wire: Wire,
    base: String,
    authorization: HeaderValue,
    user_agent: HeaderValue,
    clock: Clock,
    metrics: Metrics,
    halt: Halt,
    request_timeout: Duration,
    buckets: Buckets,
}

impl Rest {
    /// A sender for one bot. Nothing is sent yet.
    pub fn new(settings: RestSettings) -> Result<Self, SetupError> {
        let mut authorization = HeaderValue::try_from(format!("Bot {}", settings.token.expose_secret()))
            .map_err(|_| SetupError::Token)?;
        authorization.set_sensitive(true);
        let user_agent = HeaderValue::try_from(&settings.user_agent)
            .map_err(|_| SetupError::UserAgent(settings.user_agent.clone()))?;
        Ok(Self {
            wire: Wire::new(&settings.origin, settings.connect_timeout).map_err(SetupError::Roots)?,
            base: format!("{}/api/v10", settings.origin.as_str().trim_end_matches('/')),
            authorization,
            user_agent,
            buckets: Buckets::new(settings.clock.clone()),
            clock: settings.clock,
            metrics: settings.metrics,
            halt: settings.halt,
            request_timeout: settings.request_timeout,
        })
    }

    /// `GET`. `path` begins after `/api/v10` and may have a query.
    pub async fn get(&self, path: &str) -> Result<Value, RestError> {
        self.request(Method::GET, path, None).await
    }

    /// `POST` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, RestError> {
        self.request(Method::POST, path, Some(body)).await
    }

    /// `PATCH` with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value, RestError> {
        self.request(Method::PATCH, path, Some(body)).await
    }

    /// Waits for the right to send `method` on `path`.
    pub(super) async fn permit(&self, method: &Method, path: &str) -> Result<Permit, RestError> {
        tokio::select! {
            biased;
            () = self.halt.halted() => Err(self.halted()),
            permit = self.buckets.permit(Route::of(method, path)) => Ok(permit),
        }
    }

    /// Sends one request, once, with a body and a file that goes with it. An empty answer is `null`.
    pub(super) async fn send(
        &self,
        permit: Permit,
        method: Method,
        path: &str,
        body: Option<&Value>,
        file: Option<&File>,
    ) -> Result<Value, RestError> {
        if self.halt.reason().is_some() {
            return Err(self.halted());
        }
        let body = body.map(|json| match file {
            None => ("application/json".to_owned(), json.to_string().into()),
            Some(file) => file.body(json),
        });
        let exchange = self.exchange(method, path, body);
        let outcome = match self.clock.timeout(self.request_timeout, exchange).await {
            Some(outcome) => outcome,
            None => Err(RestError::TimedOut(self.request_timeout)),
        };
        let status = outcome.as_ref().map_or("error".into(), |(status, ..)| status.as_str().to_owned());
        self.metrics.discord_requests.get_or_create(&StatusLabel { status }).inc();
        let (status, headers, body) = outcome?;
        self.judge(&permit, status, &headers, &body)
    }

    /// Until when nothing is sent because Discord refused too many requests.
    pub(super) fn paused_until(&self) -> Option<jiff::Timestamp> {
        self.buckets.paused_until()
    }

    async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, RestError> {
        let mut tries = 1;
        loop {
            let permit = self.permit(&method, path).await?;
            match self.send(permit, method.clone(), path, body, None).await {
                Err(RestError::RateLimited { .. }) if tries < RATE_LIMIT_TRIES => tries += 1,
                outcome => return outcome,
            }
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<(String, Bytes)>,
    ) -> Result<(StatusCode, HeaderMap, Bytes), RestError> {
        let never_sent = |error: &dyn Error| RestError::Network { text: chain(error), acted: Acted::No };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(AUTHORIZATION, &self.authorization)
            .header(USER_AGENT, &self.user_agent);
        let (content_type, body) = body.unzip();
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let request =
            request.body(Full::new(body.unwrap_or_default())).map_err(|error| never_sent(&error))?;
        let response = self.wire.request(request).await.map_err(|error| {
            let acted = if error.is_connect() { Acted::No } else { Acted::Unknown };
            RestError::Network { text: chain(&error), acted }
        })?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_LIMIT)
            .collect()
            .await
            .map_err(|error| RestError::Network { text: chain(error.as_ref()), acted: Acted::Unknown })?;
        Ok((head.status, head.headers, body.to_bytes()))
    }

    fn judge(
        &self,
        permit: &Permit,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Value, RestError> {
        let what = permit.what();
        tracing::debug!(request = what, status = status.as_u16(), "Discord answered");
        let limits = Limits::of(headers);
        let answer = if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(body) };
        if status.is_success() {
            permit.answered(&limits);
            return answer.map_err(|error| {
                let error = error.to_string();
                RestError::Unreadable(
                    Reason::new("answer-no-json")
                        .with("request", what)
                        .with("status", status.as_str())
                        .with("error", error),
                )
            });
        }
        // Cloudflare's own refusals are pages, not JSON.
        let answer = answer.unwrap_or_default();
        if status == StatusCode::TOO_MANY_REQUESTS
            && let Some(error) = self.rate_limited(permit, headers, &limits, &answer)
        {
            return Err(error);
        }
        permit.answered(&limits);
        if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return Err(RestError::Server(status.as_u16()));
        }
        if !status.is_client_error() {
            return Err(RestError::Unreadable(
                Reason::new("answer-status").with("request", what).with("status", status.as_str()),
            ));
        }
        let code = answer["code"].as_u64().unwrap_or_default();
        let message = answer["message"].as_str().unwrap_or("–").to_owned();
        if matches!(status.as_u16(), 401 | 403 | 429) {
            self.count_invalid(permit);
        }
        if status == StatusCode::UNAUTHORIZED && code != INVALID_WEBHOOK_TOKEN {
            self.halt.halt(TOKEN_REFUSED);
            return Err(RestError::Unauthorized(message));
        }
        Err(RestError::Refused { status: status.as_u16(), code, message, errors: answer["errors"].clone() })
    }

    /// Notes a 429. `None` if it names no wait: then it is about the thing written to, as code 30046 is.
    fn rate_limited(
        &self,
        permit: &Permit,
        headers: &HeaderMap,
        limits: &Limits,
        answer: &Value,
    ) -> Option<RestError> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        // Without JSON it is Cloudflare that speaks, and it means the whole address.
        let cloudflare = answer.is_null().then_some(CLOUDFLARE_WAIT);
        // The body is exact, the header a whole number of seconds.
        let wait = seconds(&answer["retry_after"].to_string())
            .or_else(|| seconds(header(RETRY_AFTER.as_str())?))
            .or(cloudflare)?;
        let scope = match header("x-ratelimit-scope") {
            Some("global") => Scope::Global,
            _ if cloudflare.is_some() || answer["global"] == true => Scope::Global,
            _ if header("x-ratelimit-global").is_some() => Scope::Global,
            Some("shared") => Scope::Shared,
            _ => Scope::User,
        };
        tracing::warn!(
            request = permit.what(),
            ?scope,
            ?wait,
            "Discord's rate limit was met; waiting as long as it asks"
        );
        permit.limited(limits, scope, wait);
        if scope != Scope::Shared {
            self.count_invalid(permit);
        }
        Some(RestError::RateLimited { scope, wait })
    }

    fn count_invalid(&self, permit: &Permit) {
        self.metrics.discord_invalid_requests.inc();
        if let Some(until) = permit.invalid() {
            tracing::error!(
                %until,
                "Discord refused so many requests that it might ban this address; nothing is sent until then. \
                 The log names what was refused: give the bot the permissions that it lacks"
            );
        }
    }

    fn halted(&self) -> RestError {
        RestError::Halted(self.halt.reason().cloned().unwrap_or(Reason::new("delivery-stopping")))
    }
}

#[cfg(test)]
mod tests;
