//! Who did or tried what. Invariants: each attempt is one row, also one that was refused; a row is added before
//! another system is changed and ended when the outcome is known, so what a crash cut off can be found.

use rusqlite::{Connection, Row, params};

use super::StoreError;

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Another system is being asked; or was, when Vigie was killed.
    Begun,
    /// It was done.
    Done,
    /// It was so already, or is being done by somebody else.
    Unchanged,
    /// This person may not.
    Forbidden,
    /// It could not be done.
    Refused,
}

impl Outcome {
    /// Its name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::Forbidden => "forbidden",
            Self::Refused => "refused",
        }
    }
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Whose, by Discord's id of the user.
    pub user_id: u64,
    /// Their name then.
    pub user_name: String,
    /// What was tried.
    pub action: String,
    /// The incident's reference; empty if none was named.
    pub reference: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What else is to be known: until when, why not.
    pub detail: String,
}

/// An attempt whose outcome is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Its row.
    pub id: i64,
    /// Whose, by Discord's id of the user.
    pub user_id: u64,
    /// What was tried.
    pub action: String,
    /// The incident's reference.
    pub reference: String,
}

/// Adds an attempt. Answers with its row.
pub fn add(conn: &Connection, entry: &Entry) -> Result<i64, StoreError> {
    let sql = "INSERT INTO audit (at_ms, user_id, user_name, action, reference, outcome, detail) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let Entry { at_ms, user_id, user_name, action, reference, outcome, detail } = entry;
    let (user_id, outcome) = (user_id.cast_signed(), outcome.as_str());
    let values = params![at_ms, user_id, user_name, action, reference, outcome, detail];
    Ok(conn.prepare_cached(sql)?.insert(values)?)
}

/// Says what became of an attempt that was begun.
pub fn end(conn: &Connection, id: i64, outcome: Outcome, detail: &str) -> Result<(), StoreError> {
    let sql = "UPDATE audit SET outcome = ?2, detail = ?3 WHERE id = ?1";
    super::found(conn.prepare_cached(sql)?.execute(params![id, outcome.as_str(), detail])?, "audit", id)
}

/// Whether somebody began something with this incident at `since_ms` or later that has not ended.
pub fn is_under_way(conn: &Connection, reference: &str, since_ms: i64) -> Result<bool, StoreError> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM audit WHERE outcome = 'begun' AND reference = ?1 AND at_ms >= ?2)";
    Ok(conn.prepare_cached(sql)?.query_row(params![reference, since_ms], |row| row.get(0))?)
}

/// What was begun before `before_ms` and has not ended, oldest first.
pub fn begun_before(conn: &Connection, before_ms: i64) -> Result<Vec<Begun>, StoreError> {
    let sql = "SELECT id, user_id, action, reference FROM audit \
               WHERE outcome = 'begun' AND at_ms < ?1 ORDER BY id";
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_map([before_ms], begun)?.collect::<Result<_, _>>()?)
}

fn begun(row: &Row<'_>) -> rusqlite::Result<Begun> {
    Ok(Begun {
        id: row.get(0)?,
        user_id: row.get::<_, i64>(1)?.cast_unsigned(),
        action: row.get(2)?,
        reference: row.get(3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::in_memory;

    #[test]
    fn what_was_begun_is_found_until_it_ends() {
        let conn = in_memory();
        let entry = Entry {
            at_ms: 10,
            user_id: u64::MAX,
            user_name: "alice".into(),
            action: "silence".into(),
            reference: "vg-1".into(),
            outcome: Outcome::Begun,
            detail: String::new(),
        };
        let id = add(&conn, &entry).unwrap();
        assert!(is_under_way(&conn, "vg-1", 10).unwrap());
        assert!(!is_under_way(&conn, "vg-1", 11).unwrap() && !is_under_way(&conn, "vg-2", 0).unwrap());
        let begun = Begun { id, user_id: u64::MAX, action: "silence".into(), reference: "vg-1".into() };
        assert_eq!(begun_before(&conn, 11).unwrap(), [begun]);
        assert_eq!(begun_before(&conn, 10).unwrap(), []);

        end(&conn, id, Outcome::Done, "").unwrap();
        assert!(!is_under_way(&conn, "vg-1", 0).unwrap());
        assert!(end(&conn, id + 1, Outcome::Done, "").is_err());
    }
}
