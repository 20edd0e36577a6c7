//! Asks the sources for what their webhooks did not bring: on start, then every [`PAUSE`]. Invariants:
//!
//! - what was told already, by a webhook or by an earlier answer, is not told again, however long it stays so;
//!   this is judged in the transaction that stores it;
//! - what is found is [`Told::Late`](crate::event::Told::Late);
//! - each source is asked by a task of its own, so that one that hangs holds up no other;
//! - that a source can't be asked is said once in the fallback channel, and once that it can again.

mod alertmanager;
mod alerts;
mod gitea;
mod grafana;
mod kuma;
mod prometheus;

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fluent_bundle::FluentValue;
use hyper::StatusCode;
use rusqlite::Connection;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use super::own;
use crate::{
    backends::{AskError, Client, Credentials},
    clock::Clock,
    config::{Asked, Config},
    crash_point::CrashPoint,
    event::Source,
    health::{Condition, Health, Part},
    language::Language,
    reason::Reason,
    store::{Acceptance, Arrival, Store, StoreError, inbox},
    subject::Firing,
    telemetry::Metrics,
};

/// How long after an answer a source is asked again.
pub const PAUSE: Duration = Duration::from_mins(1);

/// How long after a failure it is asked again.
pub const RETRY: Duration = Duration::from_secs(15);

/// How many failures in a row are said: a source that is just started anew is no trouble.
const PATIENCE: u32 = 2;

/// Why a round of asking ended early.
#[derive(Debug, Error)]
enum PullError {
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A source that is asked.
trait Pull: Send {
    /// Its name in the configuration.
    const NAME: &'static str;

    /// Asks it once and stores what was missed.
    fn pull(&mut self, desk: &Desk) -> impl Future<Output = Result<(), PullError>> + Send;
}

/// What the last answer told that was not known. What is in two answers in a row was missed; what is in one may have
/// its webhook on the way. After a start, there is nothing on the way.
#[derive(Debug, Default)]
struct Seen(Option<HashSet<(String, String)>>);

impl Seen {
    fn confirm(&mut self, differences: Vec<(Arrival, Option<i64>)>) -> Vec<(Arrival, Option<i64>)> {
        let key = |arrival: &Arrival| (arrival.object.clone(), arrival.source_key.clone());
        let now = differences.iter().map(|(arrival, _)| key(arrival)).collect();
        let before = self.0.replace(now);
        let confirmed =
            |arrival: &Arrival| before.as_ref().is_none_or(|before| before.contains(&key(arrival)));
        differences.into_iter().filter(|(arrival, _)| confirmed(arrival)).collect()
    }
}

/// The sources that are asked.
pub struct Asking {
    desk: Desk,
    alertmanager: Option<alertmanager::Pulled>,
    gitea: Option<gitea::Pulled>,
    grafana: Option<grafana::Pulled>,
    kuma: Option<kuma::Pulled>,
    prometheus: Option<prometheus::Pulled>,
}

impl Asking {
    /// Those that `config` gives an address.
    pub fn new(desk: Desk, config: &Config) -> Self {
        let sources = &config.sources;
        let client = |asked: Option<&Asked>, credentials| desk.client(asked?, credentials);
        let alertmanager = sources.alertmanager.as_ref();
        // Its alerts are those of Alertmanager's webhooks; without them there is nothing to hold them against.
        let prometheus = config.prometheus.clone().filter(|_| alertmanager.is_some());
        let prometheus = prometheus.map(|url| Asked { url, api_token_file: None });
        Self {
            alertmanager: client(alertmanager.and_then(|hook| hook.asked.as_ref()), Credentials::Bearer)
                .map(alertmanager::Pulled::new),
            gitea: client(sources.gitea.as_ref().and_then(|hook| hook.asked.as_ref()), Credentials::Bearer)
                .map(gitea::Pulled::new),
            grafana: client(
                sources.grafana.as_ref().and_then(|hook| hook.asked.as_ref()),
                Credentials::Bearer,
            )
            .map(grafana::Pulled::new),
            kuma: client(sources.kuma.as_ref().and_then(|hook| hook.asked.as_ref()), Credentials::Password)
                .map(kuma::Pulled::new),
            prometheus: client(prometheus.as_ref(), Credentials::Bearer).map(prometheus::Pulled::new),
            desk,
        }
    }

