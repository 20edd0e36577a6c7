//! What happens to every API request before and after its handler.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    extract::{OriginalUri, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{
    body::{self, Call},
    route::{Authority, Route},
};
use crate::{
    Sim,
    error::{ApiError, Mistakes},
    faults::{Fault, Kind, Scope},
    log::Entry,
    ratelimit,
};

/// In how many pieces a slow answer comes.
const SLOW_PIECES: usize = 8;

/// A request, read.
struct Read {
    route: Route,
    token: Option<String>,
    call: Result<Call, ApiError>,
    request: Request,
}

/// Takes a request through all steps.
pub(super) async fn run(State(sim): State<Sim>, request: Request, next: Next) -> Response {
    let at_ms = sim.clock().now_ms();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let original = request.extensions().get::<OriginalUri>().map(|uri| uri.0.clone());
    let original = original.unwrap_or_else(|| request.uri().clone());
    let guild = Route::guild(&sim, &path);
    let read = read(&sim, request, &method, &path).await;
    let shown = read.call.as_ref().map_or(Value::Null, Call::shown).to_string();
    let faults = sim.faults().strike(guild, method.as_str(), &path);
    let mut entry = Entry {
        at_ms,
        method: method.to_string(),
        path: original.path().to_owned(),
        query: original.query().map(str::to_owned),
        status: None,
        request: shown,
        answer: "null".into(),
        fault: (!faults.is_empty())
            .then(|| faults.iter().map(|f| f.kind.name()).collect::<Vec<_>>().join("+")),
    };
    for fault in faults.iter().filter(|f| f.kind == Kind::Latency) {
        sim.clock().sleep(Duration::from_millis(fault.ms.unwrap_or(0))).await;
    }
    if faults.iter().any(|f| f.kind == Kind::Hang) {
        sim.log().add(entry);
        return std::future::pending().await;
    }
    let answer = answer(&sim, read, next, &faults).await;
    let (parts, bytes) = collected(answer).await;
    sim.limits().count_invalid(parts.status, &parts.headers, sim.clock().now_ms());
    entry.status = Some(parts.status.as_u16());
    entry.answer = logged(&parts.headers, &bytes);
    sim.log().add(entry);
    if faults.iter().any(|f| f.kind == Kind::DropAnswer) {
        return cut();
    }
    let slow = faults.iter().find(|f| f.kind == Kind::Slow);
    let body = slow.map_or_else(|| Body::from(bytes.clone()), |fault| pieces(&sim, &bytes, fault));
    Response::from_parts(parts, body)
}

async fn read(sim: &Sim, mut request: Request, method: &Method, path: &str) -> Read {
    let body = std::mem::take(request.body_mut());
    let (token, content_type) = read_headers(sim, request.headers());
    let call = body::read(body, &content_type, token.clone()).await;
    Read { route: Route::of(method.as_str(), path), token, call, request }
}

/// The bot's token and the content type; the first request also tells under which origin we are reached.
fn read_headers(sim: &Sim, headers: &HeaderMap) -> (Option<String>, String) {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(host) = header(header::HOST) {
        let mut world = sim.world();
        if world.origin.is_empty() {
            world.origin = format!("http://{host}");
        }
    }
    let token =
        header(header::AUTHORIZATION).and_then(|v| v.strip_prefix("Bot ")).map(|t| t.trim().to_owned());
    (token.filter(|t| !t.is_empty()), header(header::CONTENT_TYPE).unwrap_or_default().to_owned())
}

async fn answer(sim: &Sim, read: Read, next: Next, faults: &[Fault]) -> Response {
    let now_ms = sim.clock().now_ms();
    if let Some(left) = sim.limits().banned(now_ms) {
        return banned(left);
    }
    if !named(read.request.headers()) {
        return ApiError::missing_user_agent().into_response();
    }
    if let Some(refusal) = faults.iter().find_map(ordered) {
        return refusal.into_response();
    }
    let known = read.token.as_deref().is_some_and(|token| !sim.gateway().is_revoked(token));
    if read.route.authority == Authority::Bot && !known {
        return ApiError::unauthorized().into_response();
    }
    let token = if read.route.authority == Authority::Bot { read.token.as_deref() } else { None };
    let headers = match sim.limits().take(&read.route, token, now_ms) {
        Ok(headers) => headers,
        Err(refusal) => return refusal.into_response(),
    };
    let mut request = read.request;
    let mut response = match read.call {
        Ok(call) => {
            request.extensions_mut().insert(call);
            rejected(next.run(request).await)
        }
        Err(error) => error.into_response(),
    };
    response.headers_mut().extend(headers);
    response
}

