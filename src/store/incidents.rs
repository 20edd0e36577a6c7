//! Incidents as the store keeps them. Invariants: a reference belongs to one incident for ever; a key may have had
//! several incidents, of which the newest counts.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::StoreError;
use crate::event::{PULSE, Severity, Source};

/// One incident. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentRow {
    /// Its id; 0 for one that is not stored yet.
    pub id: i64,
    /// Whose events it gathers.
    pub source: Source,
    /// What its events have in common.
    pub key: String,
    /// The short name that people and messages use; unique.
    pub reference: String,
    /// Whether it still goes on.
    pub open: bool,
    /// How much it matters.
    pub severity: Severity,
    /// When it began.
    pub opened_ms: i64,
    /// When its last event came; what is closed goes `keep` after that.
    pub updated_ms: i64,
    /// All that it is, as JSON.
    pub data: String,
}

/// The newest incident of this key.
pub fn find(conn: &Connection, source: Source, key: &str) -> Result<Option<IncidentRow>, StoreError> {
    let sql = "SELECT id, source, key, reference, open, severity, opened_ms, updated_ms, data FROM incidents \
               WHERE source = ?1 AND key = ?2 ORDER BY id DESC LIMIT 1";
    Ok(conn.prepare_cached(sql)?.query_row(params![source.as_str(), key], read).optional()?)
}

/// The incident of this reference.
pub fn find_by_reference(conn: &Connection, reference: &str) -> Result<Option<IncidentRow>, StoreError> {
    let sql = "SELECT id, source, key, reference, open, severity, opened_ms, updated_ms, data FROM incidents \
               WHERE reference = ?1";
    Ok(conn.prepare_cached(sql)?.query_row([reference], read).optional()?)
}

/// The open incidents whose alert was silenced from Discord.
pub fn silenced(conn: &Connection) -> Result<Vec<IncidentRow>, StoreError> {
    // No text within the JSON can hold this: its quotes would be escaped.
    let sql = "SELECT id, source, key, reference, open, severity, opened_ms, updated_ms, data FROM incidents \
               WHERE open = 1 AND instr(data, '\"silence\":{') > 0";
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// The newest incident of this key, whoever reported it first.
pub fn find_of_any_source(conn: &Connection, key: &str) -> Result<Option<IncidentRow>, StoreError> {
    let found: Result<Vec<_>, _> = Source::ALL.into_iter().map(|source| find(conn, source, key)).collect();
    Ok(found?.into_iter().flatten().max_by_key(|row| row.id))
}

/// The incident of this id.
pub fn get(conn: &Connection, id: i64) -> Result<Option<IncidentRow>, StoreError> {
    let sql = "SELECT id, source, key, reference, open, severity, opened_ms, updated_ms, data FROM incidents \
               WHERE id = ?1";
    Ok(conn.prepare_cached(sql)?.query_row([id], read).optional()?)
}

/// Every incident that goes on.
pub fn open(conn: &Connection) -> Result<Vec<IncidentRow>, StoreError> {
    let sql = "SELECT id, source, key, reference, open, severity, opened_ms, updated_ms, data FROM incidents \
               WHERE open = 1";
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// Stores `incident`: a new one (id 0) is added, another replaced. Answers with its id.
pub fn save(conn: &Connection, incident: &IncidentRow) -> Result<i64, StoreError> {
    let IncidentRow { id, source, key, reference, open, severity, opened_ms, updated_ms, data } = incident;
    let (source, severity) = (source.as_str(), severity.as_str());
    if *id == 0 {
        let sql = "INSERT INTO incidents (source, key, reference, open, severity, opened_ms, updated_ms, data) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let values = params![source, key, reference, open, severity, opened_ms, updated_ms, data];
        return Ok(conn.prepare_cached(sql)?.insert(values)?);
    }
    let sql = "UPDATE incidents SET source = ?1, key = ?2, reference = ?3, open = ?4, severity = ?5, opened_ms = ?6, \
               updated_ms = ?7, data = ?8 WHERE id = ?9";
    let values = params![source, key, reference, open, severity, opened_ms, updated_ms, data, id];
    super::found(conn.prepare_cached(sql)?.execute(values)?, "incidents", *id)?;
    Ok(*id)
}

/// Whether the message of the incident of this id is made anew once somebody deleted it: as long as it goes on, and
/// always if it is Vigie's sign of life.
pub fn is_kept_shown(conn: &Connection, id: i64) -> Result<bool, StoreError> {
    let sql = "SELECT open OR (source = ?2 AND substr(key, 1, length(?3) + 1) = ?3 || ' ') FROM incidents WHERE id = ?1";
    let mut statement = conn.prepare_cached(sql)?;
    let kept = statement.query_row(params![id, Source::Vigie.as_str(), PULSE], |row| row.get(0));
    Ok(kept.optional()?.unwrap_or(false))
}

/// How many incidents are open, by source and severity; pairs without any are left out.
pub fn open_counts(conn: &Connection) -> Result<Vec<(Source, Severity, i64)>, StoreError> {
    let sql = "SELECT source, severity, count(*) FROM incidents WHERE open = 1 GROUP BY source, severity";
    let mut statement = conn.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<IncidentRow> {
    Ok(IncidentRow {
        id: row.get(0)?,
        source: row.get(1)?,
        key: row.get(2)?,
        reference: row.get(3)?,
        open: row.get(4)?,
        severity: row.get(5)?,
        opened_ms: row.get(6)?,
        updated_ms: row.get(7)?,
        data: row.get(8)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{in_memory, incident};

    #[test]
    fn the_newest_incident_of_a_key_counts() {
        let conn = in_memory();
        let first = save(&conn, &incident("vg-1")).unwrap();
        let second = save(&conn, &incident("vg-2")).unwrap();
        let found = find(&conn, Source::Gitea, "key").unwrap().unwrap();
        assert_eq!(found, IncidentRow { id: second, ..incident("vg-2") });
        assert_eq!(find(&conn, Source::Gitea, "other").unwrap(), None);

        let changed = IncidentRow { id: first, open: true, data: "[]".into(), ..incident("vg-1") };
        assert_eq!(save(&conn, &changed).unwrap(), first);
        assert_eq!(open_counts(&conn).unwrap(), [(Source::Gitea, Severity::Info, 1)]);
        assert!(save(&conn, &incident("vg-2")).is_err(), "a reference was given twice");
    }
}