    /// Asks them until `cancel`.
    pub async fn run(self, cancel: CancellationToken) {
        let Self { desk, alertmanager, gitea, grafana, kuma, prometheus } = self;
        tokio::join!(
            desk.keep_asking(alertmanager, &cancel),
            desk.keep_asking(gitea, &cancel),
            desk.keep_asking(grafana, &cancel),
            desk.keep_asking(kuma, &cancel),
            desk.keep_asking(prometheus, &cancel),
        );
        cancel.cancelled().await;
    }
}

/// What all sources need to be asked.
#[derive(Clone)]
pub struct Desk {
    /// Where what is found goes.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Where it is counted.
    pub metrics: Metrics,
    /// Where it is said which sources can't be asked.
    pub health: Health,
    /// The language of what is said in channels.
    pub language: Language,
    /// What is wrong with which source.
    troubles: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

impl Desk {
    /// A desk at which nothing is wrong yet.
    pub fn new(store: Store, clock: Clock, metrics: Metrics, health: Health, language: Language) -> Self {
        Self { store, clock, metrics, health, language, troubles: Arc::default() }
    }

    /// A client for `asked`; without a file it brings no credentials.
    fn client(&self, asked: &Asked, credentials: fn(PathBuf) -> Credentials) -> Option<Client> {
        self.health.set(Part::Sources, Condition::Ok);
        let credentials = asked.api_token_file.clone().map_or(Credentials::None, credentials);
        let made = Client::new(&asked.url, credentials, self.clock.clone());
        made.inspect_err(
            |error| tracing::error!(%error, "this source is not asked until Vigie is started anew"),
        )
        .ok()
    }

    async fn keep_asking<P: Pull>(&self, source: Option<P>, cancel: &CancellationToken) {
        let Some(mut source) = source else { return };
        let (mut failures, mut said) = (0, None);
        loop {
            let Some(outcome) = cancel.run_until_cancelled(source.pull(self)).await else { return };
            failures = if outcome.is_ok() { 0 } else { failures + 1 };
            let pause = match outcome {
                Ok(()) => {
                    self.answers(P::NAME, &mut said).await;
                    PAUSE
                }
                Err(PullError::Store(error)) => {
                    tracing::warn!(source = P::NAME, %error, "what was found can't be stored; it is asked for again");
                    RETRY
                }
                Err(PullError::Ask(error)) => {
                    self.silent(P::NAME, &error, failures, &mut said).await;
                    RETRY
                }
            };
            if cancel.run_until_cancelled(self.clock.sleep(pause)).await.is_none() {
                return;
            }
        }
    }

    /// Takes note that `source` can't be asked, for the `failures`th time in a row.
    pub(super) async fn silent(
        &self,
        source: &'static str,
        error: &AskError,
        failures: u32,
        said: &mut Option<Firing>,
    ) {
        let reason = error.to_string();
        if self.note(source, Some(&reason)) {
            tracing::warn!(source, error = reason, failures, "a source can't be asked for what was missed");
        }
        // A token that is still to come is no trouble: whoever set it up knows.
        let told = *said == Some(Firing::Firing);
        if told || failures < PATIENCE || matches!(error, AskError::Token { .. }) {
            return;
        }
        let refused = matches!(
            error,
            AskError::Refused { status: StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, .. }
        );
        let text = if refused {
            let permission = self.language.text(&format!("permission-{source}"), &[]);
            self.say(
                "source-refuses-text",
                &[("source", source), ("error", &reason), ("permission", &permission)],
            )
        } else {
            self.say("source-silent-text", &[("source", source), ("error", &reason)])
        };
        let title = self.say("source-silent", &[("source", source)]);
        self.tell(own::trouble(source, Firing::Firing, title, text), Firing::Firing, said).await;
    }

