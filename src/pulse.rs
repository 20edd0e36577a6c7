//! Shows that the whole path works: a synthetic event goes from intake to Discord every few minutes, as one message
//! that is edited. Invariants: a beat counts only once Discord answered that it shows it; nobody outside is told that
//! Vigie lives unless a beat has just counted; the address that is told is a secret and is never shown; of past beats
//! the store keeps nothing but the message.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, header::USER_AGENT};
use rusqlite::Connection;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    clock::{Clock, later},
    event::Source,
    health::{Health, Part},
    intake::own,
    language::Language,
    store::{Acceptance, OutboxRow, State, Store, StoreError, inbox, incidents, outbox},
    telemetry::Metrics,
    wire::{Wire, chain},
};

/// How often a beat goes out.
const EVERY: Duration = Duration::from_mins(5);

/// How long a beat may take until Discord shows it.
const PATIENCE: Duration = Duration::from_mins(2);

/// How often it is looked whether Discord does, and so how exact the metric is.
const LOOK: Duration = Duration::from_millis(50);

/// How long the address outside may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// How Vigie presents itself there.
const AGENT: &str = concat!("vigie/", env!("CARGO_PKG_VERSION"));

/// What beats.
pub struct Pulse {
    /// Where beats are stored.
    pub store: Store,
    /// The channel that shows them.
    pub channel: u64,
    /// What is asked after each beat that counts. Any `GET` is a success there
    /// (<https://healthchecks.io/docs/http_api/>).
    pub ping_url: Option<SecretString>,
    /// The language of the message.
    pub language: Language,
    /// The time.
    pub clock: Clock,
    /// Where the newest beat is told.
    pub metrics: Metrics,
    /// What says why nothing is sent, where no attempt says it.
    pub health: Health,
}

/// Why a beat does not count.
#[derive(Debug, Error)]
enum Missed {
    #[error("it could not be stored, or not be looked for: {0}")]
    Store(#[from] StoreError),
    #[error("Discord did not show it within {PATIENCE:?}: {0}")]
    NotShown(String),
}

impl Pulse {
    /// Beats until `cancel`.
    pub async fn run(self, cancel: CancellationToken) {
        let outside = self.outside();
        let beating = async {
            loop {
                let next = later(self.clock.now(), EVERY);
                match self.beat().await {
                    Ok(()) => self.tell(outside.as_ref()).await,
                    Err(error) => {
                        tracing::warn!(
                            channel = self.channel, %error,
                            "a sign of life failed, so nobody outside is told that Vigie works"
                        );
                        self.metrics.pulse_failures.inc();
                    }
                }
                self.clock.sleep_until(next).await;
            }
        };
        cancel.run_until_cancelled(beating).await;
    }

    /// Sends one beat all the way and measures it.
    async fn beat(&self) -> Result<(), Missed> {
        let began = self.clock.now_ms();
        let accepted = self.store.accept(own::beat(self.channel, EVERY, self.language)).await?;
        if let Acceptance::Stored(id) = accepted {
            let object = own::pulse_in(self.channel);
            self.store.write(move |conn| inbox::forget_before(conn, Source::Vigie, &object, id)).await?;
        }
        if self.clock.timeout(PATIENCE, self.until_shown(began)).await.transpose()?.is_none() {
            return Err(Missed::NotShown(self.how_it_stands().await?));
        }
        let took = Duration::from_millis((self.clock.now_ms() - began).unsigned_abs());
        self.metrics.pulse_seconds.set(took.as_secs_f64());
        self.metrics.pulse_timestamp_seconds.set(self.clock.now().as_second());
        tracing::debug!(channel = self.channel, ?took, "a sign of life is shown");
        Ok(())
    }

    /// Waits until Discord shows what was accepted at `since_ms` or later.
    async fn until_shown(&self, since_ms: i64) -> Result<(), StoreError> {
        loop {
            let message = self.message().await?;
            if message.is_some_and(|(told_ms, row)| told_ms >= since_ms && row.state == State::Sent) {
                return Ok(());
            }
            self.clock.sleep(LOOK).await;
        }
    }

    /// How the message stands that Discord should show, and why.
    async fn how_it_stands(&self) -> Result<String, StoreError> {
        let Some((_, row)) = self.message().await? else {
            return Ok("it is not in the outbox, so accepted events are not worked on".to_owned());
        };
        let sending = self.health.get(Part::Delivery).reason().map(ToString::to_string);
        let why = row.error.or(sending).unwrap_or_else(|| "no attempt has failed so far".to_owned());
        Ok(format!("its message is {}: {why}", row.state.as_str()))
    }

