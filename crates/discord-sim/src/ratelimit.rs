//! Rate limits. Invariants: one window a bucket and top-level id, begun by its first request; 50 requests a
//! second for a bot's token in all; 10,000 answers of 401, 403 or 429 in ten minutes shut everybody out until
//! that window ends (docs, "Rate Limits"). All on the simulator's clock.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use data_encoding::HEXLOWER;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{error::ApiError, faults::Scope, rest::route::Route};

/// Requests a second for one token.
const GLOBAL: Rule = Rule { limit: 50, period_ms: 1000 };
/// Invalid answers before the ban.
const INVALID: Rule = Rule { limit: 10_000, period_ms: 600_000 };
/// Windows are swept when there are more.
const SWEEP_ABOVE: usize = 4096;

#[derive(Clone, Copy, Debug)]
struct Rule {
    limit: u32,
    period_ms: i64,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    used: u32,
    ends_ms: i64,
}

/// All windows.
#[derive(Debug, Default)]
pub(crate) struct RateLimits(Mutex<Windows>);

#[derive(Debug, Default)]
struct Windows {
    buckets: HashMap<(String, String), Window>,
    tokens: HashMap<String, Window>,
    invalid: Option<Window>,
}

impl Windows {
    fn sweep(&mut self, now_ms: i64) {
        if self.buckets.len() > SWEEP_ABOVE {
            self.buckets.retain(|_, w| w.ends_ms > now_ms);
        }
        if self.tokens.len() > SWEEP_ABOVE {
            self.tokens.retain(|_, w| w.ends_ms > now_ms);
        }
    }
}

impl Window {
    fn start(rule: Rule, now_ms: i64) -> Self {
        Self { used: 0, ends_ms: now_ms + rule.period_ms }
    }

    /// Uses one of `rule`'s; `Err` with the milliseconds left if there is none.
    fn take(&mut self, rule: Rule, now_ms: i64) -> Result<(), i64> {
        if now_ms >= self.ends_ms {
            *self = Self::start(rule, now_ms);
        }
        if self.used >= rule.limit {
            return Err(self.ends_ms - now_ms);
        }
        self.used += 1;
        Ok(())
    }
}

/// What a route allows. Discord documents none of these and changes them at will; these are the values that
/// its headers have shown for years, so that clients meet them.
fn rule(route: &Route) -> Rule {
    let (limit, period_ms) = match (route.method.as_str(), route.pattern.as_str()) {
        ("POST" | "GET", "/channels/*/messages") | ("PATCH", "/channels/*/messages/*") => (5, 5000),
        ("DELETE", "/channels/*/messages/*") => (5, 1000),
        ("POST", "/webhooks/*/*") | ("PATCH" | "DELETE" | "GET", "/webhooks/*/*/messages/*") => (5, 2000),
        _ => (50, 10_000),
    };
    Rule { limit, period_ms }
}

impl RateLimits {
    /// Takes one request out of its limits: `token` is absent where no bot authorises (webhooks,
    /// interactions), which the global limit spares. The headers of the answer, or 429.
    pub(crate) fn take(
        &self,
        route: &Route,
        token: Option<&str>,
        now_ms: i64,
    ) -> Result<HeaderMap, ApiError> {
        let mut windows = self.lock();
        windows.sweep(now_ms);
        if let Some(token) = token {
            let window = windows.tokens.entry(token.to_owned()).or_insert(Window::start(GLOBAL, now_ms));
            window.take(GLOBAL, now_ms).map_err(|left| refusal(seconds(left), Scope::Global))?;
        }
        if route.unlimited() {
            return Ok(HeaderMap::new());
        }
        let rule = rule(route);
        let key = (format!("{} {}", route.method, route.pattern), route.major.clone());
        let window = windows.buckets.entry(key).or_insert(Window::start(rule, now_ms));
        let within = window.take(rule, now_ms);
        let headers = bucket_headers(route, rule, *window, now_ms);
        within.map(|()| headers.clone()).map_err(|left| {
            let mut error = refusal(seconds(left), Scope::User);
            error.headers.extend(headers);
            error
        })
    }

    /// Counts an answer, if it is one of those that lead to the ban.
    pub(crate) fn count_invalid(&self, status: StatusCode, headers: &HeaderMap, now_ms: i64) {
        let shared = headers.get("x-ratelimit-scope").is_some_and(|s| s == "shared");
        if matches!(status.as_u16(), 401 | 403) || (status.as_u16() == 429 && !shared) {
            let mut windows = self.lock();
            let window = windows.invalid.get_or_insert(Window::start(INVALID, now_ms));
            // Beyond the limit there is nothing more to count.
            let _ = window.take(INVALID, now_ms);
        }
    }

    /// Milliseconds until the ban ends, if there is one.
    pub(crate) fn banned(&self, now_ms: i64) -> Option<i64> {
        let window = self.lock().invalid?;
        (window.used >= INVALID.limit && now_ms < window.ends_ms).then(|| window.ends_ms - now_ms)
    }

    /// Forgets all windows, or those of the given top-level ids (channels, guild, webhooks).
    pub(crate) fn reset(&self, majors: Option<&[String]>) {
        let mut windows = self.lock();
        match majors {
            None => *windows = Windows::default(),
            Some(majors) => windows.buckets.retain(|(_, major), _| {
                !majors.iter().any(|m| major == m || major.split('/').next() == Some(m))
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Windows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A 429 in Discord's shape. `Via` tells it from one of Cloudflare's, and discord.py looks for it.
pub(crate) fn refusal(retry_after: f64, scope: Scope) -> ApiError {
    let text = if scope == Scope::Shared {
        "The resource is being rate limited."
    } else {
        "You are being rate limited."
    };
    let mut error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, 0, text);
    error.code_shown = false;
    error.extra.insert("retry_after".into(), json!(retry_after));
    error.extra.insert("global".into(), json!(scope == Scope::Global));
    put(&mut error.headers, header::RETRY_AFTER, &retry_after.ceil().to_string());
    put(&mut error.headers, header::VIA, "1.1 google");
    let name = match scope {
        Scope::User => "user",
        Scope::Shared => "shared",
        Scope::Global => "global",
    };
    put(&mut error.headers, HeaderName::from_static("x-ratelimit-scope"), name);
    if scope == Scope::Global {
        put(&mut error.headers, HeaderName::from_static("x-ratelimit-global"), "true");
    }
    error
}

fn bucket_headers(route: &Route, rule: Rule, window: Window, now_ms: i64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut bucket = hex(&format!("{} {}", route.method, route.pattern));
    bucket.truncate(32);
    for (name, value) in [
        ("x-ratelimit-limit", rule.limit.to_string()),
        ("x-ratelimit-remaining", rule.limit.saturating_sub(window.used).to_string()),
        ("x-ratelimit-reset", format!("{:.3}", seconds(window.ends_ms))),
        ("x-ratelimit-reset-after", format!("{:.3}", seconds(window.ends_ms - now_ms))),
        ("x-ratelimit-bucket", bucket),
    ] {
        put(&mut headers, HeaderName::from_static(name), &value);
    }
    headers
}

/// A name made of a text: 64 hexadecimal digits, the same whenever it is made.
pub(crate) fn hex(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text))
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Milliseconds in seconds.
#[expect(clippy::cast_precision_loss, reason = "an f64 holds milliseconds exactly for 285,000 years")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}
