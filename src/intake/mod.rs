//! Where events come in: a webhook is read whole, proven, understood and stored, in this order.

mod alert;
pub mod alertmanager;
#[cfg(test)]
pub(crate) mod bodies;
pub mod body;
mod bounds;
pub mod client;
pub mod deploy;
pub mod endpoint;
mod fields;
pub mod generic;
pub mod gitea;
pub mod grafana;
pub mod hooks;
pub mod json;
pub mod kuma;
pub mod own;
pub mod proof;
pub mod reconcile;
pub mod signature;
pub mod systemd;
pub mod tally;
pub mod woodpecker;

use crate::event::{Event, Source};

/// Reads a stored body again; the error says what was expected and what came.
pub fn read(source: Source, kind: &str, body: &[u8]) -> Result<Event, String> {
    match source {
        Source::Alertmanager => alertmanager::read(body),
        Source::Grafana => grafana::read(body),
        Source::Gitea => gitea::read(kind, body).map_err(|error| error.to_string()),
        Source::Kuma => kuma::read(body),
        Source::Deploy => deploy::read(body),
        Source::Generic => generic::read(kind, body),
        Source::Woodpecker => woodpecker::read(body),
        Source::Vigie => own::read(kind, body),
        Source::Systemd => systemd::read(body),
    }
}
