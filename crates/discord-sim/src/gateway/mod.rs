//! The gateway, v10, JSON (docs, "Gateway"). Invariants: a session's events leave in order, numbered without a gap,
//! and survive a lost connection; a connection never holds a lock while it waits for its peer.

mod budget;
mod compression;
mod connection;
mod hub;
mod intents;
mod payload;
mod ready;
mod session;

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

pub(crate) use self::hub::Hub;
use self::{compression::Packing, connection::Connection, payload::Close};
use crate::{Sim, faults::Kind};

/// What is read of a client's frame before the connection is given up; payloads above 4096 bytes get 4002.
const MAX_FRAME: usize = 64 * 1024;

/// The query of the gateway's address (docs, "Gateway: Connecting").
#[derive(Debug, Deserialize)]
struct Parameters {
    /// Absent means the only version that is spoken here.
    v: Option<String>,
    encoding: Option<String>,
    compress: Option<String>,
}

impl Parameters {
    /// The packing that is asked for, or the close code for what isn't spoken here.
    fn packing(&self) -> Result<Packing, Close> {
        if self.v.as_deref().is_some_and(|version| version != "10") {
            return Err(Close::InvalidVersion);
        }
        if self.encoding.as_deref().is_some_and(|encoding| encoding != "json") {
            return Err(Close::Decode);
        }
        match self.compress.as_deref() {
            None | Some("") => Ok(Packing::Plain),
            Some("zlib-stream") => Ok(Packing::transport()),
            Some(_) => Err(Close::Decode),
        }
    }
}

/// `GET /gateway` (the web socket).
pub(crate) fn routes() -> Router<Sim> {
    Router::new().route("/gateway", get(open)).route("/gateway/", get(open))
}

/// Takes the connection over as a web socket.
async fn open(
    State(sim): State<Sim>,
    Query(parameters): Query<Parameters>,
    mut request: Request,
) -> Response {
    for fault in sim.faults().strike_handshake() {
        match fault.kind {
            Kind::Latency => sim.clock().sleep(Duration::from_millis(fault.ms.unwrap_or(0))).await,
            Kind::Hang => return std::future::pending().await,
            Kind::Status => {
                let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok());
                return status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response();
            }
            _ => {}
        }
    }
    let headers = request.headers();
    let asked = |name, value: &str| text(headers, name).to_ascii_lowercase().contains(value);
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let (Some(accept), true, true) =
        (key, asked(header::UPGRADE, "websocket"), asked(header::CONNECTION, "upgrade"))
    else {
        return (
            StatusCode::UPGRADE_REQUIRED,
            [(header::UPGRADE, "websocket")],
            "expected a web socket handshake",
        )
            .into_response();
    };
    let address = format!("ws://{}/gateway", text(headers, header::HOST));
    let Some(upgrade) = request.extensions_mut().remove::<OnUpgrade>() else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the server has no upgrades").into_response();
    };
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => {
                let limits = WebSocketConfig {
                    max_message_size: Some(MAX_FRAME),
                    max_frame_size: Some(MAX_FRAME),
                    ..WebSocketConfig::default()
                };
                let io = TokioIo::new(upgraded);
                let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(limits)).await;
                match parameters.packing() {
                    Ok(packing) => Connection::new(sim, socket, packing, address).serve().await,
                    Err(close) => Connection::new(sim, socket, Packing::Plain, address).refuse(close).await,
                }
            }
            Err(error) => tracing::warn!(%error, "a gateway connection was lost in its handshake"),
        }
    });
    let accepted = [(header::SEC_WEBSOCKET_ACCEPT, accept.as_str()), (header::UPGRADE, "websocket")];
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, accepted, Body::empty()).into_response();
    response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("Upgrade"));
    response
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
