//! What Vigie itself has to say to the team: a channel that refuses it, a role that does not ping, that it works.
//! It takes the way of every event, so it survives a crash. Invariants: the same complaint is said once a day at
//! most; whether a source can be asked is one incident, which ends when it can; all signs of life in a channel are
//! one, which has no end.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    event::{Event, PULSE, Severity, Source, Told},
    language::Language,
    store::{Arrival, Store},
    subject::{Firing, Generic, Subject},
};

const KIND: &str = "complaint";
/// The kind of what is said of a source that Vigie asks.
const SOURCE: &str = "source";
/// How long to wait before a warning that could not be stored is tried again.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Serialize, Deserialize)]
struct Complaint {
    title: String,
    text: String,
}

/// A complaint, ready to be stored.
pub fn complaint(title: &str, text: &str) -> Arrival {
    let body = Complaint { title: title.to_owned(), text: text.to_owned() };
    arrival(KIND, text.to_owned(), format!("{title}\n{text}"), &body)
}

fn arrival(kind: &str, source_key: String, object: String, body: &impl Serialize) -> Arrival {
    Arrival {
        source: Source::Vigie,
        told: Told::AtOnce,
        delivery: None,
        kind: kind.to_owned(),
        source_key,
        object,
        // Texts and numbers always make JSON.
        body: serde_json::to_vec(body).unwrap_or_default(),
    }
}

#[derive(Serialize, Deserialize)]
struct Trouble {
    source: String,
    state: Firing,
    title: String,
    text: String,
}

impl Trouble {
    fn object(&self) -> String {
        format!("source {}", self.source)
    }

    fn key(&self) -> String {
        let state = if self.state == Firing::Firing { "firing" } else { "resolved" };
        format!("{} {state}", self.object())
    }
}

/// That `source` can't be asked (`Firing`), or can again, ready to be stored. Its key is its state, whatever the
/// words.
pub fn trouble(source: &str, state: Firing, title: String, text: String) -> Arrival {
    let body = Trouble { source: source.to_owned(), state, title, text };
    arrival(SOURCE, body.key(), body.object(), &body)
}

#[derive(Serialize, Deserialize)]
struct Beat {
    channel: u64,
    title: String,
    text: String,
}

impl Beat {
    fn object(&self) -> String {
        pulse_in(self.channel)
    }
}

/// What the signs of life in `channel` have in common: one incident, and so one message.
pub fn pulse_in(channel: u64) -> String {
    format!("{PULSE} {channel}")
}

/// A sign of life for `channel`, ready to be stored. There comes one `every` so often, and each is news.
pub fn beat(channel: u64, every: Duration, language: Language) -> Arrival {
    let minutes = every.as_secs() / 60;
    let (title, text) =
        (language.text("pulse-title", &[]), language.text("pulse-text", &[("minutes", minutes.into())]));
    let body = Beat { channel, title, text };
    arrival(PULSE, String::new(), body.object(), &body)
}

/// Says each of the store's warnings to the team in its language, until `cancel`.
pub async fn pass_on_warnings(store: Store, language: Language, clock: Clock, cancel: CancellationToken) {
    let mut warnings = store.warnings();
    let title = language.text("store-title", &[]);
    loop {
        let warning = warnings.borrow_and_update().clone();
        let mut said = true;
        if let Some(reason) = warning
            && let Err(error) = store.accept(complaint(&title, &reason.text(language))).await
        {
            tracing::warn!(%error, "can't store a warning for the team; trying again while it holds");
            said = false;
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = clock.sleep(PAUSE), if !said => {}
            Ok(()) = warnings.changed() => {}
        }
    }
}

/// Reads again what was stored as `kind`.
pub fn read(kind: &str, body: &[u8]) -> Result<Event, String> {
    let unreadable = |error: serde_json::Error| error.to_string();
    if kind == SOURCE {
        let trouble: Trouble = serde_json::from_slice(body).map_err(unreadable)?;
        let (object, key) = (trouble.object(), trouble.key());
        let Trouble { state, title, text, .. } = trouble;
        let subject = Generic { firing: Some(state), title, text, url: None };
        let incident = Some(object.clone());
        return Ok(Event { kind: SOURCE.to_owned(), incident, ..event(object, key, subject) });
    }
    if kind == PULSE {
        let beat: Beat = serde_json::from_slice(body).map_err(unreadable)?;
        let object = beat.object();
        let subject = Generic { title: beat.title, text: beat.text, ..Generic::default() };
        let (incident, severity) = (Some(object.clone()), Severity::Info);
        return Ok(Event {
            kind: PULSE.to_owned(),
            incident,
            severity,
            ..event(object, String::new(), subject)
        });
    }
    let Complaint { title, text } = serde_json::from_slice(body).map_err(unreadable)?;
    let subject = Generic { title: title.clone(), text: text.clone(), ..Generic::default() };
    Ok(event(format!("{title}\n{text}"), text, subject))
}

