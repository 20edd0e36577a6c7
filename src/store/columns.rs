//! How Vigie's words stand in columns: as the names that they have everywhere else. Invariant: a name that this
//! release does not know is an error, never taken for another.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

use super::outbox::{Place, State, Thread};
use crate::{
    event::{Severity, Source},
    subject::Phase,
};

impl FromSql for Source {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|error: String| FromSqlError::Other(error.into()))
    }
}

impl FromSql for Severity {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        named(value, [Self::Info, Self::Warning, Self::Critical], Self::as_str)
    }
}

impl FromSql for Phase {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        named(value, Self::ALL, Self::as_str)
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        named(value, Self::ALL, Self::as_str)
    }
}

impl FromSql for Place {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        named(value, Self::ALL, Self::as_str)
    }
}

impl FromSql for Thread {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        named(value, Self::ALL, Self::as_str)
    }
}

fn named<T, const N: usize>(
    value: ValueRef<'_>,
    known: [T; N],
    name: fn(T) -> &'static str,
) -> FromSqlResult<T>
where
    T: Copy,
{
    let found = value.as_str()?;
    known
        .into_iter()
        .find(|word| name(*word) == found)
        .ok_or_else(|| FromSqlError::Other(format!("unknown word '{found}' in the store").into()))
}