/// What axum refuses by itself (an id or a query that can't be read) in Discord's words.
fn rejected(response: Response) -> Response {
    let plain =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/plain"));
    if response.status() == StatusCode::BAD_REQUEST && plain {
        return Mistakes::one(&["path"], "NUMBER_TYPE_COERCE", "Value is not snowflake.").into_response();
    }
    response
}

/// Discord turns away clients without a name of the call that it asks for (docs, "User Agent"). Browsers and
/// libraries name themselves otherwise, so any name is taken, as Discord does in practice.
fn named(headers: &HeaderMap) -> bool {
    headers.get(header::USER_AGENT).is_some_and(|name| !name.as_bytes().trim_ascii().is_empty())
}

/// The answer that a fault orders in place of the handler's.
fn ordered(fault: &Fault) -> Option<ApiError> {
    match fault.kind {
        Kind::Status => {
            let status = fault.status.and_then(|s| StatusCode::from_u16(s).ok());
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let code = fault.error_code.unwrap_or(0);
            let mut error = ApiError::of_code(status, code);
            if let Some(seconds) = fault.retry_after {
                error.extra.insert("retry_after".into(), json!(seconds));
            }
            Some(error)
        }
        Kind::RateLimit => {
            let mut error = ratelimit::refusal(fault.retry_after.unwrap_or(1.0), fault.scope);
            if let Some(code) = fault.error_code {
                error.code = code;
                error.code_shown = true;
            }
            if fault.scope == Scope::User {
                error.headers.insert("x-ratelimit-remaining", 0.into());
            }
            Some(error)
        }
        _ => None,
    }
}

/// What Cloudflare answers to who sent too many invalid requests: no JSON, no `Via`.
fn banned(left_ms: i64) -> Response {
    let page = "<!DOCTYPE html><html><head><title>Access denied | discord.com used Cloudflare to restrict access\
                </title></head><body><h1>Error 1015</h1><p>You are being rate limited</p></body></html>";
    let left = (left_ms.unsigned_abs().div_ceil(1000)).to_string();
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=UTF-8".to_owned()), (header::RETRY_AFTER, left)];
    (StatusCode::TOO_MANY_REQUESTS, headers, page).into_response()
}

async fn collected(response: Response) -> (axum::http::response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    // Handlers' bodies are whole in memory, so reading them can't fail.
    (parts, body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default())
}

/// An answer as JSON text: itself, or a string of it if it is something else.
fn logged(headers: &HeaderMap, bytes: &Bytes) -> String {
    let json = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let text = String::from_utf8_lossy(bytes);
    match bytes.is_empty() {
        true => Value::Null.to_string(),
        false if json => text.into_owned(),
        false => json!(text).to_string(),
    }
}

/// An answer whose body fails at once: the connection is cut before anything of it is sent.
fn cut() -> Response {
    let error = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "cut by a drop_answer fault");
    Response::new(Body::from_stream(stream::once(async { Err::<Bytes, _>(error) })))
}

/// The body in pieces over the fault's time.
fn pieces(sim: &Sim, bytes: &Bytes, fault: &Fault) -> Body {
    let pause = Duration::from_millis(fault.ms.unwrap_or(1000) / SLOW_PIECES as u64);
    let size = bytes.len().div_ceil(SLOW_PIECES).max(1);
    let parts: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    let clock = sim.clock().clone();
    Body::from_stream(stream::iter(parts).then(move |part| {
        let clock = clock.clone();
        async move {
            clock.sleep(pause).await;
            Ok::<_, Infallible>(part)
        }
    }))
}
