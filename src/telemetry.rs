//! Vigie's own metrics and its log. Invariant: no label, field or text carries a secret or an unbounded
//! set of values.

use std::{
    fmt,
    io::IsTerminal,
    iter::successors,
    sync::{Arc, atomic::AtomicU64},
};

use clap::ValueEnum;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    filter::{Targets, filter_fn},
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::event::{Severity, Source};

/// Labels of [`Metrics::events`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct EventLabels {
    /// The source's name.
    pub source: &'static str,
    /// `accepted`, `repeat`, `unauthorized`, `invalid`, `too_large`, `limited`, `unavailable`, or `found`:
    /// its webhook did not come, and it was found by asking.
    pub outcome: &'static str,
}

/// One label: the state of a row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StateLabel {
    /// `pending`, `sent`, `parked` or `dropped`.
    pub state: &'static str,
}

/// One label: how something ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OutcomeLabel {
    /// The outcome.
    pub outcome: &'static str,
}

/// One label: an HTTP status, or `error` where no answer came.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StatusLabel {
    /// The status.
    pub status: String,
}

/// One label: a name that Discord gave, out of the set that Vigie knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct KindLabel {
    /// The name.
    pub kind: String,
}

/// Labels of [`Metrics::incidents_open`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct IncidentLabels {
    /// The source's name.
    pub source: &'static str,
    /// The severity's name.
    pub severity: &'static str,
}

/// Every metric of Vigie. Cheap to clone; all clones count together.
#[derive(Clone)]
pub struct Metrics {
    /// Events that reached intake, by what became of them.
    pub events: Family<EventLabels, Counter>,
    /// Accepted events that no message shows yet.
    pub inbox_pending: Gauge,
    /// Accepted events that could not be used; they are kept for a person to look at.
    pub inbox_failed: Gauge,
    /// Messages in the outbox.
    pub outbox_messages: Family<StateLabel, Gauge>,
    /// Age of the oldest message that waits to be sent, in seconds.
    pub outbox_oldest_seconds: Gauge,
    /// Attempts to deliver, by how they ended: `created` and `edited` are shown, `adopted` was shown already;
    /// `retried`, `rate_limited` and `parked` wait; `shrunk` is shown in part, `replaced` as one line, `unattached`
    /// without the file of its whole text, `dropped` not at all; a message deleted in Discord is `reposted`, or `discarded` if its incident is over.
    pub deliveries: Family<OutcomeLabel, Counter>,
    /// Time from accepted to visible, in seconds.
    pub delivery_seconds: Histogram,
    /// Requests to Discord, by status.
    pub discord_requests: Family<StatusLabel, Counter>,
    /// Requests that Discord counts as invalid (401, 403, 429 of a scope other than shared).
    pub discord_invalid_requests: Counter,
    /// 1 while a session with the gateway is up.
    pub gateway_connected: Gauge,
    /// Sessions begun with the gateway.
    pub gateway_sessions: Counter,
    /// Gateway events of a known name that could not be read.
    pub gateway_undecodable: Family<KindLabel, Counter>,
    /// Commits of the store; several changes share one.
    pub store_commits: Counter,
    /// Size of the store's files.
    pub store_bytes: Gauge,
    /// Room left on the store's file system.
    pub disk_free_bytes: Gauge,
    /// Incidents that are open.
    pub incidents_open: Family<IncidentLabels, Gauge>,
    /// How long the newest sign of life took from accepted to visible, in seconds; 0 before the first.
    pub pulse_seconds: Gauge<f64, AtomicU64>,
    /// When the newest sign of life was visible, in seconds since the Unix epoch; 0 before the first.
    pub pulse_timestamp_seconds: Gauge,
    /// Signs of life that were not visible in time.
    pub pulse_failures: Counter,
    registry: Arc<Registry>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("vigie");
        let metrics = Self {
            events: Family::default(),
            inbox_pending: Gauge::default(),
            inbox_failed: Gauge::default(),
            outbox_messages: Family::default(),
            outbox_oldest_seconds: Gauge::default(),
            deliveries: Family::default(),
            // 5 ms to about 3 hours: from an idle machine to a long outage of Discord.
            delivery_seconds: Histogram::new(successors(Some(0.005), |bound| Some(bound * 2.0)).take(22)),
            discord_requests: Family::default(),
            discord_invalid_requests: Counter::default(),
            gateway_connected: Gauge::default(),
            gateway_sessions: Counter::default(),
            gateway_undecodable: Family::default(),
            store_commits: Counter::default(),
            store_bytes: Gauge::default(),
            disk_free_bytes: Gauge::default(),
            incidents_open: Family::default(),
            pulse_seconds: Gauge::default(),
            pulse_timestamp_seconds: Gauge::default(),
            pulse_failures: Counter::default(),
            registry: Arc::default(),
        };
        metrics.register(&mut registry);
        metrics.show_every_label();
        Self { registry: Arc::new(registry), ..metrics }
    }
}

