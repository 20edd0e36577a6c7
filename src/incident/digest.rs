//! Incidents that share a message: those of a storm, of quiet hours, of a backlog. Invariants:
//! - what is withheld is a member of a digest from the same transaction on, so that nothing is shown nowhere;
//! - only what watches over something is gathered in a storm or a backlog; a forge event, a pipeline or a
//!   deployment never is;
//! - each critical member is listed by name as far as a message has room; the others are counted;
//! - a storm tells each role that a route mentions once: what would mention one that its digest did not has a
//!   message of its own.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{
    Incident, Life, Notice, backlog,
    desk::{Desk, json, open, readable, row},
    quiet,
    route::Decision,
    storm::Storm,
};
use crate::{
    config::DIGEST_AFTER,
    event::{Event, Severity, Source, Told},
    store::{
        StoreError,
        digests::{self, MemberRow},
        incidents, meta, outbox,
    },
    subject::{Digest, Gathering, Group, Member, Phase, Subject},
};

/// How many critical members of a phase a digest names: no message has room for more.
const CRITICAL_LISTED: u32 = 150;
/// How many other members of a severity and phase a digest names.
const OTHERS_LISTED: u32 = 10;

/// Why an incident has no message of its own, but stands in a digest's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Withheld {
    /// Too many came at once.
    Storm,
    /// It came in quiet hours.
    Quiet {
        /// When these end.
        until: Timestamp,
    },
}

/// Whether a subject may share a message in a storm or a backlog.
pub(super) fn is_gathered(subject: &Subject) -> bool {
    match subject {
        Subject::Alert(_) | Subject::Availability(_) | Subject::Unit(_) => true,
        Subject::Generic(generic) => generic.firing.is_some(),
        _ => false,
    }
}

/// Digests whose members changed, with the newest time at which one did.
pub(super) type Stale = BTreeMap<i64, i64>;

/// A new digest.
pub(super) struct Opening {
    pub(super) gathering: Gathering,
    pub(super) key: String,
    /// With the key, what its name follows from, because no arrival opens it.
    pub(super) seed: i64,
    pub(super) channels: Vec<u64>,
    pub(super) mentions: Vec<u64>,
    pub(super) since: Timestamp,
    pub(super) until: Option<Timestamp>,
}

impl Desk {
    /// Whether something that has no message yet, of which `decision` is, is shown in a digest, and why.
    pub(super) fn withholds(
        &self,
        conn: &Connection,
        incident: &Incident,
        decision: &Decision,
        received: Timestamp,
    ) -> Result<Option<Withheld>, StoreError> {
        if let Some(until) = self.quiet_until(decision, incident.severity, received) {
            return Ok(Some(Withheld::Quiet { until }));
        }
        if incident.source == Source::Vigie || !is_gathered(&incident.subject) {
            return Ok(None);
        }
        let (name, mut storm) = storm_of(conn, decision)?;
        let route = decision.route.and_then(|at| self.routes.routes.get(at));
        let limit = route.map_or(DIGEST_AFTER, |route| route.digest_after);
        let gathers = storm.gathers(received.as_millisecond(), limit);
        let tells = storm.digest.is_some() && decision.mentions.iter().any(|role| !storm.told.contains(role));
        if gathers {
            storm.told.extend(&decision.mentions);
        }
        digests::save_storm(conn, &name, &json(&storm)?)?;
        Ok((gathers && !tells).then_some(Withheld::Storm))
    }

    /// When the quiet hours end in which the route holds back what matters that much.
    pub(super) fn quiet_until(
        &self,
        decision: &Decision,
        severity: Severity,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let hours = self.routes.routes.get(decision.route?)?.quiet.as_ref()?;
        if hours.except.contains(&severity) { None } else { quiet::until(hours, at) }
    }

