//! Which incidents share a message, and how fast new ones come. Invariants: an incident is a member of a digest at
//! most once; members are counted where they are listed, so a digest of thousands costs no look at their incidents;
//! a member goes with its incident or its digest.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use crate::{
    event::Severity,
    subject::{Group, Member, Phase},
};

/// What a digest keeps of one of its incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The incident.
    pub incident_id: i64,
    /// How much it matters.
    pub severity: Severity,
    /// Where it stands.
    pub phase: Phase,
    /// Its reference and title.
    pub member: Member,
}

/// Makes the incident a member of the digest.
pub fn join(conn: &Connection, digest_id: i64, row: &MemberRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO digest_members (digest_id, incident_id, severity, phase, reference, title) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET \
               severity = excluded.severity, phase = excluded.phase, title = excluded.title";
    let MemberRow { incident_id, severity, phase, member: Member { reference, title } } = row;
    let values = params![digest_id, incident_id, severity.as_str(), phase.as_str(), reference, title];
    conn.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Notes how a member stands now. Answers with the digests that it is a member of.
pub fn update(conn: &Connection, row: &MemberRow) -> Result<Vec<i64>, StoreError> {
    let sql = "UPDATE digest_members SET severity = ?2, phase = ?3, title = ?4 WHERE incident_id = ?1 \
               RETURNING digest_id";
    let MemberRow { incident_id, severity, phase, member } = row;
    let mut statement = conn.prepare_cached(sql)?;
    let values = params![incident_id, severity.as_str(), phase.as_str(), member.title];
    Ok(statement.query_map(values, |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Takes the incident out of the digests that are not shown yet. Answers with these.
pub fn leave_held(conn: &Connection, incident_id: i64) -> Result<Vec<i64>, StoreError> {
    let sql = "DELETE FROM digest_members WHERE incident_id = ?1 \
               AND digest_id IN (SELECT digest_id FROM digests_held) RETURNING digest_id";
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_map([incident_id], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The members by severity and phase, the worst that goes on first. `listed` says how many of a severity's
/// groups are named at most; the first that joined are.
pub fn groups(
    conn: &Connection,
    digest_id: i64,
    listed: impl Fn(Severity) -> u32,
) -> Result<Vec<Group>, StoreError> {
    let sql =
        "SELECT severity, phase, count(*) FROM digest_members WHERE digest_id = ?1 GROUP BY severity, phase";
    let mut statement = conn.prepare_cached(sql)?;
    let group = |row: &rusqlite::Row<'_>| {
        let count = row.get::<_, i64>(2)?.unsigned_abs();
        Ok(Group { severity: row.get(0)?, phase: row.get(1)?, count, members: Vec::new() })
    };
    let mut groups = statement.query_map([digest_id], group)?.collect::<Result<Vec<_>, _>>()?;
    groups.sort_by_key(|group| (std::cmp::Reverse(group.severity), group.phase));
    let sql = "SELECT reference, title FROM digest_members \
               WHERE digest_id = ?1 AND severity = ?2 AND phase = ?3 ORDER BY incident_id LIMIT ?4";
    let mut statement = conn.prepare_cached(sql)?;
    for group in &mut groups {
        let (severity, phase) = (group.severity.as_str(), group.phase.as_str());
        let values = params![digest_id, severity, phase, listed(group.severity)];
        let member = |row: &rusqlite::Row<'_>| Ok(Member { reference: row.get(0)?, title: row.get(1)? });
        group.members = statement.query_map(values, member)?.collect::<Result<_, _>>()?;
    }
    Ok(groups)
}

/// Keeps a digest from being shown before `due_ms`.
pub fn hold(conn: &Connection, digest_id: i64, due_ms: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO digests_held (digest_id, due_ms) VALUES (?1, ?2)";
    conn.prepare_cached(sql)?.execute([digest_id, due_ms])?;
    Ok(())
}

/// Whether the digest is not to be shown yet.
pub fn is_held(conn: &Connection, digest_id: i64) -> Result<bool, StoreError> {
    Ok(conn.prepare_cached("SELECT 1 FROM digests_held WHERE digest_id = ?1")?.exists([digest_id])?)
}

/// Lets the digests go whose time has come: their ids, and when it came.
pub fn release(conn: &Connection, now_ms: i64) -> Result<Vec<(i64, i64)>, StoreError> {
    let sql = "DELETE FROM digests_held WHERE due_ms <= ?1 RETURNING digest_id, due_ms";
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_map([now_ms], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
}

/// When the next digest may be shown; `None` if none is held.
pub fn next_due_ms(conn: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(conn.prepare_cached("SELECT min(due_ms) FROM digests_held")?.query_row([], |row| row.get(0))?)
}

/// What is known of how fast new incidents come on `route`.
pub fn storm(conn: &Connection, route: &str) -> Result<Option<String>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT data FROM storms WHERE route = ?1")?;
    Ok(statement.query_row([route], |row| row.get(0)).optional()?)
}

/// Keeps what is known of how fast new incidents come on `route`.
pub fn save_storm(conn: &Connection, route: &str, data: &str) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO storms (route, data) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET data = excluded.data";
    conn.prepare_cached(sql)?.execute([route, data])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        incidents, retention,
        tests::{in_memory, incident},
    };

    fn member(incident_id: i64, severity: Severity, phase: Phase) -> MemberRow {
        let member = Member { reference: format!("vg-{incident_id}"), title: "title".into() };
        MemberRow { incident_id, severity, phase, member }
    }

    #[test]
    fn members_are_counted_by_how_they_stand_now() {
        let conn = in_memory();
        let ids = ["vg-d", "vg-1", "vg-2", "vg-3"]
            .map(|reference| incidents::save(&conn, &incident(reference)).unwrap());
        for id in &ids[1..] {
            join(&conn, ids[0], &member(*id, Severity::Warning, Phase::Open)).unwrap();
        }
        assert_eq!(update(&conn, &member(ids[2], Severity::Critical, Phase::Open)).unwrap(), [ids[0]]);
        update(&conn, &member(ids[3], Severity::Warning, Phase::Ended)).unwrap();
        assert_eq!(update(&conn, &member(99, Severity::Warning, Phase::Ended)).unwrap(), [0; 0]);

        let groups = groups(&conn, ids[0], |severity| u32::from(severity == Severity::Critical)).unwrap();
        let shape: Vec<_> = groups
            .iter()
            .map(|group| (group.severity, group.phase, group.count, group.members.len()))
            .collect();
        assert_eq!(
            shape,
            [
                (Severity::Critical, Phase::Open, 1, 1),
                (Severity::Warning, Phase::Open, 1, 0),
                (Severity::Warning, Phase::Ended, 1, 0)
            ]
        );
    }

    #[test]
    fn a_held_digest_is_let_go_once_and_members_go_with_their_incident() {
        let conn = in_memory();
        let ids = ["vg-d", "vg-1"].map(|reference| incidents::save(&conn, &incident(reference)).unwrap());
        hold(&conn, ids[0], 500).unwrap();
        join(&conn, ids[0], &member(ids[1], Severity::Info, Phase::Said)).unwrap();
        assert_eq!((next_due_ms(&conn).unwrap(), release(&conn, 499).unwrap()), (Some(500), vec![]));
        assert_eq!(leave_held(&conn, ids[1]).unwrap(), [ids[0]]);
        assert_eq!(release(&conn, 500).unwrap(), [(ids[0], 500)]);
        assert_eq!((next_due_ms(&conn).unwrap(), release(&conn, 500).unwrap()), (None, vec![]));

        join(&conn, ids[0], &member(ids[1], Severity::Info, Phase::Said)).unwrap();
        assert_eq!(leave_held(&conn, ids[1]).unwrap(), [0; 0]);
        let keep = std::time::Duration::from_hours(1);
        retention::step(&conn, 7_200_000, keep).unwrap();
        let left: i64 = conn.query_row("SELECT count(*) FROM digest_members", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }
}
