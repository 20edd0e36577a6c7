//! Where the gateway is: `GET /gateway` and `GET /gateway/bot`.

use axum::{Json, Router, extract::State, http::HeaderMap, routing::get};
use serde_json::{Value, json};

use super::body::Call;
use crate::Sim;

pub(super) fn routes() -> Router<Sim> {
    Router::new().route("/gateway", get(gateway)).route("/gateway/bot", get(gateway_bot))
}

/// The address under which the client reached us, so that it is right behind any port mapping. It has no
/// query: serenity appends its own.
fn url(headers: &HeaderMap) -> String {
    let host = headers.get("host").and_then(|h| h.to_str().ok()).unwrap_or("127.0.0.1");
    format!("ws://{host}/gateway")
}

async fn gateway(headers: HeaderMap) -> Json<Value> {
    Json(json!({"url": url(&headers)}))
}

async fn gateway_bot(State(sim): State<Sim>, headers: HeaderMap, call: Call) -> Json<Value> {
    let token = call.token.unwrap_or_default();
    let limit = sim.gateway().session_start_limit(&token, sim.clock().now_ms());
    Json(json!({"url": url(&headers), "shards": 1, "session_start_limit": limit}))
}