    /// Decides anew about a withheld incident, as it was `before` an event for which `decision` is and as it is
    /// since. One of quiet hours is shown once it matters enough, or goes on when these are over; one of a
    /// storm or backlog, once it matters more and a role is to be told that was not.
    pub(super) fn reconsider(
        &self,
        conn: &Connection,
        before: &Incident,
        (id, incident): (i64, &mut Incident),
        decision: Decision,
        received: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(Withheld::Quiet { until }) = incident.withheld else {
            let worse = incident.life == Life::Open && incident.severity > before.severity;
            if worse && !decision.mentions.is_empty() {
                let (name, mut storm) = storm_of(conn, &decision)?;
                if decision.mentions.iter().any(|role| !storm.told.contains(role)) {
                    storm.told.extend(&decision.mentions);
                    digests::save_storm(conn, &name, &json(&storm)?)?;
                    (incident.withheld, incident.mentions) = (None, decision.mentions);
                    incident.channels = decision.channels;
                }
            }
            return Ok(());
        };
        let still_quiet = received < until;
        // Its end shows in the summary; a forge event that comes later has its own message.
        if incident.life == Life::Closed && (still_quiet || is_gathered(&incident.subject)) {
            return Ok(());
        }
        if still_quiet && self.quiet_until(&decision, incident.severity, received) == Some(until) {
            return Ok(());
        }
        incident.withheld = self.withholds(conn, incident, &decision, received)?;
        incident.channels.clone_from(&decision.channels);
        incident.mentions.clone_from(&decision.mentions);
        for digest in digests::leave_held(conn, id)? {
            self.is_stale(digest, received.as_millisecond());
        }
        self.gather(conn, (id, incident), &decision, received)
    }

    /// What is news of an incident that has messages. In quiet hours nothing is: it stands in their summary.
    pub(super) fn notice(
        &self,
        conn: &Connection,
        before: &Incident,
        (id, after): (i64, &Incident),
        decision: &Decision,
        received: Timestamp,
    ) -> Result<Option<Notice>, StoreError> {
        let notice = Notice::of(before, after);
        let quiet = self.quiet_until(decision, after.severity, received).filter(|_| notice.is_some());
        let Some(until) = quiet else { return Ok(notice) };
        for channel in &after.channels {
            let digest = summary(conn, *channel, after, (received, until))?;
            self.enlist(conn, digest, id, after, received)?;
        }
        Ok(None)
    }

    /// Makes a withheld incident, of which `decision` is, a member of the digests that show it.
    pub(super) fn gather(
        &self,
        conn: &Connection,
        (id, incident): (i64, &Incident),
        decision: &Decision,
        received: Timestamp,
    ) -> Result<(), StoreError> {
        let digests = match incident.withheld {
            Some(Withheld::Storm) => vec![storm_digest(conn, incident, decision, received)?],
            Some(Withheld::Quiet { until }) => incident
                .channels
                .iter()
                .map(|channel| summary(conn, *channel, incident, (received, until)))
                .collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        for digest in digests {
            self.enlist(conn, digest, id, incident, received)?;
        }
        Ok(())
    }

    pub(super) fn enlist(
        &self,
        conn: &Connection,
        digest: i64,
        id: i64,
        incident: &Incident,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        digests::join(conn, digest, &member(id, incident))?;
        self.is_stale(digest, at.as_millisecond());
        Ok(())
    }

    /// Notes in the digests how their member stands now.
    pub(super) fn tell_digests(
        &self,
        conn: &Connection,
        id: i64,
        incident: &Incident,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        for digest in digests::update(conn, &member(id, incident))? {
            self.is_stale(digest, at_ms);
        }
        Ok(())
    }

    /// Shows all digests whose time has come, and those that changed as they stand now.
    pub(super) fn refresh(&self, conn: &Connection) -> Result<(), StoreError> {
        for (digest, due_ms) in digests::release(conn, self.now_ms)? {
            self.is_stale(digest, due_ms);
        }
        for (id, at_ms) in self.stale.take() {
            let Some((id, mut incident)) = find(conn, Some(id))? else { continue };
            let listed =
                |severity| if severity == Severity::Critical { CRITICAL_LISTED } else { OTHERS_LISTED };
            let groups = digests::groups(conn, id, listed)?;
            incident.updated =
                incident.updated.max(Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH));
            incident.severity = worst(&groups);
            let Subject::Digest(digest) = &mut incident.subject else { continue };
            digest.groups = groups;
            incident.life = if digest.count(Phase::Open) > 0 { Life::Open } else { Life::Closed };
            let backlog = digest.gathering == Gathering::Backlog;
            let (shown, empty) = (!digests::is_held(conn, id)?, digest.groups.is_empty());
            incidents::save(conn, &row(id, &incident, at_ms)?)?;
            if shown && !empty {
                self.put(conn, id, &incident, at_ms)?;
            }
            if backlog {
                for channel in &incident.channels {
                    outbox::prefer(conn, id, *channel, backlog::PRIORITY)?;
                }
            }
        }
        Ok(())
    }

    /// Leaves it to [`Desk::refresh`] to show how the digest stands.
    fn is_stale(&self, digest: i64, at_ms: i64) {
        let mut stale = self.stale.borrow_mut();
        let newest = stale.entry(digest).or_insert(at_ms);
        *newest = at_ms.max(*newest);
    }
}

