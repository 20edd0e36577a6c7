//! What one arrival changes, within one transaction: its incident, its messages, and that it is settled.
//! Invariant: nothing here outlives the transaction, so what fails leaves no trace.

use std::{cell::RefCell, collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Incident, Life,
    digest::Stale,
    news::{self, Detail, Notice},
    outage,
    reference::reference,
    route::Routes,
};
use crate::{
    event::{Event, PULSE, Source},
    language::Language,
    render::{
        self,
        buttons::{self, Silencing},
        message::Message,
    },
    store::{
        Draft, IncidentRow, StoreError, inbox, incidents,
        outbox::{self, Place, Reply},
    },
};

/// How many references are tried. With 30 bits each, eight clashes in a row do not happen.
const ATTEMPTS: u32 = 8;

/// What is needed within the transaction.
pub(super) struct Desk {
    pub(super) routes: Arc<Routes>,
    pub(super) critical: Arc<BTreeSet<String>>,
    pub(super) silencing: Silencing,
    pub(super) language: Language,
    pub(super) now_ms: i64,
    /// What is left for [`Desk::refresh`].
    pub(super) stale: RefCell<Stale>,
}

/// An arrival that was read.
pub(super) struct Item {
    pub(super) inbox_id: i64,
    pub(super) received_ms: i64,
    pub(super) event: Result<Event, String>,
}

