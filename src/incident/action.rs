//! What people do about an incident. Invariants:
//! - a deed, its row in the audit and the message that shows it are one transaction;
//! - who does what is done already changes nothing and is told how it stands: a double press, two people at
//!   once and an interaction that comes twice are one deed;
//! - a silence is begun in the audit before the source is asked for it, and ended there afterwards, so what a
//!   crash cut off can be settled (`Worker::interrupted`).

mod silence;

use std::borrow::Cow;

use jiff::Timestamp;
use rusqlite::Connection;

pub use self::silence::{Begin, Ticket};
use super::{
    Acknowledged, Incident, Life, Silence,
    desk::{self, Desk},
    worker::Worker,
};
use crate::{
    event::Source,
    reason::Reason,
    store::{
        StoreError,
        audit::{self, Entry},
        incidents,
    },
    subject::{Alert, Subject},
};

/// Somebody who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// Discord's id of the user.
    pub id: u64,
    /// Their name, as Discord knows it.
    pub name: String,
}

/// What can be done about an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// To say that one looks after it.
    Acknowledge,
    /// To say that nobody does any more.
    Release,
    /// To keep its alert quiet at the source.
    Silence {
        /// Until when.
        until: Timestamp,
    },
    /// To end that.
    Unsilence,
}

impl Deed {
    /// Its name in the audit.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Release => "undo acknowledge",
            Self::Silence { .. } => "silence",
            Self::Unsilence => "undo silence",
        }
    }
}

/// A deed that somebody wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Who wants it.
    pub who: Who,
    /// What.
    pub deed: Deed,
    /// The incident, by its reference.
    pub reference: String,
    /// Where they asked for it.
    pub link: String,
}

/// What became of a deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It was so already.
    Already,
    /// Somebody else is having it done.
    UnderWay,
    /// The incident has ended.
    Over,
    /// There is no such incident; it may be older than `keep`.
    Unknown,
    /// It has no alert that can be silenced, or its source can't be asked.
    Unsilenceable,
    /// The source refused, or was not reached: why.
    Refused(Reason),
    /// The source did not answer, so it is looked up later whether it did it: what went wrong.
    Unsure(Reason),
}

impl Outcome {
    fn audited(&self) -> (audit::Outcome, Cow<'static, str>) {
        match self {
            Self::Done => (audit::Outcome::Done, "".into()),
            Self::Already => (audit::Outcome::Unchanged, "it was so already".into()),
            Self::UnderWay => (audit::Outcome::Unchanged, "somebody else was having it done".into()),
            Self::Over => (audit::Outcome::Refused, "the incident has ended".into()),
            Self::Unknown => (audit::Outcome::Refused, "there is no such incident".into()),
            Self::Unsilenceable => (audit::Outcome::Refused, "it has no alert that can be silenced".into()),
            Self::Refused(why) => (audit::Outcome::Refused, why.to_string().into()),
            Self::Unsure(why) => (audit::Outcome::Begun, why.to_string().into()),
        }
    }
}

/// What became of a deed, and how the incident stands since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What became of it.
    pub outcome: Outcome,
    /// Who looks after the incident.
    pub acknowledged: Option<Acknowledged>,
    /// What keeps its alert quiet.
    pub silence: Option<Silence>,
}

impl Verdict {
    fn of(outcome: Outcome, incident: &Incident) -> Self {
        Self { outcome, acknowledged: incident.acknowledged.clone(), silence: incident.silence.clone() }
    }

    pub(crate) fn without_incident(outcome: Outcome) -> Self {
        Self { outcome, acknowledged: None, silence: None }
    }
}

impl Incident {
    /// Whether people can say that they look after it: it goes on, and something reports that it is wrong.
    pub const fn can_be_acknowledged(&self) -> bool {
        matches!(self.life, Life::Open)
            && matches!(
                self.subject,
                Subject::Alert(_) | Subject::Availability(_) | Subject::Unit(_) | Subject::Generic(_)
            )
    }

    /// The alert that a silence of Alertmanager can keep quiet.
    pub fn silenceable(&self) -> Option<&Alert> {
        self.alert().filter(|_| self.life == Life::Open)
    }

    /// The alert of Alertmanager that it shows.
    fn alert(&self) -> Option<&Alert> {
        let Subject::Alert(alert) = &self.subject else { return None };
        let mut told = self.reports.iter().filter(|report| report.name == alert.name).peekable();
        // The source of an outage is who reported it first.
        let of_alertmanager = match told.peek() {
            Some(_) => told.all(|report| report.source == Source::Alertmanager),
            None => self.source == Source::Alertmanager,
        };
        of_alertmanager.then_some(alert)
    }
}

impl Worker {
    /// Does `act`, which is to acknowledge or to undo that.
    pub(crate) async fn acknowledge(&self, act: Act) -> Result<Verdict, StoreError> {
        self.at_desk(move |desk, conn| desk.acknowledge(conn, &act)).await
    }

    /// Keeps in the audit that `act` was refused before anything was tried.
    pub(crate) async fn forbidden(&self, act: Act) -> Result<(), StoreError> {
        let detail = "no permission";
        self.at_desk(move |desk, conn| desk.audit(conn, &act, audit::Outcome::Forbidden, detail)).await?;
        Ok(())
    }
}

impl Desk {
    fn acknowledge(&self, conn: &Connection, act: &Act) -> Result<Verdict, StoreError> {
        let Some((id, mut incident)) = find(conn, &act.reference)? else {
            return self.settle(conn, act, Verdict::without_incident(Outcome::Unknown));
        };
        let wanted = act.deed == Deed::Acknowledge;
        let outcome = if !incident.can_be_acknowledged() {
            Outcome::Over
        } else if incident.acknowledged.is_some() == wanted {
            Outcome::Already
        } else {
            incident.acknowledged = wanted.then(|| Acknowledged { by: act.who.id, at: self.now() });
            self.save(conn, id, &incident)?;
            Outcome::Done
        };
        self.settle(conn, act, Verdict::of(outcome, &incident))
    }

    /// Stores and shows what was changed.
    fn save(&self, conn: &Connection, id: i64, incident: &Incident) -> Result<(), StoreError> {
        incidents::save(conn, &desk::row(id, incident, self.now_ms)?)?;
        self.show(conn, id, incident, self.now_ms)
    }

    /// Adds to the audit what became of `act`.
    fn settle(&self, conn: &Connection, act: &Act, verdict: Verdict) -> Result<Verdict, StoreError> {
        let (outcome, detail) = verdict.outcome.audited();
        self.audit(conn, act, outcome, &detail)?;
        Ok(verdict)
    }

    fn audit(
        &self,
        conn: &Connection,
        act: &Act,
        outcome: audit::Outcome,
        detail: &str,
    ) -> Result<i64, StoreError> {
        let detail = match act.deed {
            Deed::Silence { until } => format!("until {until}; {detail}"),
            _ => detail.to_owned(),
        };
        let entry = Entry {
            at_ms: self.now_ms,
            user_id: act.who.id,
            user_name: act.who.name.clone(),
            action: act.deed.as_str().to_owned(),
            reference: act.reference.clone(),
            outcome,
            detail: detail.trim_end_matches("; ").to_owned(),
        };
        audit::add(conn, &entry)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now_ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

fn find(conn: &Connection, reference: &str) -> Result<Option<(i64, Incident)>, StoreError> {
    Ok(incidents::find_by_reference(conn, reference)?.as_ref().and_then(desk::readable))
}

#[cfg(test)]
mod tests;
