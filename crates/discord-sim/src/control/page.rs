//! The page's files, which are part of the program.

use axum::{
    Router,
    http::header,
    response::{IntoResponse, Redirect},
    routing::get,
};

use crate::Sim;

pub(super) fn routes() -> Router<Sim> {
    Router::new()
        .route("/_sim", get(async || Redirect::permanent("/_sim/")))
        .route("/_sim/", get(async || file("text/html; charset=utf-8", include_str!("../page/index.html"))))
        .route("/_sim/style.css", get(async || file("text/css", include_str!("../page/style.css"))))
        .route("/_sim/app.js", get(async || file("text/javascript", include_str!("../page/app.js"))))
}

fn file(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], text)
}