impl Desk {
    /// Takes one arrival. What it changes in digests shows with [`Desk::refresh`].
    pub(super) fn take(&self, conn: &Connection, store_id: &str, item: Item) -> Result<(), StoreError> {
        let Item { inbox_id, received_ms, event } = item;
        let mut event = match event {
            Ok(event) => event,
            Err(reason) => return inbox::fail(conn, inbox_id, &reason),
        };
        let received = Timestamp::from_millisecond(received_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        if event.incident.as_ref() != Some(&event.object) {
            self.note(conn, &event, received, received_ms)?;
        }
        outage::weigh(&mut event, &self.critical);
        let outage = outage::key(&event);
        let alone = || format!("inbox {inbox_id}");
        let (key, known) = match outage {
            Some(key) => (key.clone(), incidents::find_of_any_source(conn, &key)?),
            None => match event.incident.clone() {
                Some(key) => (key.clone(), incidents::find(conn, event.source, &key)?),
                None => (alone(), None),
            },
        };
        let known =
            known.as_ref().and_then(readable).filter(|(_, incident)| incident.continues(&event, received));
        let (id, incident, replies) = if let Some((id, before)) = known {
            let (details, decision) = (Detail::of(&before, &event), self.routes.decide(&event));
            let mut incident = before.clone().after(event, received);
            let replies = if before.withheld.is_some() || before.channels.is_empty() {
                self.reconsider(conn, &before, (id, &mut incident), decision, received)?;
                Vec::new()
            } else {
                let notice = self.notice(conn, &before, (id, &incident), &decision, received)?;
                let replies = self.replies(&mut incident, details, notice, &decision.mentions);
                let quiet = self.quiet_until(&decision, incident.severity, received);
                if incident.severity > before.severity && quiet.is_none() {
                    incident.show_too(&decision);
                }
                replies
            };
            (incidents::save(conn, &row(id, &incident, received_ms)?)?, incident, replies)
        } else {
            let decision = self.routes.decide(&event);
            // Named where a clash with another name shows.
            let mut incident = Incident::open(event, key, String::new(), decision.clone(), received);
            incident.withheld = self.withholds(conn, &incident, &decision, received)?;
            let (id, incident) = open(conn, incident, store_id, inbox_id, received_ms)?;
            self.gather(conn, (id, &incident), &decision, received)?;
            (id, incident, Vec::new())
        };
        self.show(conn, id, &incident, received_ms)?;
        for reply in replies {
            self.answer(conn, id, &incident, &reply, received_ms)?;
        }
        inbox::settle(conn, inbox_id)
    }

    /// Takes an event that stands for itself (a review) also into the history of the incident that its
    /// object is (the pull request), if that is known.
    fn note(
        &self,
        conn: &Connection,
        event: &Event,
        received: Timestamp,
        received_ms: i64,
    ) -> Result<(), StoreError> {
        let known = incidents::find(conn, event.source, &event.object)?.as_ref().and_then(readable);
        let Some((id, mut incident)) = known else { return Ok(()) };
        incident.note(event, received);
        incidents::save(conn, &row(id, &incident, received_ms)?)?;
        self.show(conn, id, &incident, received_ms)
    }

    /// Shows the incident in its own messages unless it is withheld, and in the digests that it is a member of.
    pub(super) fn show(
        &self,
        conn: &Connection,
        id: i64,
        incident: &Incident,
        accepted_ms: i64,
    ) -> Result<(), StoreError> {
        if incident.withheld.is_none() {
            self.put(conn, id, incident, accepted_ms)?;
        }
        self.tell_digests(conn, id, incident, accepted_ms)
    }

    /// Makes the incident's own messages what Discord should show.
    pub(super) fn put(
        &self,
        conn: &Connection,
        id: i64,
        incident: &Incident,
        accepted_ms: i64,
    ) -> Result<(), StoreError> {
        let components = buttons::rows(incident, self.language, self.silencing);
        let message = Message { components, ..render::message(incident, self.language) };
        let payload = json(&message)?;
        for channel_id in &incident.channels {
            let draft = Draft {
                incident_id: id,
                channel_id: *channel_id,
                reference: incident.reference.clone(),
                payload: payload.clone(),
                accepted_ms,
                reply: None,
                whole: message.whole.clone(),
            };
            outbox::put(conn, &draft, self.now_ms)?;
            if incident.source == Source::Vigie && incident.kind == PULSE {
                outbox::hurry(conn, id, *channel_id)?;
            }
        }
        Ok(())
    }

    /// What is said of the step to `after` beside the edit. Details go first: a notice is what
    /// people see last.
    fn replies(
        &self,
        after: &mut Incident,
        details: Vec<Detail>,
        notice: Option<Notice>,
        roles: &[u64],
    ) -> Vec<Answer> {
        let mut answers = Vec::new();
        let next = |after: &mut Incident| {
            after.replies += 1;
            (after.replies <= news::REPLIES).then(|| format!("{}-{}", after.reference, after.replies))
        };
        for detail in details {
            let Some(reference) = next(after) else { break };
            let message = render::news::detail(&detail, &reference, self.language);
            answers.push(Answer {
                channels: after.channels.clone(),
                place: Place::Thread,
                reference,
                message,
            });
        }
        if let Some(notice) = notice
            && let Some(reference) = next(after)
        {
            let roles = if notice.pings() && after.acknowledged.is_none() { roles } else { &[] };
            let message = render::news::notice(after, notice, roles, &reference, self.language);
            answers.push(Answer {
                channels: after.channels.clone(),
                place: Place::Channel,
                reference,
                message,
            });
        }
        answers
    }

    /// Puts a reply to each message of the incident into the outbox. It has an incident of its own, which was
    /// over at once, so that it has a reference and goes when it is old.
    fn answer(
        &self,
        conn: &Connection,
        id: i64,
        incident: &Incident,
        answer: &Answer,
        accepted_ms: i64,
    ) -> Result<(), StoreError> {
        let own = IncidentRow {
            id: 0,
            key: format!("reply {}", answer.reference),
            reference: answer.reference.clone(),
            open: false,
            data: "{}".into(),
            ..row(id, incident, accepted_ms)?
        };
        let own = incidents::save(conn, &own)?;
        for channel_id in &answer.channels {
            let Some(main) = outbox::find(conn, id, *channel_id)? else { continue };
            let draft = Draft {
                incident_id: own,
                channel_id: *channel_id,
                reference: answer.reference.clone(),
                payload: json(&answer.message)?,
                accepted_ms,
                reply: Some(Reply { to: main.id, place: answer.place }),
                whole: answer.message.whole.clone(),
            };
            outbox::put(conn, &draft, self.now_ms)?;
        }
        Ok(())
    }
}

/// A reply that is to be sent.
struct Answer {
    channels: Vec<u64>,
    place: Place,
    reference: String,
    message: Message,
}

/// Stores a new incident under the first name that is free.
pub(super) fn open(
    conn: &Connection,
    mut incident: Incident,
    seed: &str,
    number: i64,
    received_ms: i64,
) -> Result<(i64, Incident), StoreError> {
    let mut attempt = 0;
    loop {
        incident.reference = reference(seed, number, attempt);
        attempt += 1;
        match incidents::save(conn, &row(0, &incident, received_ms)?) {
            Err(StoreError::Sqlite(error))
                if attempt < ATTEMPTS
                    && error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {}
            saved => return Ok((saved?, incident)),
        }
    }
}

pub(super) fn row(id: i64, incident: &Incident, received_ms: i64) -> Result<IncidentRow, StoreError> {
    Ok(IncidentRow {
        id,
        source: incident.source,
        key: incident.key.clone(),
        reference: incident.reference.clone(),
        open: incident.life == Life::Open,
        severity: incident.severity,
        opened_ms: incident.opened.as_millisecond(),
        updated_ms: received_ms,
        data: json(incident)?,
    })
}

/// A stored incident with its id. One that can't be read (a newer release wrote it) is left as it is, and its
/// next event opens another.
pub(super) fn readable(row: &IncidentRow) -> Option<(i64, Incident)> {
    match serde_json::from_str(&row.data) {
        Ok(incident) => Some((row.id, incident)),
        Err(error) => {
            tracing::error!(
                source = row.source.as_str(), key = row.key, reference = row.reference, %error,
                "a stored incident can't be read; its next event opens a new one"
            );
            None
        }
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Sqlite(rusqlite::Error::ToSqlConversionFailure(error.into())))
}
