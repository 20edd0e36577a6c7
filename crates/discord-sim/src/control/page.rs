//! The page's files, which are part of the program.

use axum::{
    Router,
    http::header,
    response::{IntoResponse, Redirect},
    routing::get,
};

use crate::Sim;

const SCRIPT: &str = "text/javascript";

pub(super) fn routes() -> Router<Sim> {
    Router::new()
        .route("/_sim", get(async || Redirect::permanent("/_sim/")))
        .route("/_sim/", get(async || file("text/html; charset=utf-8", include_str!("../page/index.html"))))
        .route("/_sim/style.css", get(async || file("text/css", include_str!("../page/style.css"))))
        .route("/_sim/app.js", get(async || file(SCRIPT, include_str!("../page/app.js"))))
        .route("/_sim/composer.js", get(async || file(SCRIPT, include_str!("../page/composer.js"))))
        .route("/_sim/markdown.js", get(async || file(SCRIPT, include_str!("../page/markdown.js"))))
        .route("/_sim/message.js", get(async || file(SCRIPT, include_str!("../page/message.js"))))
}

fn file(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], text)
}
