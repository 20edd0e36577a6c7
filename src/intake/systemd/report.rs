//! What one state of a unit is to Vigie. Invariants: its size is bounded; it reads back as it was written, for ever:
//! a field is only ever added, and with a default; its key begins with its state, by which later ones are judged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::{
    backends::systemd as wire,
    event::{Event, Severity, Source, Told},
    intake::bounds,
    store::{Arrival, StoreError, inbox},
    subject::{Exit, Subject, Unit, UnitState},
};

const KIND: &str = "unit";

/// One state of a unit: the body that the store keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    unit: Unit,
    /// The watched service that it is the unit of.
    service: Option<String>,
    /// Since when it is so, by systemd, in microseconds since the Unix epoch.
    since_us: u64,
    /// The same, if it can be believed.
    at: Option<Timestamp>,
}

/// Whether the unit has failed for good. What is started again passes through a state of its own since 254.
pub(super) fn has_failed(unit: &wire::Unit) -> bool {
    unit.active == "failed" && unit.sub != "failed-before-auto-restart"
}

/// Whether a unit that had failed is well again, or no longer counts as failed.
pub(super) fn has_recovered(unit: &wire::Unit) -> bool {
    matches!(&*unit.active, "active" | "reloading" | "refreshing" | "inactive")
}

/// The units whose newest report says that they have failed.
pub(super) fn failed(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let newest = inbox::newest_of_each(conn, Source::Systemd)?;
    let failed = newest.iter().filter(|stored| tells_of_failure(&stored.source_key));
    Ok(failed.filter_map(|stored| stored.object.strip_prefix("unit ").map(str::to_owned)).collect())
}

fn tells_of_failure(key: &str) -> bool {
    key.starts_with("failed ")
}

impl Report {
    /// The report that the unit is as `state` says; `service` is the service that it is the unit of.
    pub(super) fn new(unit: wire::Unit, state: UnitState, service: Option<&String>) -> Self {
        let failed = state == UnitState::Failed;
        // Of waitid(2): CLD_EXITED, CLD_KILLED, CLD_DUMPED.
        let exit = match unit.exit_code {
            1 => Some(Exit::Code(unit.exit_status)),
            2 | 3 => Some(Exit::Signal(unit.exit_status)),
            _ => None,
        };
        let micros = i64::try_from(unit.since_us).ok().filter(|micros| *micros > 0);
        Self {
            service: service.cloned(),
            since_us: unit.since_us,
            at: micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
            unit: Unit {
                active: bounds::name(format!("{} ({})", unit.active, unit.sub)),
                name: unit.name,
                description: bounds::line(unit.description),
                state,
                result: if failed { bounds::name(unit.result) } else { String::new() },
                exit: exit.filter(|_| failed),
                invocation: Some(unit.invocation).filter(|id| failed && id.chars().any(|c| c != '0')),
            },
        }
    }

    fn object(&self) -> String {
        format!("unit {}", self.unit.name)
    }

    fn source_key(&self) -> String {
        let state = match self.unit.state {
            UnitState::Failed => "failed",
            UnitState::Recovered => "recovered",
        };
        let invocation = self.unit.invocation.as_deref().unwrap_or("none");
        bounds::bounded(format!("{state} {} {invocation} {}", self.since_us, self.unit.name))
    }

    /// What is to be stored of it, if it is news: a failure that is not the newest known, or the end of one.
    pub(super) fn news(mut self, told: Told, conn: &Connection) -> Result<Option<Arrival>, StoreError> {
        let known = inbox::newest(conn, Source::Systemd, &self.object())?;
        let news = match self.unit.state {
            UnitState::Failed => known.as_ref().is_none_or(|known| known.source_key != self.source_key()),
            UnitState::Recovered => known.as_ref().is_some_and(|known| tells_of_failure(&known.source_key)),
        };
        if let Some(known) = known.filter(|_| news) {
            // A machine without a battery starts in the past, and what is older than what is known shows nowhere.
            self.at = self.at.filter(|at| at.as_millisecond() >= known.received_ms);
            let before: Option<Self> = known.body.and_then(|body| serde_json::from_slice(&body).ok());
            if self.unit.state == UnitState::Recovered
                && let Some(before) = before
            {
                // It ends what it began, whatever the configuration calls it now.
                self.service = before.service;
            }
        }
        Ok(news.then(|| self.arrival(told)))
    }

    fn arrival(&self, told: Told) -> Arrival {
        Arrival {
            source: Source::Systemd,
            told,
            delivery: None,
            kind: KIND.to_owned(),
            source_key: self.source_key(),
            object: self.object(),
            // Texts and numbers always make JSON.
            body: serde_json::to_vec(self).unwrap_or_default(),
        }
    }
}

