//! The REST API. Invariants: every request passes [`pipeline`] in one order (ban, client's name, body, faults,
//! token, limits, handler) and is logged once; a request is carried out under one lock or not at all.

pub(crate) mod attachments;
pub(crate) mod body;
pub(crate) mod channels;
pub(crate) mod commands;
pub(crate) mod discovery;
pub(crate) mod guilds;
pub(crate) mod messages;
pub(crate) mod overwrites;
mod pipeline;
pub(crate) mod query;
pub(crate) mod route;
pub(crate) mod threads;
pub(crate) mod users;
pub(crate) mod webhooks;

use axum::{Router, extract::DefaultBodyLimit, middleware};

use crate::{Sim, error::ApiError, interactions};

/// `/api/v10`, `/api/webhooks` and `/attachments`.
pub(crate) fn router(sim: &Sim) -> Router<Sim> {
    let dressed = |router: Router<Sim>| {
        router
            .fallback(async || ApiError::not_found())
            .method_not_allowed_fallback(async || ApiError::method_not_allowed())
            .layer(middleware::from_fn_with_state(sim.clone(), pipeline::run))
            .layer(DefaultBodyLimit::disable())
    };
    let hooks = || webhooks::token_routes().merge(interactions::rest_routes());
    let versioned = hooks()
        .merge(discovery::routes())
        .merge(webhooks::bot_routes())
        .merge(users::routes())
        .merge(guilds::routes())
        .merge(channels::routes())
        .merge(overwrites::routes())
        .merge(messages::routes())
        .merge(threads::routes())
        .merge(commands::routes());
    Router::new()
        .nest("/api/v10", dressed(versioned))
        .nest("/api", dressed(hooks()))
        .merge(attachments::routes())
}
