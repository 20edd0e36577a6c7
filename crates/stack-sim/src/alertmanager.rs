//! An Alertmanager (0.25) that knows silences and what it was told to fire (`api/v2/openapi.yaml`).
//! Invariants: it refuses what the real one refuses; its faults are ordered, so nothing is left to chance.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::hooks::Alert;
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// What goes wrong with requests that change something, until it is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// They are refused with a 400.
    Refuse,
    /// They are done and never answered.
    Silent,
}

/// A running Alertmanager. It ends when it is dropped.
#[derive(Debug)]
pub struct Alertmanager {
    /// Where it listens.
    pub address: SocketAddr,
    known: Known,
    serving: JoinHandle<()>,
}

type Known = Arc<Mutex<Knowledge>>;

#[derive(Debug, Default)]
struct Knowledge {
    silences: Vec<Value>,
    alerts: Vec<Value>,
    fault: Option<Fault>,
}

impl Alertmanager {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// If there is none.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let known = Known::default();
        let status = json!({ "uptime": now(), "config": { "original": "" } });
        let router = Router::new()
            .route("/api/v2/status", get(async || Json(status)))
            .route("/api/v2/alerts", get(alerts))
            .route("/api/v2/silences", get(list).post(create))
            .route("/api/v2/silence/{id}", get(show).delete(expire))
            .with_state(known.clone());
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the simulated Alertmanager ended: {error}");
            }
        });
        Ok(Self { address, known, serving })
    }

    /// The silences that it knows, with their state.
    pub fn silences(&self) -> Vec<Value> {
        lock(&self.known).silences.iter().map(seen).collect()
    }

    /// What fires now, as its webhooks tell too.
    pub fn fire<'a>(&self, alerts: impl IntoIterator<Item = &'a Alert>) {
        lock(&self.known).alerts = alerts.into_iter().map(Alert::in_api).collect();
    }

    /// Orders a fault, or takes it away.
    pub fn fault(&self, fault: Option<Fault>) {
        lock(&self.known).fault = fault;
    }
}

async fn alerts(State(known): State<Known>) -> Json<Vec<Value>> {
    Json(lock(&known).alerts.clone())
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock(known: &Known) -> MutexGuard<'_, Knowledge> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A silence with its state, as it is now.
fn seen(silence: &Value) -> Value {
    let mut silence = silence.clone();
    let state = if is_over(&silence) { "expired" } else { "active" };
    silence["status"] = json!({ "state": state });
    silence
}

fn is_over(silence: &Value) -> bool {
    time(silence, "endsAt").is_none_or(|end| end <= now())
}

fn time(silence: &Value, key: &str) -> Option<Timestamp> {
    silence[key].as_str()?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "a program of its own, which has the machine's time")]
fn now() -> Timestamp {
    Timestamp::now()
}

async fn list(State(known): State<Known>, Query(query): Query<Vec<(String, String)>>) -> Json<Value> {
    let matches = |silence: &Value| {
        query.iter().filter(|(key, _)| key == "filter").all(|(_, filter)| {
            let Some((name, value)) = filter.split_once('=') else { return false };
            let value: String = serde_json::from_str(value).unwrap_or_default();
            let matchers = silence["matchers"].as_array().into_iter().flatten();
            matchers.into_iter().any(|one| one["name"] == name && one["value"] == value)
        })
    };
    let silences: Vec<Value> = lock(&known).silences.iter().filter(|one| matches(one)).map(seen).collect();
    Json(silences.into())
}

async fn create(State(known): State<Known>, Json(mut body): Json<Value>) -> Response {
    let fault = lock(&known).fault;
    let refusal = refusal(&body).or((fault == Some(Fault::Refuse)).then_some("as the test wants it"));
    if let Some(refusal) = refusal {
        return (StatusCode::BAD_REQUEST, Json(json!(refusal))).into_response();
    }
    let id = {
        let mut known = lock(&known);
        let id = format!("00000000-0000-4000-8000-{:012}", known.silences.len() + 1);
        body["id"] = json!(id);
        known.silences.push(body);
        id
    };
    answer(fault, Json(json!({ "silenceID": id })).into_response()).await
}

/// Why a silence is none (Alertmanager, `silence/silence.go`, `validateSilence`).
fn refusal(body: &Value) -> Option<&'static str> {
    let matchers = body["matchers"].as_array().filter(|matchers| !matchers.is_empty());
    let named = |one: &Value| one["name"].as_str().is_some_and(|name| !name.is_empty());
    let valued = |one: &Value| one["value"].as_str().is_some_and(|value| !value.is_empty());
    match (matchers, time(body, "startsAt"), time(body, "endsAt")) {
        (None, ..) => Some("at least one matcher required"),
        (Some(matchers), ..) if !matchers.iter().all(named) => Some("invalid label matcher"),
        (Some(matchers), ..) if !matchers.iter().any(valued) => {
            Some("at least one matcher must not match the empty string")
        }
        (_, Some(start), Some(end)) if end <= start => Some("end time must not be before start time"),
        (_, Some(_), Some(end)) if end <= now() => Some("end time can't be in the past"),
        (_, Some(_), Some(_)) => None,
        _ => Some("startsAt and endsAt are required"),
    }
}

async fn show(State(known): State<Known>, Path(id): Path<String>) -> Response {
    match lock(&known).silences.iter().find(|one| one["id"] == id) {
        Some(silence) => Json(seen(silence)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn expire(State(known): State<Known>, Path(id): Path<String>) -> Response {
    let fault = lock(&known).fault;
    if fault == Some(Fault::Refuse) {
        return (StatusCode::BAD_REQUEST, Json(json!("as the test wants it"))).into_response();
    }
    match lock(&known).silences.iter_mut().find(|one| one["id"] == id) {
        None => return StatusCode::NOT_FOUND.into_response(),
        Some(silence) if is_over(silence) => {
            let text = format!("silence {id} already expired");
            return (StatusCode::INTERNAL_SERVER_ERROR, Json(json!(text))).into_response();
        }
        Some(silence) => silence["endsAt"] = json!(now()),
    }
    answer(fault, StatusCode::OK.into_response()).await
}

async fn answer(fault: Option<Fault>, answer: Response) -> Response {
    if fault == Some(Fault::Silent) { std::future::pending().await } else { answer }
}
