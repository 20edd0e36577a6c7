//! Uploaded files, to be fetched back: `GET /attachments/{channel}/{id}/{name}`.

use axum::{
    Router,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{Id, Sim, error::ApiError};

pub(super) fn routes() -> Router<Sim> {
    Router::new().route("/attachments/{channel}/{id}/{name}", get(fetch))
}

async fn fetch(State(sim): State<Sim>, Path((channel, id, name)): Path<(Id, Id, String)>) -> Response {
    let file = sim.world().files.get(&id).filter(|f| f.channel == channel && f.name == name).cloned();
    match file {
        Some(file) => ([(header::CONTENT_TYPE, file.content_type)], file.bytes).into_response(),
        None => ApiError::not_found().into_response(),
    }
}