/// Reads a stored report.
pub(super) fn read(body: &[u8]) -> Result<Event, String> {
    let report: Report = serde_json::from_slice(body)
        .map_err(|error| format!("expected a report of a unit as Vigie stores it: {error}"))?;
    let (object, source_key) = (report.object(), report.source_key());
    let severity = match report.unit.state {
        UnitState::Failed => Severity::Warning,
        UnitState::Recovered => Severity::Info,
    };
    Ok(Event {
        source: Source::Systemd,
        told: Told::AtOnce,
        kind: KIND.to_owned(),
        source_key,
        incident: Some(object.clone()),
        object,
        repository: None,
        repository_url: None,
        service: report.service,
        severity,
        labels: BTreeMap::from([("unit".to_owned(), report.unit.name.clone())]),
        actor: None,
        at: report.at,
        subject: Subject::Unit(report.unit),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        clock::Clock,
        health::Health,
        store::{Acceptance, Settings, Store},
        telemetry::Metrics,
    };

    const START: Timestamp = Timestamp::constant(1_795_000_000, 0);

    fn unit(active: &str, sub: &str, since: Timestamp) -> wire::Unit {
        wire::Unit {
            path: String::new(),
            name: "blog.service".into(),
            names: vec!["blog.service".into()],
            description: "The harbor's blog".into(),
            active: active.into(),
            sub: sub.into(),
            since_us: since.as_microsecond().unsigned_abs(),
            invocation: "0b".repeat(16),
            result: "signal".into(),
            exit_code: 2,
            exit_status: 9,
            restart: "no".into(),
        }
    }

    fn failed_at(since: Timestamp) -> Report {
        Report::new(unit("failed", "failed", since), UnitState::Failed, Some(&"blog".into()))
    }

    fn recovered_at(since: Timestamp) -> Report {
        Report::new(unit("active", "running", since), UnitState::Recovered, None)
    }

    fn in_state(active: &str, sub: &str) -> (bool, bool) {
        let unit = unit(active, sub, START);
        (has_failed(&unit), has_recovered(&unit))
    }

    #[test]
    fn what_is_started_again_has_neither_failed_nor_recovered() {
        assert_eq!(in_state("failed", "failed"), (true, false));
        assert_eq!(in_state("failed", "failed-before-auto-restart"), (false, false));
        assert_eq!(in_state("activating", "auto-restart"), (false, false));
        assert_eq!(in_state("deactivating", "stop-sigterm"), (false, false));
        assert_eq!(in_state("active", "exited"), (false, true));
        assert_eq!(in_state("inactive", "dead"), (false, true));
    }

    #[test]
    fn a_report_reads_back_as_it_was_written() {
        let arrival = failed_at(START).arrival(Told::AtOnce);
        let event = read(&arrival.body).unwrap();
        assert_eq!((&event.object, &event.source_key), (&arrival.object, &arrival.source_key));
        assert_eq!((event.at, event.severity), (Some(START), Severity::Warning));
        assert_eq!(event.service.as_deref(), Some("blog"));
        let Subject::Unit(unit) = event.subject else { panic!("{event:?}") };
        assert_eq!((unit.exit, &*unit.active), (Some(Exit::Signal(9)), "failed (failed)"));
        assert!(read(b"{}").unwrap_err().contains("a report of a unit"));
    }

    #[tokio::test]
    async fn a_failure_is_news_once_and_its_end_if_it_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(START);
        let store = Store::open(Settings {
            path: folder.path().join("vigie.db"),
            keep: Duration::from_hours(1),
            clock: clock.clone(),
            metrics: Metrics::default(),
            health: Health::default(),
        })
        .unwrap();
        let take = async |report: Report| {
            let judge = |conn: &Connection, report: Report| report.news(Told::Late, conn);
            let taken = store.accept_news(vec![report], judge).await.unwrap();
            assert!(!taken.contains(&Acceptance::Repeat), "what is no news is not offered");
            let newest = store.read(|conn| inbox::newest(conn, Source::Systemd, "unit blog.service")).await;
            (!taken.is_empty()).then(|| read(&newest.unwrap().unwrap().body.unwrap()).unwrap())
        };
        let after = |span: Duration| clock.now() + span;

        assert_eq!(take(recovered_at(START)).await, None, "nothing is known to have failed");
        let first = take(failed_at(START)).await.unwrap();
        clock.advance(Duration::from_hours(72));
        assert_eq!(take(failed_at(START)).await, None, "it is the same failure after days");
        let again = after(Duration::ZERO);
        let second = take(failed_at(again)).await.unwrap();
        assert_eq!((second.at, second.incident), (Some(again), first.incident));
        assert_eq!(store.read(failed).await.unwrap(), ["blog.service"]);

        // The machine started anew, and its clock is not set yet.
        clock.advance(Duration::from_mins(1));
        let over = take(recovered_at(START)).await.unwrap();
        assert_eq!((over.at, over.service.as_deref()), (None, Some("blog")));
        assert_eq!(take(recovered_at(again)).await, None);
        assert!(store.read(failed).await.unwrap().is_empty());
        store.close().await;
    }
}
