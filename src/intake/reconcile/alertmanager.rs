//! What fires by Alertmanager's API, held against what is known. Alertmanager forgets its alerts when it ends, and
//! Prometheus tells them anew; until then, what it leaves out may go on.

use std::time::Duration;

use serde_json::Value;

use super::{
    Desk, Pull, PullError, Seen,
    alerts::{self, Answer, LeftOut, Reader},
};
use crate::{
    backends::{Client, alerts::Alerts},
    event::Source,
    intake::alertmanager,
};

/// How long after its start Alertmanager may not have heard of all alerts: its default `resolve_timeout`, in which
/// Prometheus, which tells them anew each minute, has told all.
const FORGETFUL: Duration = Duration::from_mins(5);

const READER: Reader = Reader {
    source: Source::Alertmanager,
    read: alertmanager::read,
    arrival_of: alertmanager::arrival_of,
    arrival_since: alertmanager::arrival_since,
};

/// Alertmanager, asked.
pub(super) struct Pulled {
    api: Alerts,
    seen: Seen,
}

impl Pulled {
    pub(super) fn new(client: Client) -> Self {
        Self { api: Alerts::of_alertmanager(client), seen: Seen::default() }
    }
}

impl Pull for Pulled {
    const NAME: &'static str = "alertmanager";

    async fn pull(&mut self, desk: &Desk) -> Result<(), PullError> {
        let status = self.api.status().await?;
        let asked = desk.clock.now();
        let entries = self.api.all().await?;
        // What goes to mail or to nobody is not Vigie's.
        let told_here = |entry: &&Value| {
            let receivers = entry["receivers"].as_array();
            let mut names = receivers.into_iter().flatten().filter_map(|receiver| receiver["name"].as_str());
            status.webhooks.is_empty() || names.any(|name| status.webhooks.contains(name))
        };
        let (here, elsewhere): (Vec<_>, Vec<_>) = entries.iter().partition(told_here);
        let started = status.since > asked - FORGETFUL;
        let answer = Answer {
            asked,
            alerts: alerts::found(Source::Alertmanager, here),
            elsewhere: alerts::found(Source::Alertmanager, elsewhere),
            left_out: if started { LeftOut::Unknown } else { LeftOut::Ended },
        };
        alerts::take(desk, READER, answer, &mut self.seen).await
    }
}