impl Metrics {
    /// All metrics in the OpenMetrics text format.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// Counts an event that reached intake.
    pub fn event(&self, source: &'static str, outcome: &'static str) {
        self.events.get_or_create(&EventLabels { source, outcome }).inc();
    }

    fn register(&self, registry: &mut Registry) {
        self.register_intake_and_delivery(registry);
        self.register_discord(registry);
        self.register_store(registry);
        self.register_pulse(registry);
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which Vigie this is", build);
    }

    fn register_intake_and_delivery(&self, to: &mut Registry) {
        to.register("events", "Events that reached intake", self.events.clone());
        to.register("inbox_pending", "Accepted events that no message shows yet", self.inbox_pending.clone());
        to.register("inbox_failed", "Accepted events that could not be used", self.inbox_failed.clone());
        to.register("incidents_open", "Incidents that are open", self.incidents_open.clone());
        to.register("outbox_messages", "Messages in the outbox", self.outbox_messages.clone());
        let oldest = "Age of the oldest message that waits to be sent";
        to.register_with_unit("outbox_oldest", oldest, Unit::Seconds, self.outbox_oldest_seconds.clone());
        to.register("deliveries", "Attempts to deliver a message", self.deliveries.clone());
        let waited = "Time from accepted to visible";
        to.register_with_unit("delivery", waited, Unit::Seconds, self.delivery_seconds.clone());
    }

    fn register_discord(&self, to: &mut Registry) {
        to.register("discord_requests", "Requests to Discord", self.discord_requests.clone());
        let invalid = "Requests that count against Discord's limit of invalid requests";
        to.register("discord_invalid_requests", invalid, self.discord_invalid_requests.clone());
        let connected = "Whether a session with the gateway is up";
        to.register("gateway_connected", connected, self.gateway_connected.clone());
        to.register("gateway_sessions", "Sessions begun with the gateway", self.gateway_sessions.clone());
        let undecodable = "Gateway events of a known name that could not be read";
        to.register("gateway_undecodable", undecodable, self.gateway_undecodable.clone());
    }

    fn register_store(&self, to: &mut Registry) {
        to.register("store_commits", "Commits of the store", self.store_commits.clone());
        to.register_with_unit("store", "Size of the store's files", Unit::Bytes, self.store_bytes.clone());
        let free = "Room left on the store's file system";
        to.register_with_unit("disk_free", free, Unit::Bytes, self.disk_free_bytes.clone());
    }

    fn register_pulse(&self, to: &mut Registry) {
        let took = "How long the newest sign of life took from accepted to visible";
        to.register_with_unit("pulse", took, Unit::Seconds, self.pulse_seconds.clone());
        let when = "When the newest sign of life was visible";
        to.register_with_unit("pulse_timestamp", when, Unit::Seconds, self.pulse_timestamp_seconds.clone());
        let failures = "Signs of life that were not visible in time";
        to.register("pulse_failures", failures, self.pulse_failures.clone());
    }

