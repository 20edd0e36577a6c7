//! What fired and ended while Vigie was away, by the series `ALERTS` that Prometheus keeps of its alerts. Invariants:
//!
//! - what is looked through is the time since Vigie last certainly worked, which is written down each minute; it is
//!   looked through until that succeeded, and once more a pause later: what still fired the first time may have ended
//!   before Alertmanager told of it;
//! - an alert that Alertmanager told is known by its labels without those that Prometheus adds for others, and by its
//!   time, never by a fingerprint: that changes with every label that is added on the way;
//! - what fires still is Alertmanager's to tell, and what fired long before Vigie was away it has told, or not on
//!   purpose.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::{Desk, PAUSE, Pull, PullError};
use crate::{
    backends::{
        Client,
        prometheus::{Prometheus, Series},
    },
    event::{Source, Told},
    intake::alertmanager::{self, Found},
    store::{Arrival, StoreError, inbox, meta},
    subject::{Firing, Subject},
};

/// What fires, as Prometheus records it (`rules/alerting.go`).
const QUERY: &str = "ALERTS{alertstate=\"firing\"}";

/// Under which key it is kept when Vigie last certainly worked.
const WORKED: &str = "reconcile worked";

/// How long Alertmanager waits at most before it tells of an alert: its usual `group_interval`, twice.
const UNTOLD: Duration = Duration::from_mins(10);

/// How long ago an alert was told of at most that fired when Vigie went away: it is repeated each 4 hours by default,
/// and a repeat is stored once a day.
const TOLD: Duration = Duration::from_hours(48);

/// How many points the whole time has at most.
const POINTS: u64 = 10_000;

/// The smallest step: how often rules are looked at where somebody hurries.
const STEP: Duration = Duration::from_secs(15);

/// How far the same alert's beginnings may lie apart: Prometheus's default `evaluation_interval`.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

/// How many arrivals are read at once.
const BATCH: u32 = 500;

type Labels = BTreeMap<String, String>;

/// Prometheus, asked.
pub(super) struct Pulled {
    api: Prometheus,
    absence: Absence,
}

/// How far an absence is looked through.
#[derive(Clone, Copy, Debug)]
enum Absence {
    /// As after a start: not at all.
    Ahead,
    /// Once, since then; what fired still is open.
    Looked(Timestamp),
    Settled,
}

impl Pulled {
    pub(super) const fn new(client: Client) -> Self {
        Self { api: Prometheus::new(client), absence: Absence::Ahead }
    }
}

impl Pull for Pulled {
    const NAME: &'static str = "prometheus";

    async fn pull(&mut self, desk: &Desk) -> Result<(), PullError> {
        let now = desk.clock.now();
        let worked = desk.store.read(|conn| meta::get(conn, WORKED)).await?;
        let worked = worked.and_then(|at| at.parse::<Timestamp>().ok()).filter(|at| *at < now);
        let since = match self.absence {
            Absence::Ahead => worked,
            Absence::Looked(since) => Some(since),
            // Only a store that took nothing makes a pause.
            Absence::Settled => worked.filter(|at| now.duration_since(*at).unsigned_abs() > 3 * PAUSE),
        };
        if let Some(since) = since {
            self.look_through(desk, since, now).await?;
            if !matches!(self.absence, Absence::Looked(_)) {
                self.absence = Absence::Looked(since);
                return Ok(());
            }
        }
        desk.store.write(move |conn| meta::set(conn, WORKED, &now.to_string())).await?;
        self.absence = Absence::Settled;
        Ok(())
    }
}