    /// When the beat that the message shows, or is to show, was accepted; and the message.
    async fn message(&self) -> Result<Option<(i64, OutboxRow)>, StoreError> {
        let channel = self.channel;
        let find = move |conn: &Connection| {
            let Some(incident) = incidents::find(conn, Source::Vigie, &own::pulse_in(channel))? else {
                return Ok(None);
            };
            let row = outbox::find(conn, incident.id, channel)?;
            Ok(row.map(|row| (incident.updated_ms, row)))
        };
        self.store.read(find).await
    }

    /// The address outside, with a way there.
    fn outside(&self) -> Option<(Wire, Url)> {
        let url: Url = self.ping_url.as_ref()?.expose_secret().parse().ok()?;
        Wire::new(&url, ANSWER)
            .inspect_err(|error| {
                tracing::error!(
                    %error,
                    "the address of [health] ping_url can't be asked for want of certificate authorities; \
                     install ca-certificates or set SSL_CERT_FILE"
                );
            })
            .ok()
            .map(|wire| (wire, url))
    }

    /// Tells the address outside that Vigie works.
    async fn tell(&self, outside: Option<&(Wire, Url)>) {
        let Some((wire, url)) = outside else { return };
        if let Err(reason) = self.ask(wire, url).await {
            tracing::warn!(
                reason,
                "a sign of life is shown, but the address of [health] ping_url could not be told of it"
            );
        }
    }

    async fn ask(&self, wire: &Wire, url: &Url) -> Result<(), String> {
        let request = Request::get(url.as_str()).header(USER_AGENT, AGENT).body(Full::<Bytes>::default());
        // The error would show the address.
        let request = request.map_err(|_| "it is no address that can be asked".to_owned())?;
        match self.clock.timeout(ANSWER, wire.request(request)).await {
            None => Err(format!("no answer within {ANSWER:?}")),
            Some(Err(error)) => Err(chain(&error)),
            Some(Ok(answer)) if !answer.status().is_success() => {
                Err(format!("it answered {}", answer.status()))
            }
            Some(Ok(_)) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::{
        event::Severity,
        store::{Draft, IncidentRow, Settings},
    };

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A message that could not be sent.
    fn unsent(conn: &Connection) -> Result<(), StoreError> {
        let incident = IncidentRow {
            id: 0,
            source: Source::Vigie,
            key: own::pulse_in(7),
            reference: "vg-pulse1".into(),
            open: false,
            severity: Severity::Info,
            opened_ms: 0,
            updated_ms: 0,
            data: "{}".into(),
        };
        let draft = Draft {
            incident_id: incidents::save(conn, &incident)?,
            channel_id: 7,
            reference: incident.reference,
            payload: "{}".into(),
            accepted_ms: 0,
            reply: None,
            whole: None,
        };
        let row = outbox::put(conn, &draft, 0)?;
        outbox::retry(conn, row, 0, "Discord answered 503")
    }

    #[tokio::test]
    async fn the_log_says_what_keeps_a_sign_of_life_from_discord_and_never_the_address_outside() {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let _logging = tracing::subscriber::set_default(log);
        let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::manual(jiff::Timestamp::UNIX_EPOCH));
        let metrics = Metrics::default();
        let store = Store::open(Settings {
            path: folder.path().join("vigie.db"),
            keep: Duration::from_hours(1),
            clock: clock.clone(),
            metrics: metrics.clone(),
            health: Health::default(),
        });
        let store = store.unwrap();
        store.write(unsent).await.unwrap();
        let pulse = Pulse {
            store,
            channel: 7,
            ping_url: Some("http://127.0.0.1:1/secret".to_owned().into()),
            language: Language::En,
            clock: clock.clone(),
            metrics: metrics.clone(),
            health: Health::default(),
        };
        let cancel = CancellationToken::new();
        let beating = tokio::spawn(pulse.run(cancel.clone()));
        while metrics.pulse_failures.get() == 0 {
            clock.advance(Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
        cancel.cancel();
        beating.await.unwrap();
        let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("within 120s: its message is pending: Discord answered 503"), "{log}");
        assert!(!log.contains("secret"), "{log}");
    }
}
