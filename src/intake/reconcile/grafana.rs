//! What fires by Grafana's API, which is Alertmanager's. Grafana does not say since when it runs, and forgets what
//! fires until it has looked again: after it could not be asked, what it leaves out may go on for a while.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Desk, Pull, PullError, Seen,
    alerts::{self, Answer, LeftOut, Reader},
};
use crate::{
    backends::{Client, alerts::Alerts},
    event::Source,
    intake::grafana,
};

/// How long after it could not be asked Grafana may not have looked at all rules: several of its usual intervals.
const FORGETFUL: Duration = Duration::from_mins(5);

const READER: Reader = Reader {
    source: Source::Grafana,
    read: grafana::read,
    arrival_of: grafana::arrival_of,
    arrival_since: grafana::arrival_since,
};

/// Grafana, asked.
pub(super) struct Pulled {
    api: Alerts,
    seen: Seen,
    /// When it could last not be asked.
    silent: Option<Timestamp>,
}

impl Pulled {
    pub(super) fn new(client: Client) -> Self {
        Self { api: Alerts::of_grafana(client), seen: Seen::default(), silent: None }
    }
}

impl Pull for Pulled {
    const NAME: &'static str = "grafana";

    async fn pull(&mut self, desk: &Desk) -> Result<(), PullError> {
        let asked = desk.clock.now();
        let entries = self.api.all().await.inspect_err(|_| self.silent = Some(asked))?;
        let started = self.silent.is_some_and(|silent| silent > asked - FORGETFUL);
        let left_out = if started { LeftOut::Unknown } else { LeftOut::Ended };
        let answer = Answer {
            asked,
            alerts: alerts::found(Source::Grafana, &entries),
            elsewhere: Vec::new(),
            left_out,
        };
        alerts::take(desk, READER, answer, &mut self.seen).await
    }
}
