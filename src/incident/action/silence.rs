//! Silences, whose source must be asked between two transactions. Invariant: at most one deed of this kind is
//! under way for an incident, until it is older than it can take.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::{Act, Deed, Outcome, Verdict, find};
use crate::{
    incident::{Life, Silence, desk, desk::Desk, worker::Worker},
    store::{
        StoreError,
        audit::{self, Begun},
        incidents,
    },
};

/// A deed that is under way: its source is to be asked, and then the ticket given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Its row in the audit.
    audit_id: i64,
    /// Who wants it, by Discord's id of the user.
    pub by: u64,
    /// The incident, by its reference.
    pub reference: String,
    /// What is to be silenced: every label of the alert. Empty if the incident shows another fact by now.
    pub labels: BTreeMap<String, String>,
    /// The silence that is to be ended; `None` if one is to be made.
    pub ends: Option<Silence>,
}

/// Whether a deed can be gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begin {
    /// It can.
    Go(Ticket),
    /// It is settled.
    Settled(Verdict),
}

impl Worker {
    /// Begins `act`, which is to silence or to undo that. What was begun before `lost_ms` holds nobody up.
    pub(crate) async fn begin(&self, act: Act, lost_ms: i64) -> Result<Begin, StoreError> {
        self.at_desk(move |desk, conn| desk.begin(conn, &act, lost_ms)).await
    }

    /// Ends a ticket: the source has `silence` now. If the incident has ended meanwhile, the verdict says so,
    /// and the ticket is still to be ended once the silence is gone.
    pub(crate) async fn silenced(&self, ticket: Ticket, silence: Silence) -> Result<Verdict, StoreError> {
        self.at_desk(move |desk, conn| {
            let Some((id, mut incident)) = find(conn, &ticket.reference)? else {
                return Ok(Verdict::without_incident(Outcome::Unknown));
            };
            if incident.life != Life::Open {
                return Ok(Verdict::of(Outcome::Over, &incident));
            }
            let detail = format!("until {}; silence {}", silence.until, silence.id);
            incident.silence = Some(silence);
            desk.save(conn, id, &incident)?;
            audit::end(conn, ticket.audit_id, audit::Outcome::Done, &detail)?;
            Ok(Verdict::of(Outcome::Done, &incident))
        })
        .await
    }

    /// Ends a ticket: the silence is gone from the source.
    pub(crate) async fn unsilenced(&self, ticket: Ticket) -> Result<Verdict, StoreError> {
        self.at_desk(move |desk, conn| {
            let detail = ticket.ends.as_ref().map(|silence| format!("silence {}", silence.id));
            audit::end(conn, ticket.audit_id, audit::Outcome::Done, &detail.unwrap_or_default())?;
            let Some((id, mut incident)) = find(conn, &ticket.reference)? else {
                return Ok(Verdict::without_incident(Outcome::Done));
            };
            if incident.silence.is_some() && incident.silence == ticket.ends {
                incident.silence = None;
                desk.save(conn, id, &incident)?;
            }
            Ok(Verdict::of(Outcome::Done, &incident))
        })
        .await
    }

    /// Ends a ticket: nothing was changed, because of `outcome`.
    pub(crate) async fn given_up(&self, ticket: Ticket, outcome: Outcome) -> Result<Verdict, StoreError> {
        self.at_desk(move |_, conn| {
            let (audited, detail) = outcome.audited();
            audit::end(conn, ticket.audit_id, audited, &detail)?;
            let found = find(conn, &ticket.reference)?;
            Ok(match found {
                Some((_, incident)) => Verdict::of(outcome, &incident),
                None => Verdict::without_incident(outcome),
            })
        })
        .await
    }

    /// Tickets that were never given back: begun before `lost_ms`, cut off by a crash. Those of which nothing
    /// can be left to do are ended.
    pub(crate) async fn interrupted(&self, lost_ms: i64) -> Result<Vec<Ticket>, StoreError> {
        let begun = self.store.read(move |conn| audit::begun_before(conn, lost_ms)).await?;
        if begun.is_empty() {
            return Ok(Vec::new());
        }
        self.at_desk(move |_, conn| {
            let mut tickets = Vec::new();
            for begun in begun {
                let id = begun.id;
                match lost(conn, begun)? {
                    Some(ticket) => tickets.push(ticket),
                    None => audit::end(conn, id, audit::Outcome::Refused, "Vigie ended before it was done")?,
                }
            }
            Ok(tickets)
        })
        .await
    }

    /// Shows the alerts whose silence has run out as silenced no longer. Answers with how many.
    pub(crate) async fn end_silences(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let run_out = move |conn: &Connection| -> Result<Vec<_>, StoreError> {
            let silenced = incidents::silenced(conn)?;
            let mut incidents: Vec<_> = silenced.iter().filter_map(desk::readable).collect();
            incidents.retain(|(_, one)| one.silence.as_ref().is_some_and(|silence| silence.until <= now));
            Ok(incidents.into_iter().map(|(_, incident)| incident.reference).collect())
        };
        // Looked for aside, because there seldom is one and intake waits for whoever writes.
        let references: Vec<String> = self.store.read(run_out).await?;
        if references.is_empty() {
            return Ok(0);
        }
        let count = references.len();
        self.at_desk(move |desk, conn| {
            for reference in references {
                let Some((id, mut incident)) = find(conn, &reference)? else { continue };
                if incident.silence.take_if(|silence| silence.until <= now).is_some() {
                    desk.save(conn, id, &incident)?;
                }
            }
            Ok(count)
        })
        .await
    }
}

impl Desk {
    fn begin(&self, conn: &Connection, act: &Act, lost_ms: i64) -> Result<Begin, StoreError> {
        let settled = |verdict| self.settle(conn, act, verdict).map(Begin::Settled);
        let Some((_, incident)) = find(conn, &act.reference)? else {
            return settled(Verdict::without_incident(Outcome::Unknown));
        };
        let silences = matches!(act.deed, Deed::Silence { .. });
        let labels = incident.silenceable().map(|alert| alert.labels.clone());
        let refusal = if incident.life != Life::Open {
            Some(Outcome::Over)
        } else if incident.silence.is_some() == silences {
            Some(Outcome::Already)
        } else if silences && labels.is_none() {
            Some(Outcome::Unsilenceable)
        } else if audit::is_under_way(conn, &act.reference, lost_ms)? {
            Some(Outcome::UnderWay)
        } else {
            None
        };
        if let Some(outcome) = refusal {
            return settled(Verdict::of(outcome, &incident));
        }
        Ok(Begin::Go(Ticket {
            audit_id: self.audit(conn, act, audit::Outcome::Begun, "")?,
            by: act.who.id,
            reference: act.reference.clone(),
            labels: labels.unwrap_or_default(),
            ends: incident.silence,
        }))
    }
}

/// The ticket of a deed that was cut off, if its incident is there and has what was to be ended.
fn lost(conn: &Connection, begun: Begun) -> Result<Option<Ticket>, StoreError> {
    let Begun { id, user_id, action, reference } = begun;
    let Some((_, incident)) = find(conn, &reference)? else { return Ok(None) };
    let labels = incident.alert().map(|alert| alert.labels.clone()).unwrap_or_default();
    let ticket = Ticket { audit_id: id, by: user_id, reference, labels, ends: incident.silence };
    if action == Deed::Unsilence.as_str() {
        return Ok(ticket.ends.is_some().then_some(ticket));
    }
    Ok(Some(Ticket { ends: None, ..ticket }))
}