/// The digest of the storm on the incident's route.
fn storm_digest(
    conn: &Connection,
    incident: &Incident,
    decision: &Decision,
    received: Timestamp,
) -> Result<i64, StoreError> {
    let (name, mut storm) = storm_of(conn, decision)?;
    if let Some((id, known)) = find(conn, storm.digest)?
        && known.channels == incident.channels
    {
        return Ok(id);
    }
    let id = open_digest(
        conn,
        Opening {
            gathering: Gathering::Storm,
            key: format!("storm {name} {}", incident.reference),
            seed: 0,
            channels: incident.channels.clone(),
            mentions: incident.mentions.clone(),
            since: received,
            until: None,
        },
    )?;
    storm.digest = Some(id);
    digests::save_storm(conn, &name, &json(&storm)?)?;
    Ok(id)
}

/// The summary of the quiet hours that end at `until` in `channel`. It mentions whom its members would.
fn summary(
    conn: &Connection,
    channel: u64,
    incident: &Incident,
    (since, until): (Timestamp, Timestamp),
) -> Result<i64, StoreError> {
    let key = format!("quiet {channel} {}", until.as_millisecond());
    if let Some(known) = incidents::find(conn, Source::Vigie, &key)? {
        mention(conn, known.id, &incident.mentions)?;
        return Ok(known.id);
    }
    let mentions = incident.mentions.clone();
    let opening = Opening {
        gathering: Gathering::Quiet,
        key,
        seed: 0,
        channels: vec![channel],
        mentions,
        since,
        until: Some(until),
    };
    let id = open_digest(conn, opening)?;
    digests::hold(conn, id, until.as_millisecond())?;
    Ok(id)
}

/// Has the digest mention these roles too.
pub(super) fn mention(conn: &Connection, id: i64, roles: &[u64]) -> Result<(), StoreError> {
    let Some((id, mut digest)) = find(conn, Some(id))? else { return Ok(()) };
    let new: Vec<u64> = roles.iter().copied().filter(|role| !digest.mentions.contains(role)).collect();
    if new.is_empty() {
        return Ok(());
    }
    digest.mentions.extend(new);
    incidents::save(conn, &row(id, &digest, digest.updated.as_millisecond())?)?;
    Ok(())
}

/// Opens a digest, which shows once it has members.
pub(super) fn open_digest(conn: &Connection, opening: Opening) -> Result<i64, StoreError> {
    let Opening { gathering, key, seed, channels, mentions, since, until } = opening;
    let event = Event {
        source: Source::Vigie,
        told: Told::AtOnce,
        kind: "digest".into(),
        source_key: key.clone(),
        object: key.clone(),
        incident: Some(key.clone()),
        repository: None,
        repository_url: None,
        service: None,
        severity: Severity::Info,
        labels: BTreeMap::new(),
        actor: None,
        at: Some(since),
        subject: Subject::Digest(Digest { gathering, since, until, groups: Vec::new() }),
    };
    let decision = Decision { route: None, channels, mentions };
    let store = format!("{} {key}", meta::get(conn, meta::STORE_ID)?.unwrap_or_default());
    let incident = Incident::open(event, key, String::new(), decision, since);
    Ok(open(conn, incident, &store, seed, since.as_millisecond())?.0)
}

/// The digest of this id, if it is still there.
fn find(conn: &Connection, id: Option<i64>) -> Result<Option<(i64, Incident)>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    Ok(incidents::get(conn, id)?.as_ref().and_then(readable))
}

/// The name of the route, and what is known of how fast new incidents come on it.
fn storm_of(conn: &Connection, decision: &Decision) -> Result<(String, Storm), StoreError> {
    let name = decision.route.map_or_else(|| "fallback".into(), |route| format!("routes[{route}]"));
    let known = digests::storm(conn, &name)?;
    // One that a newer release wrote is begun anew.
    let storm = known.and_then(|data| serde_json::from_str(&data).ok()).unwrap_or_default();
    Ok((name, storm))
}

fn member(id: i64, incident: &Incident) -> MemberRow {
    MemberRow {
        incident_id: id,
        severity: incident.severity,
        phase: match incident.life {
            Life::Open => Phase::Open,
            Life::Closed => Phase::Ended,
            Life::Info => Phase::Said,
        },
        member: Member { reference: incident.reference.clone(), title: incident.title() },
    }
}

/// The worst severity of what goes on, or of all if nothing does.
fn worst(groups: &[Group]) -> Severity {
    let open = groups.iter().filter(|group| group.phase == Phase::Open).map(|group| group.severity).max();
    open.or_else(|| groups.iter().map(|group| group.severity).max()).unwrap_or(Severity::Info)
}

#[cfg(test)]
mod tests;
