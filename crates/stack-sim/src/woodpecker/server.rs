//! The routes. Invariant: each refuses as the real one does: 401 without the token, 404 for what is not there, 400 for
//! a time that is none; the stream alone begins whatever the token, and tells then of nothing private.

use std::{
    collections::{BTreeSet, HashMap},
    io,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::stream;
use serde_json::Value;
use tokio::{net::TcpListener, sync::mpsc, time};
use tokio_util::sync::CancellationToken;

use super::{Said, Stream, Woodpecker, World, wire, wire::Workflows};

/// How many entries a page has (`server/router/middleware/session/pagination.go`).
const PAGE: usize = 50;

impl Woodpecker {
    /// Serves on `listener` until `stop` is cancelled, and breaks all streams then. It may be served again.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
        let router = self.router();
        let ended = async move {
            stop.cancelled().await;
            self.break_streams();
        };
        axum::serve(listener, router).with_graceful_shutdown(ended).await
    }

    fn router(&self) -> Router {
        let api = Router::new()
            .route("/user/repos", get(repositories))
            .route("/repos/{id}/pipelines", get(pipelines))
            .route("/repos/{id}/pipelines/{number}", get(pipeline))
            .route("/repos/{id}/logs/{number}/{step}", get(log))
            .layer(middleware::from_fn_with_state(self.clone(), authorize))
            .route("/stream/events", get(events));
        Router::new()
            .nest("/api", api)
            .layer(middleware::from_fn_with_state(self.clone(), record))
            .with_state(self.clone())
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let bearer = format!("Bearer {}", self.0.options.token);
        headers.get(header::AUTHORIZATION).is_some_and(|value| value == bearer.as_str())
    }
}

async fn record(State(woodpecker): State<Woodpecker>, request: Request, next: Next) -> Response {
    woodpecker.world().requests.push(format!("{} {}", request.method(), request.uri()));
    next.run(request).await
}

async fn authorize(State(woodpecker): State<Woodpecker>, request: Request, next: Next) -> Response {
    if woodpecker.knows(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::UNAUTHORIZED, "User not authorized").into_response()
}

async fn repositories(State(woodpecker): State<Woodpecker>) -> Json<Value> {
    let dialect = woodpecker.0.options.dialect;
    let world = woodpecker.world();
    Json(world.repositories.iter().map(|(id, one)| wire::repository(dialect, *id, one)).collect())
}

async fn pipelines(
    State(woodpecker): State<Woodpecker>,
    Path(id): Path<i64>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    let after = match query.get("after") {
        None => 0,
        Some(text) => seconds(text).ok_or(StatusCode::BAD_REQUEST)?,
    };
    let number = |name: &str| query.get(name).and_then(|text| text.parse().ok()).filter(|number| *number > 0);
    let (page, size) =
        (number("page").unwrap_or(1), number("perPage").filter(|size| *size <= PAGE).unwrap_or(PAGE));
    let dialect = woodpecker.0.options.dialect;
    let world = woodpecker.world();
    let repository = world.repositories.get(&id).ok_or(StatusCode::NOT_FOUND)?;
    let newest_first = repository.pipelines.iter().rev().filter(|(_, one)| after == 0 || one.created > after);
    let shown = newest_first.skip((page - 1) * size).take(size);
    Ok(Json(shown.map(|(number, one)| wire::pipeline(dialect, *number, one, Workflows::LeftOut)).collect()))
}

/// The Unix time of an RFC 3339 one.
fn seconds(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

async fn pipeline(
    State(woodpecker): State<Woodpecker>,
    Path((id, number)): Path<(i64, u64)>,
) -> Result<Json<Value>, StatusCode> {
    let world = woodpecker.world();
    let one = find(&world, id, number)?;
    Ok(Json(wire::pipeline(woodpecker.0.options.dialect, number, one, Workflows::Told)))
}

async fn log(
    State(woodpecker): State<Woodpecker>,
    Path((id, number, step)): Path<(i64, u64, i64)>,
) -> Result<Json<Value>, StatusCode> {
    let world = woodpecker.world();
    let steps = &find(&world, id, number)?.steps;
    let step = steps.iter().find(|one| one.id == step).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(wire::log(step)))
}

fn find(world: &World, id: i64, number: u64) -> Result<&super::Pipeline, StatusCode> {
    let pipeline = world.repositories.get(&id).and_then(|one| one.pipelines.get(&number));
    pipeline.ok_or(StatusCode::NOT_FOUND)
}

async fn events(State(woodpecker): State<Woodpecker>, headers: HeaderMap) -> Response {
    let (out, said) = mpsc::unbounded_channel();
    let known = woodpecker.knows(&headers);
    {
        let mut world = woodpecker.world();
        let topics: BTreeSet<i64> = world.repositories.keys().copied().filter(|_| known).collect();
        world.streams.push(Stream { out, topics });
    }
    let mut ping = time::interval(woodpecker.0.options.ping);
    ping.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    let lines = stream::unfold((woodpecker, said, ping), |(woodpecker, mut said, mut ping)| async move {
        let line = loop {
            tokio::select! {
                said = said.recv() => match said? {
                    Said::Event(event) => break Ok(Bytes::from(event)),
                    Said::Break => break Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                },
                _ = ping.tick() => if !woodpecker.world().muted {
                    break Ok(Bytes::from_static(b": ping\n\n"));
                },
            }
        };
        Some((line, (woodpecker, said, ping)))
    });
    let kind = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (kind, Body::from_stream(lines)).into_response()
}