impl Pulled {
    async fn look_through(&self, desk: &Desk, since: Timestamp, now: Timestamp) -> Result<(), PullError> {
        let span = now.duration_since(since).unsigned_abs() + UNTOLD;
        let step = STEP.max(Duration::from_secs(span.as_secs().div_ceil(POINTS)));
        // The last point is the end, so that what ended is told from what goes on.
        let steps = i64::try_from(span.as_secs() / step.as_secs()).unwrap_or_default();
        let start =
            now - SignedDuration::from_secs(steps * i64::try_from(step.as_secs()).unwrap_or_default());
        let series = self.api.moments(QUERY, start, now, step).await?;
        if series.is_empty() {
            return Ok(());
        }
        let external = self.api.external_labels().await?;
        let fired = fired(series, &external, since, start, now, step);
        let mut told = Vec::new();
        let mut after = 0;
        loop {
            let from_ms = (since - TOLD).as_millisecond();
            let job =
                move |conn: &Connection| inbox::since(conn, Source::Alertmanager, from_ms, after, BATCH);
            let rows = desk.store.read(job).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            told.extend(rows.iter().filter_map(|row| Telling::of(row.body.as_deref()?, &external)));
        }
        let told = join(told);
        let tolerance = TOLERANCE + SignedDuration::try_from(step).unwrap_or(TOLERANCE);
        let missed =
            fired.into_iter().filter(|one| !told.iter().any(|telling| telling.is_of(one, tolerance)));
        let arrivals: Vec<Arrival> = missed.flat_map(|one| one.arrivals(&external)).collect();
        for Arrival { source_key, .. } in &arrivals {
            tracing::info!(source = "prometheus", source_key, "found what came and went");
        }
        // What was found before is a repeat by its delivery, whatever came since.
        let judge = |_: &Connection, arrival| Ok::<_, StoreError>(Some(arrival));
        Ok(desk.store(Source::Alertmanager, arrivals, judge).await?)
    }
}

/// A time in which an alert fired, and after which it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fired {
    labels: Labels,
    from: Timestamp,
    to: Timestamp,
}

/// What came and went since `since`.
fn fired(
    series: Vec<Series>,
    external: &Labels,
    since: Timestamp,
    start: Timestamp,
    end: Timestamp,
    step: Duration,
) -> Vec<Fired> {
    let pause = SignedDuration::try_from(step).unwrap_or(SignedDuration::MAX);
    let mut all = Vec::new();
    for (mut labels, moments) in series {
        labels.retain(|name, value| {
            !matches!(name.as_str(), "__name__" | "alertstate") && external.get(name) != Some(value)
        });
        for run in moments.chunk_by(|one, next| next.duration_since(*one) <= pause) {
            let (Some(from), Some(to)) = (run.first().copied(), run.last().copied()) else { continue };
            let goes_on = end.duration_since(to) < pause;
            let began_before = from.duration_since(start) < pause;
            if !goes_on && !began_before && to >= since {
                all.push(Fired { labels: labels.clone(), from, to });
            }
        }
    }
    all
}

impl Fired {
    /// That it fired, and that it ended, as Alertmanager would have told.
    fn arrivals(self, external: &Labels) -> Vec<Arrival> {
        let Self { mut labels, from, to } = self;
        for (name, value) in external {
            labels.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let found = Found {
            state: Firing::Firing,
            labels,
            annotations: Labels::new(),
            starts_at: Some(from),
            ends_at: None,
            generator_url: None,
            external_url: None,
            suppressed_by: Vec::new(),
        };
        let ended = Found { state: Firing::Resolved, ends_at: Some(to), ..found.clone() };
        let arrival = |found: &Found| {
            let arrival = alertmanager::arrival_of(found, Told::Late).ok()?;
            Some(Arrival { delivery: Some(format!("ALERTS {}", arrival.source_key)), ..arrival })
        };
        [found, ended].iter().filter_map(arrival).collect()
    }
}

/// What Alertmanager told of one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Telling {
    labels: Labels,
    from: Timestamp,
    /// When it ended, if that was told.
    to: Option<Timestamp>,
}

impl Telling {
    fn of(body: &[u8], external: &Labels) -> Option<Self> {
        let Subject::Alert(mut alert) = alertmanager::read(body).ok()?.subject else { return None };
        alert.labels.retain(|name, value| external.get(name) != Some(value));
        Some(Self { labels: alert.labels, from: alert.starts_at?, to: alert.ends_at })
    }

    /// Whether it tells of `fired`. Without an end it tells of the time that it began in, not of all that follows.
    fn is_of(&self, fired: &Fired, tolerance: SignedDuration) -> bool {
        self.labels == fired.labels
            && self.from <= fired.to + tolerance
            && self.to.unwrap_or(self.from) >= fired.from - tolerance
    }
}