fn event(object: String, source_key: String, subject: Generic) -> Event {
    Event {
        source: Source::Vigie,
        told: Told::AtOnce,
        kind: KIND.to_owned(),
        source_key,
        object,
        incident: None,
        repository: None,
        repository_url: None,
        service: None,
        severity: Severity::Warning,
        labels: BTreeMap::new(),
        actor: None,
        at: None,
        subject: Subject::Generic(subject),
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::*;
    use crate::{
        config::{Conditions, Route},
        health::Health,
        incident::{route::Routes, worker::Worker},
        intake,
        reason::Reason,
        render::buttons::Silencing,
        store::Settings,
        telemetry::Metrics,
    };

    const FALLBACK: u64 = 9;

    /// Takes what is stored to the outbox. Everything but Vigie's own words goes to another channel.
    fn worker(folder: &Path) -> Worker {
        let clock = Clock::manual("2026-11-21T10:00:00Z".parse().unwrap());
        let store = Store::open(Settings {
            path: folder.join("vigie.db"),
            keep: Duration::from_hours(90 * 24),
            clock: clock.clone(),
            metrics: Metrics::default(),
            health: Health::default(),
        })
        .unwrap();
        let elsewhere = Route {
            conditions: Conditions::default(),
            channels: vec![1],
            mention: None,
            quiet: None,
            digest_after: 0,
        };
        let routes = Arc::new(Routes { routes: vec![elsewhere], fallback: FALLBACK, pulse: None });
        Worker {
            store,
            routes,
            critical: Arc::default(),
            silencing: Silencing::Withheld,
            language: Language::En,
            reader: intake::read,
            clock,
        }
    }

    /// What the outbox has for each channel, in the order in which it came.
    async fn said(worker: &Worker) -> Vec<(u64, String)> {
        while worker.work().await.unwrap() > 0 {}
        let rows = worker.store.read(|conn| {
            let mut statement = conn.prepare("SELECT channel_id, payload FROM outbox ORDER BY id")?;
            let rows =
                statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        });
        let rows = rows.await.unwrap();
        rows.into_iter().map(|(channel, payload)| (channel.unsigned_abs(), payload)).collect()
    }

    /// The store warns of these, and the team is told.
    async fn warn(store: &Store, reasons: impl IntoIterator<Item = Option<&'static str>>) {
        for reason in reasons {
            store.warn(reason.map(|path| Reason::new("store-nearly-full").with("path", path)));
            // It hands over what it heard before it waits again, and the store takes one job after the other.
            tokio::task::yield_now().await;
            store.write(|_| Ok(())).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_warning_of_the_store_is_said_in_the_fallback_channel_and_again_only_when_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let worker = worker(folder.path());
        let (store, cancel) = (worker.store.clone(), CancellationToken::new());
        let telling = pass_on_warnings(store.clone(), Language::En, worker.clock.clone(), cancel.clone());
        let telling = tokio::spawn(telling);

        warn(&store, [Some("/a")]).await;
        let first = said(&worker).await;
        let [(channel, message)] = first.as_slice() else { panic!("{first:?}") };
        assert_eq!(*channel, FALLBACK);
        assert!(message.contains("Vigie's store") && message.contains("The disk that holds"), "{message}");

        // The same words, or a condition that goes and comes back the same day, are no news.
        warn(&store, [Some("/a"), None, Some("/a")]).await;
        assert_eq!(said(&worker).await, first);

        warn(&store, [Some("/b")]).await;
        let second = said(&worker).await;
        assert_eq!(second.len(), 2, "{second:?}");
        assert_eq!(second[..1], first);
        assert!(second[1].0 == FALLBACK && second[1].1.contains("/b"), "{second:?}");

        cancel.cancel();
        telling.await.unwrap();
    }

    #[tokio::test]
    async fn a_warning_of_the_store_is_said_in_the_language_of_the_team() {
        let folder = tempfile::tempdir().unwrap();
        let worker = worker(folder.path());
        let (store, cancel) = (worker.store.clone(), CancellationToken::new());
        let telling = pass_on_warnings(store.clone(), Language::Fr, worker.clock.clone(), cancel.clone());
        let telling = tokio::spawn(telling);
        warn(&store, [Some("/a")]).await;
        let said = said(&worker).await;
        assert!(said[0].1.contains("est presque plein"), "{said:?}");
        cancel.cancel();
        telling.await.unwrap();
    }

    #[test]
    fn a_complaint_is_read_as_it_was_said() {
        let arrival = complaint("A role can't be mentioned", "Make it mentionable.");
        let event = read(&arrival.kind, &arrival.body).unwrap();
        assert_eq!((&event.object, &event.source_key), (&arrival.object, &arrival.source_key));
        assert!(
            matches!(event.subject, Subject::Generic(Generic { text, .. }) if text == "Make it mentionable.")
        );
    }

    #[test]
    fn a_source_that_fails_and_returns_is_one_incident() {
        let tell = |state, text: &str| {
            let arrival = trouble("gitea", state, "Vigie can't ask gitea".into(), text.into());
            let event = read(&arrival.kind, &arrival.body).unwrap();
            assert_eq!((&event.object, &event.source_key), (&arrival.object, &arrival.source_key));
            event
        };
        let (first, again) = (tell(Firing::Firing, "no route"), tell(Firing::Firing, "no answer"));
        assert_eq!(first.source_key, again.source_key);
        let back = tell(Firing::Resolved, "");
        assert_eq!(back.incident, first.incident);
        assert_ne!(back.source_key, first.source_key);
    }
}