    /// A counter that is absent until it first counts can't be alerted on, so each begins at 0.
    fn show_every_label(&self) {
        for source in Source::ALL {
            for outcome in
                ["accepted", "repeat", "unauthorized", "invalid", "too_large", "limited", "unavailable"]
            {
                drop(self.events.get_or_create(&EventLabels { source: source.as_str(), outcome }));
            }
            for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
                let labels = IncidentLabels { source: source.as_str(), severity: severity.as_str() };
                drop(self.incidents_open.get_or_create(&labels));
            }
        }
        for outcome in [
            "created",
            "edited",
            "adopted",
            "retried",
            "rate_limited",
            "parked",
            "shrunk",
            "unattached",
            "replaced",
            "dropped",
            "reposted",
            "discarded",
        ] {
            drop(self.deliveries.get_or_create(&OutcomeLabel { outcome }));
        }
        for status in ["200", "429", "error"] {
            drop(self.discord_requests.get_or_create(&StatusLabel { status: status.into() }));
        }
        for state in ["pending", "sent", "parked", "dropped"] {
            drop(self.outbox_messages.get_or_create(&StateLabel { state }));
        }
    }
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people; with journald's levels when stderr is the journal.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What logs whole events, requests or frames, and so the tokens of interactions: never below errors.
const INDISCREET: [&str; 6] = ["serenity", "tungstenite", "tokio_tungstenite", "reqwest", "hyper", "poise"];

/// Sends the log to stderr. What is logged is set by `RUST_LOG`, else by `default`.
pub fn start_log(format: LogFormat, default: Level) {
    let discreet = filter_fn(|about| {
        let from = about.target().split("::").next().unwrap_or_default();
        *about.level() == Level::ERROR || !INDISCREET.contains(&from)
    });
    let wanted = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.is_empty());
    let read = wanted.as_deref().map(str::parse::<Targets>);
    let (filter, misread) = match read {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (Targets::new().with_default(default), Some(error)),
        None => (Targets::new().with_default(default), None),
    };
    let registry = tracing_subscriber::registry().with(discreet).with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    // A second start (tests run many Vigies in one process) keeps the first log.
    let _ = match format {
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
        LogFormat::Text if is_journal() => {
            let lines = tracing_subscriber::fmt::format().with_level(false).without_time().with_ansi(false);
            registry.with(layer.event_format(Journal(lines))).try_init()
        }
        LogFormat::Text => registry.with(layer.with_ansi(std::io::stderr().is_terminal())).try_init(),
    };
    if let Some(error) = misread {
        tracing::warn!(%error, "RUST_LOG can't be read and is ignored; expected is e.g. info,vigie::delivery=debug");
    }
}

/// Whether stderr is the journal itself: `$JOURNAL_STREAM` names its device and inode (systemd.exec(5)).
fn is_journal() -> bool {
    let stream = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    rustix::fs::fstat(std::io::stderr())
        .is_ok_and(|stat| stream == format!("{}:{}", stat.st_dev, stat.st_ino))
}

/// Lines that begin with the journal's level (sd-daemon(3)); it adds the time by itself.
struct Journal<F>(F);

impl<S, N, F> FormatEvent<S, N> for Journal<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

/// syslog's number of a level (syslog(3)).
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_have_the_names_of_the_contract() {
        let text = Metrics::default().encode().unwrap();
        for name in [
            "vigie_events_total{source=\"gitea\",outcome=\"accepted\"}",
            "vigie_inbox_pending",
            "vigie_outbox_messages{state=\"pending\"}",
            "vigie_outbox_oldest_seconds",
            "vigie_deliveries_total{outcome=\"created\"}",
            "vigie_delivery_seconds_bucket",
            "vigie_discord_requests_total{status=\"200\"}",
            "vigie_gateway_connected",
            "vigie_store_bytes",
            "vigie_disk_free_bytes",
            "vigie_incidents_open{source=\"gitea\",severity=\"critical\"}",
            "vigie_pulse_seconds",
            "vigie_pulse_timestamp_seconds",
            "vigie_pulse_failures_total",
            "vigie_build_info{version=",
        ] {
            assert!(text.contains(name), "no {name} in:\n{text}");
        }
    }
}
