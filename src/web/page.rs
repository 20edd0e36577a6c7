//! The page of Vigie's state, for people. Invariants: it changes nothing, needs no script and loads
//! nothing from elsewhere; what it says of a part is what that part said of itself.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hyper::header;
use maud::{DOCTYPE, Markup, html};

use super::{
    Site,
    state::{Local, NO_STORE},
};
use crate::{
    event::{Severity, Source},
    health::Condition,
    language::Language,
    reason::Reason,
    span::span,
    telemetry::{IncidentLabels, Metrics, StateLabel},
};

/// What a browser may load for the page (CSP level 3): its style, nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /style.css`.
pub async fn style(_: Local) -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css")).into_response()
}

/// `GET /`.
pub async fn show(_: Local, State(site): State<Site>) -> Response {
    super::state::measure(&site).await;
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, NO_STORE, page(&site).into_string()).into_response()
}

fn page(site: &Site) -> Markup {
    let parts = site.health.snapshot();
    let well = parts.values().all(Condition::is_well);
    let ready = parts.values().all(Condition::is_ready);
    let now = site.clock.now();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Vigie: " (if well { "all is well" } else { "needs a look" }) }
                link rel="stylesheet" href="/style.css";
            }
            body {
                main {
                    h1 { "Vigie" }
                    p.summary {
                        @if well { "All parts work." } @else if ready { "All parts work, but not all is well." } @else { "Not every part works." }
                        " Version " (env!("CARGO_PKG_VERSION")) ", up for " (span(now.duration_since(site.started).unsigned_abs(), Language::En))
                        ", as of " time datetime=(now) { (now.strftime("%Y-%m-%d %H:%M:%S UTC")) } "."
                    }
                    table {
                        caption { "Parts" }
                        thead { tr { th scope="col" { "Part" } th scope="col" { "State" } th scope="col" { "Why, and what to do" } } }
                        tbody {
                            @for (part, condition) in &parts {
                                tr class=(state(condition)) {
                                    th scope="row" { (part.as_str()) }
                                    td { (state(condition)) }
                                    td { (condition.reason().map_or_else(|| "–".into(), Reason::to_string)) }
                                }
                            }
                        }
                    }
                    table {
                        caption { "Counts" }
                        tbody {
                            @for (name, value) in counts(&site.metrics) {
                                tr { th scope="row" { (name) } td.figure { (value) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn state(condition: &Condition) -> &'static str {
    match condition {
        Condition::Ok => "ok",
        Condition::Unconfigured(_) => "unconfigured",
        Condition::Warning(_) => "warning",
        Condition::Waiting(_) => "waiting",
        Condition::Failed(_) => "failed",
    }
}

fn counts(metrics: &Metrics) -> Vec<(String, String)> {
    let outbox = |state| metrics.outbox_messages.get_or_create(&StateLabel { state }).get();
    let open = |severity: Severity| -> i64 {
        let labels =
            Source::ALL.map(|source| IncidentLabels { source: source.as_str(), severity: severity.as_str() });
        labels.iter().map(|labels| metrics.incidents_open.get_or_create(labels).get()).sum()
    };
    let megabytes = |bytes: i64| format!("{} MB", bytes / 1_000_000);
    let mut counts = vec![
        ("Events that no message shows yet".to_owned(), metrics.inbox_pending.get().to_string()),
        ("Events that could not be used".to_owned(), metrics.inbox_failed.get().to_string()),
    ];
    counts.extend(
        [
            ("Messages waiting to be sent", "pending"),
            ("Messages shown", "sent"),
            ("Messages held back, because their channel is broken", "parked"),
            ("Messages given up", "dropped"),
        ]
        .map(|(name, state)| (name.to_owned(), outbox(state).to_string())),
    );
    counts.extend(
        [Severity::Critical, Severity::Warning, Severity::Info]
            .map(|severity| (format!("Open incidents: {}", severity.as_str()), open(severity).to_string())),
    );
    counts.push(("Size of the store".to_owned(), megabytes(metrics.store_bytes.get())));
    counts.push(("Room left on its disk".to_owned(), megabytes(metrics.disk_free_bytes.get())));
    counts
}