    /// Takes note that `source` answered.
    pub(super) async fn answers(&self, source: &'static str, said: &mut Option<Firing>) {
        if self.note(source, None) {
            tracing::info!(source, "the source can be asked again");
        }
        if *said != Some(Firing::Resolved) {
            let title = self.say("source-answers", &[("source", source)]);
            let text = self.say("source-answers-text", &[("source", source)]);
            self.tell(own::trouble(source, Firing::Resolved, title, text), Firing::Resolved, said).await;
        }
    }

    /// Stores what is said of a source if it is news: an end is none without a beginning.
    async fn tell(&self, report: Arrival, state: Firing, said: &mut Option<Firing>) {
        let judge = move |conn: &Connection, report: Arrival| {
            let known = inbox::newest(conn, Source::Vigie, &report.object)?;
            let news = known.map_or(state == Firing::Firing, |known| known.source_key != report.source_key);
            Ok(news.then_some(report))
        };
        match self.store.accept_news(vec![report], judge).await {
            Ok(_) => *said = Some(state),
            Err(error) => tracing::warn!(%error, "whether a source can be asked is said later"),
        }
    }

    /// Remembers what is wrong with `source`; whether that is another state than before.
    fn note(&self, source: &'static str, trouble: Option<&str>) -> bool {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match trouble {
            Some(trouble) => troubles.insert(source, trouble.to_owned()),
            None => troubles.remove(source),
        };
        let reason = |(source, error): (&&'static str, &String)| {
            Reason::new("source-trouble").with("source", *source).with("error", error.as_str())
        };
        let reasons = Reason::all(troubles.iter().map(reason));
        let condition = reasons.map_or(Condition::Ok, Condition::Warning);
        self.health.set(Part::Sources, condition);
        before.is_some() != trouble.is_some()
    }

    fn say(&self, key: &str, variables: &[(&str, &str)]) -> String {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (*name, FluentValue::from(*value))).collect();
        self.language.text(key, &variables)
    }

    /// Stores what `judge` makes of `findings`, and counts it as `found`.
    async fn store<T: Send + 'static>(
        &self,
        source: Source,
        findings: Vec<T>,
        judge: impl FnMut(&Connection, T) -> Result<Option<Arrival>, StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.store_counted(source, "found", findings, judge).await
    }

    /// Stores what `judge` makes of `findings`, and counts what is stored as `outcome`.
    pub(super) async fn store_counted<T: Send + 'static>(
        &self,
        source: Source,
        outcome: &'static str,
        findings: Vec<T>,
        judge: impl FnMut(&Connection, T) -> Result<Option<Arrival>, StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        if findings.is_empty() {
            return Ok(());
        }
        let stored = self.store.accept_news(findings, judge).await?;
        CrashPoint::PulledStored.reached();
        for _ in stored.iter().filter(|acceptance| **acceptance != Acceptance::Repeat) {
            self.metrics.event(source.as_str(), outcome);
        }
        Ok(())
    }

    /// Stores what was held against the newest arrival of its object, if that is still the newest.
    async fn store_unchanged(
        &self,
        source: Source,
        differences: Vec<(Arrival, Option<i64>)>,
    ) -> Result<(), StoreError> {
        for (Arrival { kind, source_key, .. }, _) in &differences {
            tracing::info!(source = source.as_str(), kind, source_key, "found what its webhook did not tell");
        }
        let judge = move |conn: &Connection, (arrival, against): (Arrival, Option<i64>)| {
            let newest = inbox::newest(conn, source, &arrival.object)?.map(|newest| newest.id);
            Ok((newest == against).then_some(arrival))
        };
        self.store(source, differences, judge).await
    }
}
