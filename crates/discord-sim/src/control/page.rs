//! The page's files, which are part of the program.

use axum::{
    Router,
    http::header,
    response::{IntoResponse, Redirect},
    routing::get,
};

use crate::Sim;

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// `/_sim/` and what it loads.
pub(super) fn routes() -> Router<Sim> {
    let files = [
        ("", "text/html; charset=utf-8", include_str!("../page/index.html")),
        ("style.css", "text/css; charset=utf-8", include_str!("../page/style.css")),
        ("app.js", SCRIPT, include_str!("../page/app.js")),
        ("composer.js", SCRIPT, include_str!("../page/composer.js")),
        ("markdown.js", SCRIPT, include_str!("../page/markdown.js")),
        ("message.js", SCRIPT, include_str!("../page/message.js")),
    ];
    let redirect = Router::new().route("/_sim", get(async || Redirect::permanent("/_sim/")));
    files.into_iter().fold(redirect, |routes, (name, content_type, text)| {
        routes.route(&format!("/_sim/{name}"), get(async move || file(content_type, text)))
    })
}

fn file(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], text)
}