/// One telling for each time that an alert fired, with its end if that was told.
fn join(tellings: Vec<Telling>) -> Vec<Telling> {
    let mut joined: BTreeMap<(Labels, Timestamp), Option<Timestamp>> = BTreeMap::new();
    for Telling { labels, from, to } in tellings {
        let end = joined.entry((labels, from)).or_default();
        *end = to.or(*end);
    }
    joined.into_iter().map(|((labels, from), to)| Telling { labels, from, to }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    const MINUTE: Duration = Duration::from_mins(1);

    /// What fired in the minutes of `moments`, of an absence from 10 to 40, looked at from 0.
    fn came_and_went(moments: &[i64]) -> Vec<(i64, i64)> {
        let series = labels(&[
            ("__name__", "ALERTS"),
            ("alertstate", "firing"),
            ("alertname", "Hot"),
            ("cluster", "a"),
        ]);
        let moments = moments.iter().map(|minute| at(*minute)).collect();
        let external = labels(&[("cluster", "a")]);
        let all = fired(vec![(series, moments)], &external, at(10), at(0), at(40), MINUTE);
        assert!(all.iter().all(|one| one.labels == labels(&[("alertname", "Hot")])));
        all.iter().map(|one| (one.from.as_second() / 60, one.to.as_second() / 60)).collect()
    }

    #[test]
    fn what_came_and_went_in_the_absence_is_found_and_nothing_else() {
        assert_eq!(came_and_went(&[12, 13, 14, 20, 21]), [(12, 14), (20, 21)]);
        assert_eq!(came_and_went(&[5, 6, 7]), [], "it ended before");
        assert_eq!(came_and_went(&[8, 9, 10, 11]), [(8, 11)]);
        assert_eq!(came_and_went(&[38, 39, 40]), [], "it goes on");
        assert_eq!(
            came_and_went(&[0, 1, 12]),
            [(12, 12)],
            "what fired long before was told, or not on purpose"
        );
    }

    #[test]
    fn a_telling_without_an_end_is_of_the_time_that_it_began_in() {
        let hot = labels(&[("alertname", "Hot")]);
        let fired = |from, to| Fired { labels: hot.clone(), from: at(from), to: at(to) };
        let telling = |from, to: Option<i64>| Telling { labels: hot.clone(), from: at(from), to: to.map(at) };
        let is_of = |telling: Telling, fired| telling.is_of(&fired, SignedDuration::from_mins(1));
        assert!(is_of(telling(12, None), fired(12, 14)));
        assert!(!is_of(telling(12, None), fired(20, 21)));
        assert!(is_of(telling(12, Some(21)), fired(20, 22)));
        assert!(!is_of(Telling { labels: labels(&[]), ..telling(12, None) }, fired(12, 14)));
    }

    proptest! {
        /// Whatever of its firings an alert's webhooks told, before or after: each is told once in the end.
        #[test]
        fn each_firing_is_told_once(
            spans in prop::collection::vec((3..6_i64, 1..6_i64, 0..3_u8), 1..5),
            with_cluster in any::<bool>(),
        ) {
            let (external, hot) = (labels(&[("cluster", "a")]), labels(&[("alertname", "Hot")]));
            let sent = if with_cluster { labels(&[("alertname", "Hot"), ("cluster", "a")]) } else { hot.clone() };
            let (mut minute, mut moments, mut told, mut untold) = (10, Vec::new(), Vec::new(), Vec::new());
            for (gap, length, telling) in spans {
                let (from, to) = (minute + gap, minute + gap + length);
                moments.extend((from..=to).map(at));
                minute = to;
                let mut bodies = Vec::new();
                for state in [Firing::Firing, Firing::Resolved].into_iter().take(telling.into()) {
                    let ends_at = (state == Firing::Resolved).then(|| at(to));
                    let found = Found {
                        state, labels: sent.clone(), annotations: Labels::new(), starts_at: Some(at(from)), ends_at,
                        generator_url: None, external_url: None, suppressed_by: Vec::new(),
                    };
                    bodies.push(alertmanager::arrival_of(&found, Told::AtOnce).unwrap().body);
                }
                if bodies.is_empty() {
                    untold.push((at(from), at(to)));
                }
                told.extend(bodies.iter().filter_map(|body| Telling::of(body, &external)));
            }
            let all = fired(vec![(hot, moments)], &external, at(10), at(0), at(minute + 5), MINUTE);
            let told = join(told);
            let missed = all.into_iter().filter(|one| !told.iter().any(|one_told| one_told.is_of(one, SignedDuration::from_mins(2))));
            let missed: Vec<_> = missed.map(|one| (one.from, one.to)).collect();
            prop_assert_eq!(missed, untold);
        }
    }
}
